"""The morning of the product's first example: shop services, their deploys, and an outage from 08:00 on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from detector.linking.suspects import Question
from detector.model.deploy import Deploy, DeployKind, DeployStatus, Ranking, Scope, ServiceRecord
from detector.model.span import Span
from detector.model.verdict import Onset

SERVICES = ("checkout-api", "payments")
GRAPH: Mapping[str, tuple[str, ...]] = {
    "checkout-api": ("payments",),
    "payments": ("ledger",),
    "ledger": ("vault",),
    "vault": (),
    "shop-front": ("checkout-api",),
    "search": (),
    "catalog": (),
    "reviews": (),
    "media": (),
}


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def onset_between(start_at: datetime, end_at: datetime) -> Onset:
    return Onset(start_at, start_at + (end_at - start_at) / 2, end_at, ((Span(start_at, end_at), 1.0),))


SHARP = Onset(
    at(7, 50),
    at(8),
    at(8, 3),
    (
        (Span(at(7), at(7, 45)), 0.02),
        (Span(at(7, 45), at(8)), 0.48),
        (Span(at(8), at(8, 5)), 0.5),
    ),
)


def ask(
    onset: Onset = SHARP,
    services: Sequence[str] = SERVICES,
    graph: Mapping[str, tuple[str, ...]] = GRAPH,
    record: Mapping[str, ServiceRecord] | None = None,
    *,
    is_empty: bool = True,
    bucket_s: int = 3600,
) -> Question:
    return Question(onset, at(9, 6), at(8), services, graph, record or {}, is_empty, bucket_s)


def shipped(  # noqa: PLR0913 - a deploy has many sides, each test names the few it is about
    service: str,
    live_at: datetime | None,
    *,
    id_: str | None = None,
    minutes: float = 2,
    status: DeployStatus = DeployStatus.SUCCESS,
    kind: DeployKind = DeployKind.DEPLOY,
    environment: str = "production",
    begun_at: datetime | None = None,
    rollback_of: str | None = None,
    scope: Scope | None = None,
    version: str = "v1",
) -> Deploy:
    begun = begun_at or (live_at - timedelta(minutes=minutes) if live_at else None)
    heard = live_at or begun
    assert heard is not None
    return Deploy(
        id=id_ or f"{service}-{heard:%d%H%M}",
        service=service,
        version=version,
        received_at=heard,
        environment=environment,
        status=status,
        kind=kind,
        started_at=begun,
        finished_at=live_at,
        rollback_of=rollback_of,
        scope=scope,
    )


STRANGERS = (
    shipped("search", at(6, 30)),
    shipped("catalog", at(7, 15)),
    shipped("reviews", at(7, 40)),
    shipped("media", at(8, 20)),
)
CHECKOUT = shipped("checkout-api", at(7, 52), id_="d-412", version="v412")


def chance(ranking: Ranking, deploy: Deploy) -> float:
    return next(one.probability for one in ranking.suspects if one.deploy.id == deploy.id)


def grounds(ranking: Ranking, deploy: Deploy) -> tuple[str, ...]:
    return next(one.grounds for one in ranking.suspects if one.deploy.id == deploy.id)


def why(ranking: Ranking, deploy: Deploy) -> str:
    return next((one.why for one in ranking.rejected if one.deploy.id == deploy.id), "not rejected")
