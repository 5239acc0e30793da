"""Small values for tests, with everything defaulted that a test does not speak of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detector.model.deploy import Answer, Deploy, Ranking, Suspect
from detector.model.incident import Incident, IncidentMetric, IncidentState, Told
from detector.model.metric import AlertPolicy, Kind, Metric, ShortForm
from detector.model.span import Span
from detector.model.verdict import Loss, Onset, Outcome, OutcomeKind

__all__ = [
    "EIGHT",
    "HOUR",
    "a_deploy",
    "a_metric",
    "a_part",
    "a_ranking",
    "an_incident",
    "an_outcome",
    "hours",
    "outcomes",
    "told_at",
]

EIGHT = datetime(2026, 3, 10, 7, tzinfo=UTC)  # 08:00 in Berlin
HOUR = timedelta(hours=1)


def hours(first: float, last: float) -> Span:
    """A span in hours from eight o'clock."""
    return Span(EIGHT + first * HOUR, EIGHT + last * HOUR)


def a_metric(name: str = "checkout/revenue", **said: object) -> Metric:
    base = Metric(
        name=name,
        title="Checkout revenue",
        team="checkout",
        services=("checkout-api",),
        source="shop",
        query=ShortForm("payments", "paid_at", "sum(amount)"),
        kind=Kind.REVENUE,
        unit="EUR",
        timezone="Europe/Berlin",
        alert=AlertPolicy(),
        place="rules/checkout.yml:5",
    )
    return replace(base, **said)  # type: ignore[arg-type]  # a test names fields of Metric


def an_outcome(hour: int, said: str, value: float | None = None) -> Outcome:
    """One hour's outcome: `n`ormal, `a`nomalous, anomalous only by the `s`um of hours, `c`losed, or `m`issing."""
    kinds = {"n": OutcomeKind.NORMAL, "c": OutcomeKind.NORMAL, "m": OutcomeKind.MISSING}
    values = {"n": 1000.0, "a": 0.0, "s": 800.0, "c": 0.0, "m": None}
    return Outcome(
        metric="checkout/revenue",
        span=hours(hour, hour + 1),
        kind=kinds.get(said, OutcomeKind.ANOMALOUS),
        judged_at=EIGHT + (hour + 1) * HOUR,
        value=values[said] if value is None else value,
        expected=0.0 if said == "c" else 1000.0,
        low=700.0,
        high=1300.0,
        spread=100.0,
        in_range=said in "ns",
    )


def outcomes(said: str, first: int = 0) -> list[Outcome]:
    """One outcome an hour, a letter each."""
    return [an_outcome(first + hour, letter) for hour, letter in enumerate(said)]


def a_part(first: float = 0, last: float = 1, **said: object) -> IncidentMetric:
    lost = 1000.0 * (last - first)
    base = IncidentMetric(
        metric="checkout/revenue",
        span=hours(first, last),
        value=0.0,
        expected=lost,
        loss=Loss(lost, 0.8 * lost, 1.2 * lost, 1000.0),
        onset=Onset(EIGHT, EIGHT, EIGHT + HOUR, ((hours(0, 1), 1.0),)),
    )
    return replace(base, **said)  # type: ignore[arg-type]  # a test names fields of IncidentMetric


def a_deploy(name: str = "d-412", service: str = "checkout-api", live_at: datetime = EIGHT, **said: object) -> Deploy:
    base = Deploy(name, service, "v412", received_at=live_at, finished_at=live_at)
    return replace(base, **said)  # type: ignore[arg-type]  # a test names fields of Deploy


def a_ranking(named: Deploy | None = None, others: Sequence[Deploy] = ()) -> Ranking:
    """One deploy that stands out, or none."""
    suspects = [Suspect(one, 0.02) for one in others]
    if named is not None:
        suspects = [Suspect(named, 0.9), *suspects]
    rest = 1.0 - sum(suspect.probability for suspect in suspects)
    return Ranking(Answer.NONE if named is None else Answer.NAMED, tuple(suspects), rest, last_heard_at=EIGHT)


def an_incident(**said: object) -> Incident:
    base = Incident(12, "checkout", IncidentState.OPEN, EIGHT + HOUR, (a_part(),), a_ranking())
    return replace(base, **said)  # type: ignore[arg-type]  # a test names fields of Incident


def told_at(at: datetime, loss_per_hour: float = 1000.0, named: str | None = None) -> Told:
    return Told(at, 1, loss_per_hour, named)
