"""What is heard of deploys re-scores an open incident at the next tick, and so do the numbers of its end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from math import log
from pathlib import Path

import pytest

from builders import a_deploy, a_metric
from detector.linking.prior import failure_rate, habits_of
from detector.model.deploy import Answer, DeployKind, DeployStatus, Ranking
from detector.model.incident import IncidentState
from detector.model.metric import Kind
from worlds import Scene, a_scene, rhythm, utc

REVENUE = a_metric(timezone="UTC")
MINE = a_deploy("mine", live_at=utc(10, 8, 50))
OTHER = a_deploy("other", "payment-api", live_at=utc(10, 8, 55))
UNDONE = a_deploy("undone", live_at=utc(10, 11, 15), kind=DeployKind.ROLLBACK, rollback_of="mine")


def sales(at: datetime) -> float:
    """Nothing from nine to twenty past eleven on the 10th; what rows of a whole hour hold."""
    left = {9: 0.0, 10: 0.0, 11: 2 / 3}.get(at.hour, 1.0) if at.day == 10 else 1.0
    return rhythm(at) * left


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two deploys went live within five minutes, and the incident is open."""
    metric = replace(REVENUE, services=("checkout-api", "payment-api"))
    with a_scene(tmp_path, metric, sales={metric.name: sales}) as made:
        made.world.store.add_deploy(MINE)
        made.world.store.add_deploy(OTHER)
        made.tick(utc(10, 10, 6))
        yield made


def newest(scene: Scene) -> Ranking:
    (incident,) = scene.world.store.incidents(only_live=True)
    return incident.ranking


def chance(ranking: Ranking, id_: str) -> float:
    return next(one.probability for one in ranking.suspects if one.deploy.id == id_)


def test_a_rollback_counts_at_once_and_the_recovery_that_follows_it_more(scene: Scene) -> None:
    """A tick without any new bucket weighs that somebody picked one of the two; that it helped leaves no doubt."""
    before = newest(scene)
    assert before.answer is Answer.ONE_OF
    scene.ticks(utc(10, 11, 6), 1)
    scene.world.store.add_deploy(replace(UNDONE, received_at=utc(10, 11, 16)))
    scene.tick(utc(10, 11, 17))
    picked = newest(scene)
    assert chance(picked, "mine") > chance(before, "mine") + 0.05
    assert chance(picked, "other") < chance(before, "other")
    scene.ticks(utc(10, 12, 6), 2)
    helped = newest(scene)
    assert chance(helped, "mine") > chance(picked, "mine")
    assert helped.answer is Answer.NAMED
    assert helped.suspects[0].deploy.id == "mine"


def test_the_bucket_in_which_it_came_back_tells_when(scene: Scene) -> None:
    """Two thirds of an hour's sales are in an hour that is still anomalous: it ended after a third of it."""
    scene.ticks(utc(10, 11, 6), 3)
    (incident,) = scene.world.store.incidents(only_live=True)
    assert incident.state is IncidentState.RECOVERING
    ends = incident.worst.ends
    best = max(ends, key=lambda end: end[1])[0]
    assert abs((best.start_at - utc(10, 11, 20)).total_seconds()) <= 600
    assert best.start_at < incident.worst.span.end_at


def test_the_end_is_looked_for_in_what_leads_the_incident(tmp_path: Path) -> None:
    """Suspects are ranked by it; for the others it would be work that nobody asks for."""
    orders = a_metric("checkout/orders", title="Orders", kind=Kind.COUNT, unit="", timezone="UTC")
    with a_scene(tmp_path, REVENUE, orders, sales=dict.fromkeys((REVENUE.name, orders.name), sales)) as both:
        both.ticks(utc(10, 10, 6), 3)
        (incident,) = both.world.store.incidents(only_live=True)
        assert [bool(part.ends) for part in incident.metrics] == [True, False]


def test_what_may_be_a_suspect_is_none_of_the_earlier_deploys(scene: Scene) -> None:
    """Of services without any other deploy the record says what it says of any service."""
    for suspect in newest(scene).suspects:
        terms = {term.name: term.log_ratio for term in suspect.terms}
        assert terms["record"] == pytest.approx(log(failure_rate(None, habits_of({}))))


def test_a_rollback_that_is_heard_of_late_counts_as_if_it_had_been_known(scene: Scene) -> None:
    """Whether the report comes before the recovery or after it: the ranking is the same."""
    scene.ticks(utc(10, 11, 6), 3)
    alone = newest(scene)
    scene.world.store.add_deploy(replace(UNDONE, received_at=utc(10, 13, 30)))
    scene.tick(utc(10, 13, 31))
    late = newest(scene)
    assert chance(late, "mine") > chance(alone, "mine") + 0.2
    assert late.suspects[0].deploy.id == "mine"


def test_a_later_report_of_a_deploy_acquits_it_and_a_repeated_one_changes_nothing(scene: Scene) -> None:
    """A third one was under way when it began; then it says that it was called off."""
    begun = a_deploy("third", live_at=utc(10, 8, 50), status=DeployStatus.IN_PROGRESS, started_at=utc(10, 8, 50))
    begun = replace(begun, finished_at=None, received_at=utc(10, 10, 8))
    scene.world.store.add_deploy(begun)
    scene.world.store.add_deploy(replace(OTHER, received_at=utc(10, 10, 10)))
    scene.tick(utc(10, 10, 11))
    before = newest(scene)
    scene.world.store.add_deploy(replace(OTHER, received_at=utc(10, 10, 12)))
    scene.tick(utc(10, 10, 13))
    assert chance(newest(scene), "other") == pytest.approx(chance(before, "other"), abs=0.005)
    called_off = replace(begun, status=DeployStatus.CANCELLED, received_at=utc(10, 10, 14))
    scene.world.store.add_deploy(called_off)
    scene.tick(utc(10, 10, 15))
    after = newest(scene)
    assert chance(before, "third") > 0.01
    assert [one.why for one in after.rejected if one.deploy.id == "third"] == ["cancelled"]
    assert chance(after, "mine") > chance(before, "mine")
