"""detector suspects: cases in, answers out, without a configuration."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases import a_case, lay_case
from command import Answer, detector


def suspects(source: Path, out: Path, **environ: str) -> Answer:
    return detector("suspects", str(source), "--out", str(out), environ=environ)


def answer(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_case_of_the_reference_is_answered(tmp_path: Path) -> None:
    """The deploy minutes before the empty hour is named; every deploy has its probability, and they sum to 1."""
    done = suspects(lay_case(tmp_path / "in.json", a_case()), tmp_path / "out.json")
    assert (done.code, done.out, done.err) == (0, "", "")
    got = answer(tmp_path / "out.json")
    assert list(got) == ["onset", "answer", "suspects", "no_deploy", "rejected"]
    assert "2026-03-10T07:45:00Z" < got["onset"]["earliest"] <= got["onset"]["likely"] <= got["onset"]["latest"]
    assert got["answer"] == "named"
    assert got["suspects"][0]["id"] == "d-412"
    assert sorted(one["id"] for one in got["suspects"]) == ["d-396", "d-397", "d-398", "d-412"]
    assert sum(one["probability"] for one in got["suspects"]) + got["no_deploy"] == pytest.approx(1.0, abs=1e-12)
    assert "live 8 min before the first empty hour" in got["suspects"][0]["grounds"]
    assert {one["id"] for one in got["rejected"]} == {"d-398"}
    assert "after the drop began" in got["rejected"][0]["why"]


def test_order_of_lists_and_machine_change_nothing(tmp_path: Path) -> None:
    """Shuffled lists and objects, another zone, locale and hash seed: the same bytes."""
    case = a_case()
    suspects(lay_case(tmp_path / "in.json", case), tmp_path / "out.json")
    rng = np.random.default_rng(4)
    for key in ("series", "deploys", "segments"):
        case[key] = [case[key][i] for i in rng.permutation(len(case[key]))]
    turned = {key: case[key] for key in reversed(case)}
    turned["services"] = dict(reversed(turned["services"].items()))
    elsewhere = {"TZ": "Pacific/Auckland", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "7"}
    suspects(lay_case(tmp_path / "turned.json", turned), tmp_path / "again.json", **elsewhere)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "out.json").read_bytes()


def test_folder_is_answered_case_by_case(tmp_path: Path) -> None:
    """What is wrong in one case is told, spoils no other, and ends the command with 1."""
    folder = tmp_path / "in"
    folder.mkdir()
    lay_case(folder / "a.json", a_case())
    lay_case(folder / "b.json", a_case(deploys=[]))
    (folder / "c.json").write_text('{"as_of": \n oh}', encoding="utf-8")
    (folder / "notes.txt").write_text("no case", encoding="utf-8")
    done = suspects(folder, tmp_path / "out")
    assert done.code == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.json", "b.json"]
    assert done.err.splitlines() == [
        f"{folder}/c.json:2:2: 'oh}}' is no JSON here: Expecting value; mend it",
        "1 of 3 cases could not be judged",
    ]
    assert answer(tmp_path / "out" / "b.json")["no_deploy"] == 1.0


def test_a_rise_is_answered_like_a_drop(tmp_path: Path) -> None:
    """Of a metric watched on both sides the one that strays is taken."""
    case = a_case()
    case["metric"]["on"] = "both"
    case["series"][-1]["value"] = 9000.0
    suspects(lay_case(tmp_path / "in.json", case), tmp_path / "out.json")
    got = answer(tmp_path / "out.json")
    assert got["suspects"][0]["id"] == "d-412"
    assert "before the rise began" in " ".join(got["suspects"][0]["grounds"])


def test_only_an_empty_hour_is_called_one(tmp_path: Path) -> None:
    """Where the beginning lies in rows of five minutes, the time is told to the beginning."""
    case = a_case()
    last = case["series"].pop()
    start = datetime.fromisoformat(last["start"])
    share = {key: last[key] / 12 for key in ("expected", "low", "high")}
    case["series"] += [
        {"start": (start + timedelta(minutes=5 * k)).isoformat(), "bucket": "5m", "value": 0.0, **share}
        for k in range(12)
    ]
    suspects(lay_case(tmp_path / "in.json", case), tmp_path / "out.json")
    grounds = answer(tmp_path / "out.json")["suspects"][0]["grounds"]
    assert any("before the drop began" in ground for ground in grounds)
    assert not any("hour" in ground for ground in grounds)


def changed(path: str, value: Any) -> dict[str, Any]:
    case: Any = a_case()
    here = case
    *keys, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in keys:
        here = here[key]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return dict(case)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("as_of", "soon", "as_of: 'soon' is no time; write it as 2026-03-10T09:06 or 2026-03-10T09:06+01:00"),
        ("as_of", ..., "as_of: is missing; write it"),
        ("metric.kind", "sales", "metric.kind: 'sales' is not one of revenue, count, ratio, gauge"),
        ("metric.bucket", "7m", "metric.bucket: '7m' is no bucket length: take one of"),
        ("metric.services", "checkout-api", "metric.services: 'checkout-api' is no list; write it in [ ]"),
        ("services.search", [], "services.search: a list is no object; write it in { }"),
        ("series.3.value", "much", "series[3].value: 'much' is no number; write digits and a decimal point only"),
        ("series.3.value", 1e300, "series[3].value: 1e+300 is beyond what is reckoned with; write at most 1e+100"),
        ("series.3.low", 9000.0, "series[3].expected: 4000 lies outside low 9000 to high 4700"),
        ("series.3.start", "2026-03-09T04:30:00Z", "lies inside another row's bucket; leave one of them out"),
        ("series", [], "series: holds no value of a bucket that was over at as_of"),
        ("segments.0.by", {}, 'segments[0].by: is empty; write the dimension and its value, such as {"country": "DE"}'),
        ("deploys.1.status", "sucess", "deploys[1].status: 'sucess' is not one of success, failure"),
        ("deploys.1.id", 7, "deploys[1].id: 7 is no text; write it in quotes"),
        ("deploys.1.id", "", "deploys[1].id: '' is empty; write something"),
        ("deploys.1.version", ..., "deploys[1].version: is missing; write it"),
        (
            "deploys.1.version",
            "v" * 300,
            "deploys[1].version: has 300 characters; at most 200 are kept; write it shorter",
        ),
        ("deploys.1.finished_at", "2026-03-10T08:00:00Z", "lies before started_at; write the later time"),
        (
            "deploys.1.scope",
            {"percent": 400},
            "deploys[1].scope.percent: 400 is no percentage; write a number from 0 to",
        ),
        ("record.checkout-api.guilty", 500, 'record."checkout-api".guilty: 500 is more than the 120 deploys'),
    ],
)
def test_mistake_is_told_with_its_path(tmp_path: Path, path: str, value: Any, told: str) -> None:
    """Exit code 2, and one line with the file, the JSON path, what stands there and what to write."""
    done = suspects(lay_case(tmp_path / "in.json", changed(path, value)), tmp_path / "out.json")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith(f"{tmp_path}/in.json: ")
    assert told in done.err
    assert not (tmp_path / "out.json").exists()


def test_deploy_without_a_time_is_a_mistake(tmp_path: Path) -> None:
    """A deploy must say when it began or when it was live."""
    case = a_case()
    del case["deploys"][0]["started_at"], case["deploys"][0]["finished_at"]
    done = suspects(lay_case(tmp_path / "in.json", case), tmp_path / "out.json")
    assert done.code == 2
    assert "deploys[0]: has neither started_at nor finished_at; write when it happened" in done.err


def test_places_that_cannot_be_are_told(tmp_path: Path) -> None:
    """No input, no case in a folder, an output that is the input or a folder: exit code 2 and one line."""
    case = lay_case(tmp_path / "in.json", a_case())
    (tmp_path / "empty").mkdir()
    for source, out, told in (
        (tmp_path / "gone.json", tmp_path / "x.json", "gone.json: cannot be read: No such file or directory"),
        (tmp_path / "empty", tmp_path / "x", "empty: holds no case; put NAME.json files there"),
        (case, case, "is INPUT itself; name another file"),
        (case, tmp_path / "empty", "is a folder, and INPUT is a file; name a file to write"),
        (tmp_path, case, "no folder can be made there"),
    ):
        done = suspects(source, out)
        assert done.code == 2
        assert len(done.err.splitlines()) == 1
        assert told in done.err
