"""A metric that bills on some days of the month, from its first history to the first of a later month."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from builders import a_metric
from detector.model.metric import Direction, Kind, ShortForm
from detector.model.panel import Panel
from detector.model.state import DaysOfMonth, Seasons
from detector.model.verdict import Outcome, OutcomeKind
from detector.pipeline import refit as refitting
from detector.stats import months
from detector.stats.months import factors_on
from detector.stats.months_remembered import with_month
from worlds import Sales, Scene, a_scene, rhythm

QUERY = ShortForm("payments", "paid_at", "sum(amount)")
METRIC = a_metric(timezone="UTC", query=QUERY)
BOTH = replace(METRIC, alert=replace(METRIC.alert, on=Direction.BOTH))
FACTORS = {1: 2.5, 15: 1.8}
DECEMBER = [(datetime(2025, 12, day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days for day in range(1, 32)]


def on(month: int, day: int, hour: int = 12, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, 6, tzinfo=UTC)


def billing(at: datetime) -> float:
    return rhythm(at) * FACTORS.get(at.day, 1.0)


@contextmanager
def a_biller(folder: Path, sales: Sales = billing) -> Iterator[Scene]:
    """First seen in the middle of July, with ten weeks of history, and looked at twice since."""
    with a_scene(folder, BOTH, sales={BOTH.name: sales}) as scene:
        for at in (on(7, 14, year=2025), on(9, 14, year=2025), on(11, 14, year=2025)):
            assert scene.tick(at).is_clean
        yield scene


def seasons(scene: Scene) -> Seasons:
    found = scene.world.store.metric_states()[BOTH.name].seasons
    assert found is not None
    return found


def month(scene: Scene) -> DaysOfMonth:
    found = seasons(scene).month
    assert found is not None
    return found


def outcomes_of(scene: Scene, day: datetime) -> list[Outcome]:
    """Those of the busy hours of a day, up to noon."""
    found = scene.world.store.outcomes(BOTH.name, day.replace(hour=8, minute=0))
    return [one for one in found if one.span.end_at <= day]


def test_the_first_of_the_month_is_expected_after_months(tmp_path: Path) -> None:
    """History that lies further back than ten weeks tells of the 1st and the 15th, and the 1st is no alarm."""
    with a_biller(tmp_path) as scene:
        factors = factors_on(np.array(DECEMBER), month(scene))
        assert factors[0] / np.median(factors) == pytest.approx(2.5, rel=0.05)
        assert factors[14] / np.median(factors) == pytest.approx(1.8, rel=0.05)
        scene.tick(on(12, 1, year=2025))
        came = outcomes_of(scene, on(12, 1, year=2025))
        assert {one.kind for one in came} == {OutcomeKind.NORMAL}
        for one in came:
            assert one.expected == pytest.approx(one.value, rel=0.2)
            assert one.low is not None
            assert one.low > 1300.0  # a plain hour would be a drop


def test_without_the_memory_the_first_of_the_month_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ten weeks say of a 1st is that it is like any other day."""

    def forgetting(days: Panel, today: int, found: Seasons) -> Seasons:
        del days
        return replace(found, month=DaysOfMonth(today))

    monkeypatch.setattr(refitting, "with_month", forgetting)
    with a_biller(tmp_path) as scene:
        scene.tick(on(12, 1, year=2025))
        assert OutcomeKind.ANOMALOUS in {one.kind for one in outcomes_of(scene, on(12, 1, year=2025))}


def test_a_lost_first_of_the_month_is_a_drop(tmp_path: Path) -> None:
    """An invoice run that did not happen leaves a day like any other, and is told."""

    def forgotten(at: datetime) -> float:
        return rhythm(at) if (at.year, at.month, at.day) == (2025, 12, 1) else billing(at)

    with a_biller(tmp_path, forgotten) as scene:
        report = scene.tick(on(12, 1, year=2025))
        (incident,) = report.incidents
        assert incident.metrics[0].is_drop
        assert incident.metrics[0].expected == pytest.approx(2.5 * incident.metrics[0].value, rel=0.2)


def test_days_of_the_month_are_found_anew_once_a_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first refit that there is in a month, from the days before its midnight alone; the others keep them."""
    asked: list[tuple[int, int]] = []

    def counting(days: Panel, today: int, found: Seasons) -> Seasons:
        asked.append((today, int(days.grid.local_day[-1])))
        return with_month(days, today, found)

    monkeypatch.setattr(refitting, "with_month", counting)
    with a_biller(tmp_path) as scene:
        assert len(asked) == 3
        asked.clear()
        found = month(scene)
        for day in (14, 15, 16, 30):
            scene.tick(on(11, day, 23, year=2025))
        assert (asked, month(scene)) == ([], found)
        scene.tick(on(12, 2, year=2025))  # its first bucket is of the 1st
        scene.tick(on(12, 3, year=2025))
        first = DECEMBER[0]
        assert asked == [(first, first - 1)]
        assert month(scene).found_on == first


def test_a_store_of_an_older_detector_is_asked_at_the_next_midnight(tmp_path: Path) -> None:
    """Nothing is known of its days of the month; what it has kept of its history is enough or not."""
    with a_biller(tmp_path) as scene:
        store = scene.world.store
        state = store.metric_states()[BOTH.name]
        with store.exclusive():
            store.save_history(replace(state, seasons=replace(seasons(scene), month=None)), [])
        scene.tick(on(11, 16, year=2025))
        assert month(scene).is_season


def test_a_changed_query_forgets_days_of_the_month(tmp_path: Path) -> None:
    """What another table held on the 1st says nothing of this one, and ten weeks of it too little."""
    with a_biller(tmp_path) as scene:
        changed = replace(BOTH, query=replace(QUERY, table="charges"))
        scene.book = replace(scene.book, metrics={BOTH.name: changed})
        scene.tick(on(11, 16, year=2025))
        assert not month(scene).is_season


def test_shares_have_no_days_of_the_month(tmp_path: Path) -> None:
    """What does not add up is asked for nothing."""
    gauge = replace(BOTH, kind=Kind.GAUGE)
    with a_scene(tmp_path, gauge, sales={gauge.name: billing}) as scene:
        scene.tick(on(7, 14, year=2025))
        assert seasons(scene).month is None


def _half(at: datetime) -> float:
    return 0.5 * billing(at)


def _all(at: datetime) -> float:
    return 1.5 * billing(at) + rhythm(at)


@pytest.mark.parametrize("is_alike", [True, False])
def test_members_have_days_of_the_month_from_their_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_alike: bool
) -> None:
    """On the 1st each member is expected to bill as far as it does by itself; not so if all are taken to be alike."""
    if is_alike:
        monkeypatch.setattr(months, "_STRENGTH", 1e-9)
    each = replace(BOTH, query=replace(QUERY, each="plan"))
    with a_scene(tmp_path, each, sales={each.name: _all}) as scene:
        scene.source.members[each.name] = {"monthly": billing, "yearly": _half, "by the hour": rhythm}
        for at in (on(7, 14, year=2025), on(9, 14, year=2025), on(11, 14, year=2025)):
            assert scene.tick(at).is_clean
        report = scene.tick(on(12, 1, year=2025))
        assert month(scene).is_season
        hit = {part.member.name for one in report.incidents for part in one.metrics if part.member is not None}
        assert hit == ({"by the hour", "monthly", "yearly"} if is_alike else set())
