"""Deploys and rankings as JSON, and back without loss."""

from datetime import UTC, datetime
from typing import Any

from detector.model.deploy import (
    Answer,
    Deploy,
    DeployKind,
    DeployStatus,
    Ranking,
    Rejected,
    Scope,
    Suspect,
    Term,
)

__all__ = [
    "Json",
    "decode_deploy",
    "decode_ranking",
    "encode_deploy",
    "encode_ranking",
    "from_iso",
    "maybe_from_iso",
    "maybe_to_iso",
    "to_iso",
]

Json = dict[str, Any]


def to_iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def from_iso(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def maybe_to_iso(at: datetime | None) -> str | None:
    return None if at is None else to_iso(at)


def maybe_from_iso(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)


def encode_deploy(deploy: Deploy) -> Json:
    return {
        "id": deploy.id,
        "service": deploy.service,
        "version": deploy.version,
        "received_at": to_iso(deploy.received_at),
        "environment": deploy.environment,
        "status": deploy.status.value,
        "kind": deploy.kind.value,
        "started_at": maybe_to_iso(deploy.started_at),
        "finished_at": maybe_to_iso(deploy.finished_at),
        "commit": deploy.commit,
        "actor": deploy.actor,
        "url": deploy.url,
        "rollback_of": deploy.rollback_of,
        "scope": None if deploy.scope is None else _encode_scope(deploy.scope),
        "source": deploy.source,
    }


def decode_deploy(data: Json) -> Deploy:
    return Deploy(
        id=data["id"],
        service=data["service"],
        version=data["version"],
        received_at=from_iso(data["received_at"]),
        environment=data["environment"],
        status=DeployStatus(data["status"]),
        kind=DeployKind(data["kind"]),
        started_at=maybe_from_iso(data["started_at"]),
        finished_at=maybe_from_iso(data["finished_at"]),
        commit=data["commit"],
        actor=data["actor"],
        url=data["url"],
        rollback_of=data["rollback_of"],
        scope=None if data["scope"] is None else _decode_scope(data["scope"]),
        source=data["source"],
    )


def _encode_scope(scope: Scope) -> Json:
    return {"by": {dimension: list(values) for dimension, values in scope.by.items()}, "percent": scope.percent}


def _decode_scope(data: Json) -> Scope:
    return Scope({dimension: tuple(values) for dimension, values in data["by"].items()}, data["percent"])


def encode_ranking(ranking: Ranking) -> Json:
    return {
        "answer": ranking.answer.value,
        "suspects": [
            {
                "deploy": encode_deploy(it.deploy),
                "probability": float(it.probability),
                "grounds": list(it.grounds),
                "terms": _encode_terms(it.terms),
            }
            for it in ranking.suspects
        ],
        "no_deploy": float(ranking.no_deploy),
        "rejected": [{"deploy": encode_deploy(it.deploy), "why": it.why} for it in ranking.rejected],
        "last_heard_at": maybe_to_iso(ranking.last_heard_at),
        "looked_back_h": float(ranking.looked_back_h),
        "background": _encode_terms(ranking.background),
    }


def decode_ranking(data: Json) -> Ranking:
    return Ranking(
        answer=Answer(data["answer"]),
        suspects=tuple(
            Suspect(
                decode_deploy(it["deploy"]), it["probability"], tuple(it["grounds"]), _decode_terms(it.get("terms"))
            )
            for it in data["suspects"]
        ),
        no_deploy=data["no_deploy"],
        rejected=tuple(Rejected(decode_deploy(it["deploy"]), it["why"]) for it in data["rejected"]),
        last_heard_at=maybe_from_iso(data["last_heard_at"]),
        looked_back_h=data["looked_back_h"],
        background=_decode_terms(data.get("background")),
    )


def _encode_terms(terms: tuple[Term, ...]) -> list[list[str | float]]:
    return [[it.name, float(it.log_ratio)] for it in terms]


def _decode_terms(data: list[tuple[str, float]] | None) -> tuple[Term, ...]:
    """None: written by a detector that did not keep them."""
    return tuple(Term(name, log_ratio) for name, log_ratio in data or [])
