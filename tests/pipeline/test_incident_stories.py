"""Incidents of several metrics, of rules that change, and of ticks out of order, told from tick to tick."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from builders import HOUR, a_deploy, a_metric
from detector.alerting.incidents import close
from detector.errors import QueryRejected, StoreError
from detector.model.incident import IncidentState
from detector.model.metric import AlertPolicy, Kind, Witness
from detector.model.notification import Reason
from detector.model.verdict import OutcomeKind
from worlds import Sales, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")
ORDERS = a_metric("checkout/orders", title="Orders", kind=Kind.COUNT, unit="", timezone="UTC")


def without(*spans: tuple[datetime, datetime], left: float = 0.0) -> Sales:
    """The usual rhythm, but for stretches in which only a share is left."""
    return lambda at: rhythm(at) * (left if any(start <= at < end for start, end in spans) else 1.0)


def due(day: int, hour: int) -> datetime:
    """Six minutes past: the hour before has closed."""
    return utc(day, hour, 6)


def test_a_relapse_leaves_the_end_in_another_incident_alone(tmp_path: Path) -> None:
    """Revenue is back while orders are not, then breaks again: each run ends where it ended, and none reopens."""
    sales = {
        REVENUE.name: without((utc(10, 9), utc(10, 11)), (utc(10, 13), utc(10, 15))),
        ORDERS.name: without((utc(10, 9), utc(10, 17))),
    }
    with a_scene(tmp_path, REVENUE, ORDERS, sales=sales) as scene:
        scene.ticks(due(10, 9), 14)
        ends = {
            (incident.number, part.metric): part.ended_at
            for incident in scene.world.store.incidents(only_live=False)
            for part in incident.metrics
        }
        assert ends == {
            (1, REVENUE.name): utc(10, 11),
            (1, ORDERS.name): utc(10, 17),
            (2, REVENUE.name): utc(10, 15),
        }
        assert len([reason for _, reason in scene.post.told if reason == "resolved"]) == 2


def test_a_rule_that_is_removed_does_not_hold_its_incident_open(tmp_path: Path) -> None:
    """Revenue is no longer watched; the incident ends when orders are back."""
    sales = dict.fromkeys((REVENUE.name, ORDERS.name), without((utc(10, 9), utc(10, 12))))
    with a_scene(tmp_path, REVENUE, ORDERS, sales=sales) as scene:
        scene.tick(due(10, 10))
        scene.book = replace(scene.book, metrics={ORDERS.name: ORDERS})
        scene.ticks(due(10, 11), 4)
        assert scene.post.told == [("checkout", "opened"), ("checkout", "resolved")]


def test_the_next_metric_in_the_title_is_not_worse_than_the_last_one(tmp_path: Path) -> None:
    """Orders (50 an hour) end first; revenue (1,000 an hour) goes on as it was, which is no news."""
    few = without((utc(10, 9), utc(10, 11)))
    sales = {
        REVENUE.name: without((utc(10, 9), utc(10, 13)), left=0.3),
        ORDERS.name: lambda at: (few(at) or 0.0) / 20,
    }
    with a_scene(tmp_path, REVENUE, ORDERS, sales=sales) as scene:
        scene.ticks(due(10, 10), 4)
        assert scene.post.told == [("checkout", "opened")]


def test_what_is_too_small_in_one_metric_hushes_no_other(tmp_path: Path) -> None:
    """The owner wants to hear of a million orders, and of any missing revenue."""
    quiet = replace(ORDERS, alert=AlertPolicy(at_least=1e6))
    sales = {
        REVENUE.name: without((utc(10, 9), utc(10, 12)), left=0.2),
        quiet.name: without((utc(10, 9), utc(10, 12))),
    }
    with a_scene(tmp_path, REVENUE, quiet, sales=sales) as scene:
        scene.tick(due(10, 10))
        assert scene.post.told == [("checkout", "opened")]


def test_the_reminder_comes_four_hours_after_the_first_message(tmp_path: Path) -> None:
    """Five hours were too small to tell; nobody could have reacted to them."""
    metric = replace(REVENUE, alert=AlertPolicy(at_least=4500))
    with a_scene(tmp_path, metric, sales={metric.name: without((utc(10, 9), utc(10, 23)))}) as scene:
        scene.ticks(due(10, 9), 12)
        told = [(one.created_at.hour, str(one.reason)) for _, one, _ in scene.post.got]
        assert told == [(14, "opened"), (18, "no_reaction")]


def test_a_bound_crossed_while_learning_ends_when_it_is_kept_again(tmp_path: Path) -> None:
    """Two days of history know nothing that is usual, and still the incident is over after two good hours."""
    metric = replace(REVENUE, alert=AlertPolicy(below=50))
    down = without((utc(10, 9), utc(10, 12)))
    with a_scene(tmp_path, metric, sales={metric.name: lambda at: down(at) if at >= utc(8, 0) else None}) as scene:
        scene.ticks(due(10, 9), 6)
        assert scene.post.told == [("checkout", "opened"), ("checkout", "resolved")]


def test_a_bound_that_the_usual_crosses_is_told_as_a_bound(tmp_path: Path) -> None:
    """A night of 100 is usual, and below the 150 that the owner wants: not above anything."""
    metric = replace(REVENUE, alert=AlertPolicy(below=150))
    with a_scene(tmp_path, metric) as scene:
        scene.ticks(due(10, 19), 3)
        ((_, told, _),) = scene.post.got
        assert "below its limit of 150" in told.title
        (incident,) = scene.world.store.incidents(only_live=True)
        assert incident.worst.is_drop


def test_a_tick_for_an_earlier_time_changes_no_incident(tmp_path: Path) -> None:
    """The clock goes back to before the deploy was heard of: nothing is unsaid, and nothing is said again."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: without((utc(10, 9), utc(10, 12)))}) as scene:
        scene.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52), received_at=utc(10, 10, 2)))
        scene.tick(due(10, 10))
        before = scene.world.store.incidents(only_live=False)
        assert before[0].ranking.named is not None
        scene.tick(utc(10, 10, 1))
        scene.tick(utc(9, 10))
        assert scene.world.store.incidents(only_live=False) == before
        scene.tick(utc(10, 10, 7))
        assert scene.post.told == [("checkout", "opened")]


def test_hours_without_an_answer_from_the_witness_are_judged_later(tmp_path: Path) -> None:
    """What was read while the witness failed was not kept, and is read again, however short `revise` is."""
    metric = replace(REVENUE, witness=Witness(table="events", time="at"), revise_s=3600)

    def refuse(table: str, time: str, before: datetime) -> datetime | None:
        raise QueryRejected(f"no table {table} with {time} before {before}")

    with a_scene(tmp_path, metric, sales={metric.name: without((utc(10, 9), utc(10, 12)))}) as scene:
        scene.source.newest = utc(10, 15)
        scene.tick(due(10, 8))
        answer = scene.source.newest_row
        scene.source.newest_row = refuse  # type: ignore[method-assign]  # a witness that cannot be asked
        scene.ticks(due(10, 10), 3)
        scene.source.newest_row = answer  # type: ignore[method-assign]  # and now it can
        report = scene.tick(due(10, 13))
        kinds = {outcome.span.start_at.hour: outcome.kind for outcome in report.outcomes}
        down = dict.fromkeys((9, 10, 11), OutcomeKind.ANOMALOUS)
        assert kinds == {8: OutcomeKind.NORMAL, **down, 12: OutcomeKind.NORMAL}


def test_late_stays_late_until_the_witness_moves(tmp_path: Path) -> None:
    """An hour that was late does not turn into an outage because another hour of silence follows."""
    metric = replace(REVENUE, witness=Witness(table="events", time="at"))
    with a_scene(tmp_path, metric, sales={metric.name: without((utc(10, 9), utc(10, 15)))}) as scene:
        scene.source.newest = utc(10, 8, 59)
        scene.ticks(due(10, 10), 3)
        recorded = scene.world.store.outcomes(metric.name, utc(10, 9))
        assert [(one.kind, one.revision) for one in recorded] == [(OutcomeKind.LATE, 0)] * 3


def test_a_store_that_fails_in_the_middle_ends_the_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of the rule that was being judged."""

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with a_scene(tmp_path, REVENUE) as scene:
        scene.tick(due(10, 8))
        monkeypatch.setattr(scene.world.store, "outcomes_of", fail)
        with pytest.raises(StoreError):
            scene.tick(due(10, 9))


def test_a_day_is_long_for_an_incident_of_hours(tmp_path: Path) -> None:
    """Sixty hours without sales are one incident with one beginning, and all of its loss."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: without((utc(10, 9), utc(12, 21)))}) as scene:
        scene.ticks(due(10, 9), 66)
        (incident,) = scene.world.store.incidents(only_live=False)
        assert incident.state is IncidentState.RESOLVED
        assert (incident.worst.span.start_at, incident.worst.span.end_at) == (utc(10, 9), utc(12, 21))
        usual = 11 * 1000 + 10 * 100 + 14 * 1000 + 10 * 100 + 14 * 1000 + 100
        assert incident.worst.loss.amount == pytest.approx(usual, rel=0.05)


def test_a_slow_leak_keeps_its_beginning(tmp_path: Path) -> None:
    """A tenth is missing for days: the start does not creep forward, and the next run begins after the last."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: without((utc(10, 9), utc(15, 0)), left=0.9)}) as scene:
        starts: dict[int, set[datetime]] = {}
        for hour in range(100):
            scene.tick(due(10, 9) + hour * HOUR)
            for one in scene.world.store.incidents(only_live=False):
                starts.setdefault(one.number, set()).add(one.worst.span.start_at)
        assert {len(each) for each in starts.values()} == {1}
        spans = [one.worst.span for one in reversed(scene.world.store.incidents(only_live=False))]
        assert all(earlier.end_at <= later.start_at for earlier, later in pairwise(spans))


def test_what_was_closed_by_hand_ends_when_it_is_over(tmp_path: Path) -> None:
    """The hours after the closing belong to the same outage, which ends by itself, in silence."""
    with a_scene(tmp_path, REVENUE, sales={REVENUE.name: without((utc(10, 9), utc(10, 15)))}) as scene:
        scene.tick(due(10, 10))
        (incident,) = scene.world.store.incidents(only_live=True)
        scene.world.store.set_incident(*close(incident, "alice", "known", utc(10, 10, 10)))
        scene.ticks(due(10, 11), 8)
        (incident,) = scene.world.store.incidents(only_live=False)
        assert (incident.is_over, incident.resolved_at) == (True, utc(10, 10, 10))
        assert (incident.worst.ended_at, incident.worst.span.end_at) == (utc(10, 15), utc(10, 15))
        assert scene.post.told == [("checkout", "opened")]


def test_money_stands_in_the_title_where_all_is_gone(tmp_path: Path) -> None:
    """Two metrics at zero: the team reads of its revenue first, whatever the names are."""
    orders = a_metric("checkout/a_orders", title="Orders", kind=Kind.COUNT, unit="", timezone="UTC")
    down: Sales = lambda at: rhythm(at) * (at < utc(10, 9))  # noqa: E731 - named for its type
    with a_scene(tmp_path, REVENUE, orders, sales={REVENUE.name: down, orders.name: down}) as scene:
        scene.tick(utc(10, 10, 6))
        ((_, told, _),) = scene.post.got
        assert told.title.startswith("Checkout revenue is 0 €")
        assert "Also: Orders is 0" in told.body


def test_a_null_is_told_as_one(tmp_path: Path) -> None:
    """Rows whose value is NULL are missing, and the reason does not say that there are none."""
    with a_scene(tmp_path, REVENUE) as scene:
        scene.source.sales[REVENUE.name] = lambda at: float("nan") if at >= utc(10, 9) else rhythm(at)
        (outcome,) = scene.tick(utc(10, 10, 6)).outcomes
        assert (outcome.kind, outcome.reason) == (OutcomeKind.MISSING, "there are rows, but their value is NULL")


def test_the_first_money_that_joins_is_told(tmp_path: Path) -> None:
    """A count of quarter hours opens the incident; what is missing in money leads, and is told, from the hour's end."""
    orders = a_metric(
        "checkout/orders", title="Orders", kind=Kind.COUNT, unit="", timezone="UTC", every_s=900, source="shop"
    )
    with a_scene(tmp_path, orders, a_metric(timezone="UTC")) as scene:
        for name in (orders.name, "checkout/revenue"):
            scene.source.sales[name] = lambda at: 0.0 if at >= utc(10, 9) else rhythm(at)
        scene.tick(utc(10, 8, 6))
        scene.replay(utc(10, 8, 7), utc(10, 11))
        told = [(notification.reason, notification.title) for _, notification, _ in scene.post.got]
        assert [reason for reason, _ in told] == [Reason.OPENED, Reason.WORSE]
        assert told[0][1].startswith("Orders is 0")
        assert told[1][1].startswith("It got worse: Checkout revenue is 0")
        body = scene.post.got[1][1].body
        assert "EUR an hour\n" in body or "€ an hour\n" in body
        assert "when we last wrote" not in body


def test_the_first_money_is_told_with_its_own_suspect(tmp_path: Path) -> None:
    """Orders name no service that was deployed, revenue does: what leads is told with what it points at, at once."""
    orders = a_metric(
        "checkout/orders", title="Orders", kind=Kind.COUNT, timezone="UTC", every_s=900, services=("search",)
    )
    with a_scene(tmp_path, orders, a_metric(timezone="UTC")) as scene:
        for name in (orders.name, "checkout/revenue"):
            scene.source.sales[name] = lambda at: 0.0 if at >= utc(10, 9) else rhythm(at)
        scene.world.store.add_deploy(a_deploy(live_at=utc(10, 8, 52), received_at=utc(10, 8, 52)))
        scene.tick(utc(10, 8, 6))
        scene.replay(utc(10, 8, 7), utc(10, 10, 6))
        (_, opened, _), (_, named, _) = scene.post.got
    assert "Suspect: " not in opened.body
    assert named.reason is Reason.NAMED
    assert named.title.startswith("It got worse: Checkout revenue is 0 €")
    assert "Suspect: checkout-api" in named.body
