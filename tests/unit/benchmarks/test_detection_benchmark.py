"""The benchmark of detection: its series are what they claim to be, and it counts as its page says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection.cases import Planted, Source, cases_of, read_truth, write_cases
from benchmarks.detection.faults import FAULTS, places
from benchmarks.detection.grading import Found, episodes, found, grade, threshold
from benchmarks.detection.series_files import (
    WARM_UP_H,
    Answer,
    Bools,
    Floats,
    Series,
    read_answer,
    read_folder,
    write_answer,
    write_folder,
)
from benchmarks.detection.simulate import Drawn, simulated
from benchmarks.detection.table import put
from benchmarks.detection.yardstick import ask_yardstick

TWO_MONTHS_H = 1461


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    return list(simulated(7, short=True))


def test_simulated_twice_is_the_same(drawn: list[Drawn]) -> None:
    """One seed gives the same series each time, another seed others."""
    again, other = list(simulated(7, short=True)), list(simulated(8, short=True))
    assert all(np.array_equal(one.series.values, two.series.values) for one, two in zip(drawn, again, strict=True))
    assert not any(np.array_equal(one.series.values, two.series.values) for one, two in zip(drawn, other, strict=True))


def test_simulated_values_fit_their_truth(drawn: list[Drawn]) -> None:
    """Counts lie around their means with the variance that is claimed; where nothing is expected nothing is sold."""
    for one in drawn:
        if one.series.kind == "count":
            busy = one.mean > 5
            z = (one.series.values[busy] - one.mean[busy]) / np.sqrt(one.variance[busy])
            assert abs(z.mean()) < 4 / np.sqrt(z.size)
            assert abs(z.var() - 1) < 0.2
        assert np.all(one.series.values[one.mean == 0] == 0)
        assert one.orders.sum() == pytest.approx(one.mean_orders.sum(), rel=0.02)


def test_broken_copies_differ_where_the_truth_says(drawn: list[Drawn]) -> None:
    """A copy differs from its series in the hours of its faults alone, and full outages leave nothing."""
    one = next(one for one in drawn if one.series.name == "world_300_count")
    copies, planted = cases_of(3, Source(one.series, one.orders))
    assert {fault.fault for fault in planted} <= set(FAULTS)
    for copy in copies:
        inside = np.zeros(copy.values.size, dtype=bool)
        for fault in (fault for fault in planted if fault.copy == copy.name):
            hours = slice(fault.at, fault.at + len(FAULTS[fault.fault].kept))
            inside[hours] = True
            assert places(one.series).busy[fault.at] or fault.fault == "sparse"
            if fault.fault == "outage":
                assert np.all(copy.values[hours] == 0)
            if fault.fault == "double":
                assert np.array_equal(copy.values[hours], 2 * one.series.values[hours])
        assert np.array_equal(copy.values[~inside], one.series.values[~inside])


def test_cases_do_not_depend_on_each_other(drawn: list[Drawn], tmp_path: Path) -> None:
    """A series is broken alike whatever else is asked, and comes back from its files as it was written."""
    sources = [Source(one.series, one.orders) for one in drawn[-2:]]
    write_cases(tmp_path / "both", 3, sources)
    write_cases(tmp_path / "one", 3, sources[1:], ("drop",))
    both = {one.name: one for one in read_folder(tmp_path / "both" / "input")}
    for alone in read_folder(tmp_path / "one" / "input"):
        assert np.array_equal(alone.values, both[alone.name].values)
        assert alone.start_h == sources[1].series.start_h
    assert set(read_truth(tmp_path / "one")) < set(read_truth(tmp_path / "both"))


def test_missing_rows_stay_missing(tmp_path: Path) -> None:
    """A series with gaps comes back with the same gaps."""
    series = Series("shop", "count", 480_000, np.array([1.0, np.nan, 3.0, 4.0, np.nan, np.nan, 7.0]))
    write_folder(tmp_path, [series])
    (back,) = read_folder(tmp_path)
    assert np.array_equal(back.values, series.values, equal_nan=True)


@pytest.mark.parametrize(
    ("hours", "count"),
    [([], 0), ([5], 1), ([5, 6, 7], 1), ([5, 17], 1), ([5, 18], 2), (range(30), 2), (range(49), 3), ([0, 12, 24], 2)],
)
def test_episodes(hours: list[int], count: int) -> None:
    """A gap of more than twelve hours calls again, and so do 24 hours of standing alarm."""
    alarms = np.zeros(60, dtype=bool)
    alarms[list(hours)] = True
    assert episodes(alarms) == count


def test_threshold_allows_one_false_alarm_a_month() -> None:
    """Of five lonely hours in two months of one series the two highest may call, in those of three series all."""
    quiet = np.zeros(TWO_MONTHS_H)
    loud = with_peaks(quiet, {100: 9.0, 200: 8.0, 300: 7.0, 400: 6.0, 500: 5.0})
    assert threshold([loud]) == 7.0
    assert threshold([loud, quiet]) == 5.0
    assert threshold([loud, quiet, quiet]) == 0.0


def test_found_in_time() -> None:
    """In time is within the hours of the kind; later ones count for the delay, alarms before and after do not."""
    outage = Planted("copy", "series", "outage", 10)
    assert found(outage, alarms_at(9, 12, 13)) == Found("outage", in_time=True, after_h=2)
    assert found(outage, alarms_at(13)) == Found("outage", in_time=False, after_h=3)
    assert found(outage, alarms_at(9, 16)) == Found("outage", in_time=False, after_h=None)
    assert found(replace(outage, fault="leak"), alarms_at(18)) == Found("leak", in_time=True, after_h=8)


def test_grade_by_hand(tmp_path: Path) -> None:
    """Recall, false alarms, delay and range of two series with one fault each, worked out by hand."""
    quiet = np.zeros(WARM_UP_H + TWO_MONTHS_H)
    peaks = {100: 99.0, **{WARM_UP_H + 100 * place: 10.0 - place for place in range(1, 6)}}  # the first is warm-up
    at = WARM_UP_H + 800
    write(tmp_path, "a-clean-drop", with_peaks(quiet, peaks), anomalous=8.5)
    write(tmp_path, "b-clean-drop", quiet, anomalous=8.5, outside=50)
    write(tmp_path, "a-broken1", with_peaks(quiet, {at + 2: 6.0}), anomalous=8.5)
    write(tmp_path, "b-broken1", with_peaks(quiet, {at + 3: 1.0}), anomalous=0.5)
    graded = grade(
        tmp_path, ["a", "b"], [Planted("a-broken1", "a", "outage", at), Planted("b-broken1", "b", "half", at)]
    )
    assert graded.shared.recall == {"outage": 1.0, "half": 0.0}  # at 5, which four calls in four months exceed
    assert graded.shared.headline == 0.5
    assert graded.shared.delay_h == {"outage": 2.0}
    assert graded.shared.false_alarms == pytest.approx(1.0)
    assert graded.single.recall == {"outage": 0.0, "half": 0.0}  # at 7 and 0; that of b comes after three hours
    assert graded.single.delay_h == {"half": 3.0}
    assert graded.own.recall == {"outage": 0.0, "half": 0.0}
    assert graded.own.false_alarms == pytest.approx(0.25)  # one, in two months of two series
    assert graded.worst == pytest.approx(0.5)
    assert graded.inside == pytest.approx(1 - 50 / (2 * TWO_MONTHS_H))


def test_yardstick_finds_what_is_plain(drawn: list[Drawn], tmp_path: Path) -> None:
    """Who knows the truth finds full outages of busy shops in their first hour, and calls about once a month."""
    one = next(one for one in drawn if one.series.name == "evenings_300_revenue")
    write_cases(tmp_path, 3, [Source(one.series, one.orders)])
    ask_yardstick(tmp_path / "input", tmp_path / "answers", {one.series.name: one})
    graded = grade(tmp_path / "answers", [one.series.name], read_truth(tmp_path))
    assert graded.shared.recall["outage"] == 1.0
    assert graded.shared.delay_h["outage"] == 0.0
    assert graded.worst < 4


def test_put_replaces_its_block_alone(tmp_path: Path) -> None:
    """A table takes the place of the old one between its marks; a page without them is refused."""
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- speed: written by the benchmark -->\nold\n<!-- end of speed -->\nb\n", encoding="utf-8")
    put(page, "speed", "new")
    put(page, "speed", r"newer \1")
    text = "a\n<!-- speed: written by the benchmark -->\n\nnewer \\1\n\n<!-- end of speed -->\nb\n"
    assert page.read_text(encoding="utf-8") == text
    with pytest.raises(SystemExit, match="has no lines"):
        put(page, "other", "new")


def with_peaks(scores: Floats, peaks: dict[int, float]) -> Floats:
    peaked = scores.copy()
    peaked[list(peaks)] = list(peaks.values())
    return peaked


def alarms_at(*hours: int) -> Bools:
    alarms = np.zeros(40, dtype=bool)
    alarms[list(hours)] = True
    return alarms


def write(folder: Path, name: str, score: Floats, *, anomalous: float, outside: int = 0) -> None:
    """An answer as a scorer writes it: values of 1 in a range of 0 to 2, or above it in some of the judged hours."""
    series = Series(name, "count", 480_000, np.ones(score.size))
    high = np.full(score.size, 2.0)
    high[WARM_UP_H : WARM_UP_H + outside] = 0.5
    one = np.ones(score.size)
    write_answer(folder / f"{name}.csv", series, Answer(one, 0 * one, high, score, score > anomalous))
    values, back = read_answer(folder / f"{name}.csv")
    assert np.array_equal(values, series.values)
    assert np.array_equal(back.score, score)
