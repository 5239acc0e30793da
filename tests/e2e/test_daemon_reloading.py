"""Files that change under a running daemon are loaded however they change, and what cannot be used changes nothing."""

import logging
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon_by_hand import MINUTE, daemon_by_hand
from daemon_desk import add_http
from daemon_process import RunningDaemon, running_daemon
from daemons import NINE
from receiver import Receiver
from shops import write_config

MANY = 60
RULE = "team: checkout\nmetrics:\n  card: {{source: shop, table: payments, time: paid_at, lateness: {minutes}m}}\n"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """A daemon, and the folder of its rules."""

    running: RunningDaemon
    rules: Path

    @property
    def config(self) -> Path:
        return self.rules.parent / "detector.yml"


def lay_out(folder: Path, platform: str = "json://127.0.0.1:9/", many: int = 1) -> Path:
    """Rules as they come: files of a person, of an editor, of a ConfigMap and of a checkout."""
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE payments (paid_at text)")
    shop.close()
    urls = {"source": f"sqlite:///{folder / 'shop.db'}", "store": f"sqlite:///{folder / 'store.db'}"}
    rule = RULE.format(minutes=5)
    config = write_config(folder / "config", **urls, checkout="json://127.0.0.1:9/", platform=platform, rules=rule)
    rules = config.parent / "rules"
    for name in ("edited.yml", "renamed.yml"):
        (rules / name).write_text(rule)
    _generation(rules / "mounted", "..one", 5)
    (rules / "mounted" / "shop.yml").symlink_to("..data/shop.yml")
    _checkout(rules / "cloned", 5, many)
    return add_http(config)


def _generation(volume: Path, name: str, minutes: int) -> None:
    """What the kubelet writes when a ConfigMap has changed: a new folder, and a link that is swapped to it."""
    (volume / name).mkdir(parents=True)
    (volume / name / "shop.yml").write_text(RULE.format(minutes=minutes))
    (volume / "..data_tmp").symlink_to(name)
    (volume / "..data_tmp").replace(volume / "..data")


def _checkout(folder: Path, minutes: int, many: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(many):
        (folder / f"rule{number}.yml").unlink(missing_ok=True)  # as git does
        (folder / f"rule{number}.yml").write_text(RULE.format(minutes=minutes))


def _edit(rules: Path) -> None:
    (rules / "edited.yml").write_text(RULE.format(minutes=6))


def _rename(rules: Path) -> None:
    (rules / ".renamed.swp").write_text(RULE.format(minutes=6))
    (rules / ".renamed.swp").replace(rules / "renamed.yml")


def _swap_link(rules: Path) -> None:
    _generation(rules / "mounted", "..two", 6)


def _check_out(rules: Path) -> None:
    _checkout(rules / "cloned", 6, MANY)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    config = lay_out(tmp_path_factory.mktemp("reloading"), many=MANY)
    with running_daemon(config) as running:
        running.wait_for("tick")
        yield Watched(running, config.parent / "rules")


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        pytest.param(_edit, ["edited/card"], id="edited in place"),
        pytest.param(_rename, ["renamed/card"], id="renamed over"),
        pytest.param(_swap_link, ["mounted/shop/card"], id="link swapped"),
        pytest.param(_check_out, [f"cloned/rule{number}/card" for number in range(MANY)], id="checked out"),
    ],
)
def test_changed_files_are_loaded(watched: Watched, change: Callable[[Path], None], rules: list[str]) -> None:
    """What has changed holds within seconds, and each rule that did has a line that says which of its keys."""
    before, begun_s = len(watched.running.log), time.monotonic()
    change(watched.rules)
    last = max(watched.running.wait_for("rule changed", before, metric=rule)["heard_s"] for rule in rules)
    done = watched.running.wait_for("reloaded", before)
    _LOG.info("loaded after %.2f s", last - begun_s)
    told = {line["metric"]: line["keys"] for line in watched.running.log[before:] if line["event"] == "rule changed"}
    assert told == {rule: ["lateness_s"] for rule in rules}
    assert done["metrics"] == MANY + 4


def test_sighup_loads_at_once(watched: Watched) -> None:
    """A file that was added is watched, one that was removed no more; both are told."""
    before = len(watched.running.log)
    (watched.rules / "added.yml").write_text(RULE.format(minutes=5))
    watched.running.send(signal.SIGHUP)
    watched.running.wait_for("rule added", before, metric="added/card")
    watched.running.wait_for("reloaded", before)
    assert "added/card" in _watched_metrics(watched.running)
    before = len(watched.running.log)
    (watched.rules / "added.yml").unlink()
    watched.running.send(signal.SIGHUP)
    watched.running.wait_for("rule removed", before, metric="added/card")
    watched.running.wait_for("reloaded", before)
    assert "added/card" not in _watched_metrics(watched.running)


def _watched_metrics(running: RunningDaemon) -> list[str]:
    return [one["metric"] for one in running.caller.get("/api/v1/metrics").json["metrics"]]


@pytest.mark.parametrize("name", ["detector.yml", "rules/checkout.yml"])
def test_bad_file_changes_nothing(watched: Watched, name: str) -> None:
    """It is said where the mistake is, in log and figures, and what was loaded goes on; then it is well again."""
    file = watched.config.parent / name
    good, before = file.read_text(), watched.running.caller.figures()
    metrics, lines, begun_s = _watched_metrics(watched.running), len(watched.running.log), time.monotonic()
    file.write_text(f"{good}  wrong: [\n")
    refused = watched.running.wait_for("the files cannot be used; nothing has changed", lines)
    _LOG.info("refused after %.2f s", refused["heard_s"] - begun_s)
    mistake = watched.running.wait_for("a mistake", lines)
    assert f"{name}:" in mistake["place"]
    after = watched.running.caller.figures()
    refusals = 'detector_reloads_total{result="refused"}'
    assert (after[refusals] - before[refusals], after["detector_rules_faults"]) == (1, refused["mistakes"])
    assert _watched_metrics(watched.running) == metrics
    assert watched.running.caller.get("/healthz").status == 200

    lines = len(watched.running.log)
    file.write_text(good)
    assert watched.running.wait_for("reloaded", lines)["changes"] == 0
    assert watched.running.caller.figures()["detector_rules_faults"] == 0


def test_what_holds_later_is_told(watched: Watched) -> None:
    """An address that has changed is not taken over, and the log says when it will be."""
    good, lines = watched.config.read_text(), len(watched.running.log)
    watched.config.write_text(good.replace("127.0.0.1:0", "127.0.0.1:1"))
    told = watched.running.wait_for("a change holds from the next start only", lines)
    assert told["key"] == "http.listen"
    assert watched.running.caller.get("/healthz").status == 200
    lines = len(watched.running.log)
    watched.config.write_text(good)
    watched.running.wait_for("reloaded", lines)


def test_admins_hear_of_a_bad_file_once_and_when_it_is_good_again(tmp_path: Path) -> None:
    """With the next tick, and not again for the same mistake on the same day."""
    with Receiver() as platform:
        config = lay_out(tmp_path, platform.apprise_url)
        file = config.parent / "rules" / "checkout.yml"
        good = file.read_text()
        bad = f"{good}  wrong: [\n"
        with daemon_by_hand(config, NINE) as hand:
            for text in (bad, bad, good):
                file.write_text(text)
                hand.daemon.reload()
                hand.go_on_until(hand.clock.now() + MINUTE)
        told = [f"{got.json['title']}\n{got.json['message']}" for got in platform.received]
    assert [text.splitlines()[0] for text in told] == ["Rules do not load: 1 mistake", "Rules load again"]
    assert "rules/checkout.yml:5: not YAML" in told[0]


def test_a_bad_rule_at_the_start_leaves_the_others_watched(tmp_path: Path) -> None:
    """The daemon starts, watches what it can, and the admins hear of the rest with the first tick."""
    with Receiver() as platform:
        config = lay_out(tmp_path, platform.apprise_url)
        (config.parent / "rules" / "checkout.yml").write_text("team: nobody\n")
        with running_daemon(config) as running:
            running.wait_for("rules with mistakes are left out")
            platform.wait_for(1, within_s=60)
            assert len(_watched_metrics(running)) == 4
            assert running.end()[0] == os.EX_OK
    assert platform.received[0].json["title"].startswith("Rules do not load: ")
