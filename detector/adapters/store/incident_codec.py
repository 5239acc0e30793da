"""An incident as JSON, and back without loss.

Once stores with incidents are out in the world, a field that is added here is read with `.get` and its default.
"""

from functools import lru_cache
from typing import Any

from detector.adapters.store.deploy_codec import (
    Json,
    decode_ranking,
    encode_ranking,
    from_iso,
    maybe_from_iso,
    maybe_to_iso,
    to_iso,
)
from detector.model.incident import (
    Confirmed,
    Incident,
    IncidentMetric,
    IncidentState,
    Level,
    Noise,
    Told,
    Whereabouts,
)
from detector.model.metric import Member
from detector.model.span import Span
from detector.model.verdict import Loss, Onset

__all__ = ["decode_incident", "encode_incident"]

SPANS_KEPT = 4096
"""Metrics that break together have the same five minutes in their onsets, and each tick reads all that is live anew."""


def encode_incident(incident: Incident) -> Json:
    return {
        "number": int(incident.number),
        "team": incident.team,
        "state": incident.state.value,
        "opened_at": to_iso(incident.opened_at),
        "metrics": [_encode_metric(part) for part in incident.metrics],
        "ranking": encode_ranking(incident.ranking),
        "told": None if incident.told is None else _encode_told(incident.told),
        "acknowledged_at": maybe_to_iso(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "recovering_at": maybe_to_iso(incident.recovering_at),
        "resolved_at": maybe_to_iso(incident.resolved_at),
        "closed_by": incident.closed_by,
        "why": incident.why,
        "more_members": int(incident.more_members),
        "confirmed": None if incident.confirmed is None else _encode_confirmed(incident.confirmed),
    }


def decode_incident(data: Json) -> Incident:
    return Incident(
        number=data["number"],
        team=data["team"],
        state=IncidentState(data["state"]),
        opened_at=from_iso(data["opened_at"]),
        metrics=tuple(_decode_metric(part) for part in data["metrics"]),
        ranking=decode_ranking(data["ranking"]),
        told=None if data["told"] is None else _decode_told(data["told"]),
        acknowledged_at=maybe_from_iso(data["acknowledged_at"]),
        acknowledged_by=data["acknowledged_by"],
        recovering_at=maybe_from_iso(data["recovering_at"]),
        resolved_at=maybe_from_iso(data["resolved_at"]),
        closed_by=data["closed_by"],
        why=data["why"],
        more_members=data.get("more_members", 0),
        confirmed=None if data.get("confirmed") is None else _decode_confirmed(data["confirmed"]),
    )


def _encode_metric(part: IncidentMetric) -> Json:
    return {
        "metric": part.metric,
        "span": _encode_span(part.span),
        "value": float(part.value),
        "expected": float(part.expected),
        "loss": _encode_loss(part.loss),
        "onset": _encode_onset(part.onset),
        "is_drop": bool(part.is_drop),
        "normal_in_a_row": int(part.normal_in_a_row),
        "ended_at": maybe_to_iso(part.ended_at),
        "where": [_encode_whereabouts(where) for where in part.where],
        "bound": None if part.bound is None else float(part.bound),
        "member": None if part.member is None else [part.member.column, part.member.name],
        "level_since": maybe_to_iso(part.level_since),
        "noise": None if part.noise is None else [float(part.noise.dispersion), float(part.noise.wander)],
        "chance_per_h": float(part.chance_per_h),
        "ends": [[*_encode_span(span), float(odds)] for span, odds in part.ends],
    }


def _decode_metric(data: Json) -> IncidentMetric:
    return IncidentMetric(
        metric=data["metric"],
        span=_decode_span(*data["span"]),
        value=data["value"],
        expected=data["expected"],
        loss=_decode_loss(data["loss"]),
        onset=_decode_onset(data["onset"]),
        is_drop=data["is_drop"],
        normal_in_a_row=data["normal_in_a_row"],
        ended_at=maybe_from_iso(data["ended_at"]),
        where=tuple(_decode_whereabouts(where) for where in data["where"]),
        bound=data["bound"],
        member=None if data.get("member") is None else Member(*data["member"]),
        level_since=maybe_from_iso(data.get("level_since")),
        noise=None if data.get("noise") is None else Noise(*data["noise"]),
        chance_per_h=data.get("chance_per_h", 0.0),
        ends=tuple((_decode_span(start, end), odds) for start, end, odds in data.get("ends", ())),
    )


def _encode_span(span: Span) -> list[str]:
    return [to_iso(span.start_at), to_iso(span.end_at)]


@lru_cache(maxsize=SPANS_KEPT)
def _decode_span(start: str, end: str) -> Span:
    return Span(from_iso(start), from_iso(end))


def _encode_loss(loss: Loss) -> Json:
    return {
        "amount": float(loss.amount),
        "low": float(loss.low),
        "high": float(loss.high),
        "per_hour": float(loss.per_hour),
        "came_back": float(loss.came_back),
    }


def _decode_loss(data: Json) -> Loss:
    return Loss(data["amount"], data["low"], data["high"], data["per_hour"], data.get("came_back", 0.0))


def _encode_onset(onset: Onset) -> Json:
    return {
        "earliest": to_iso(onset.earliest),
        "likely": to_iso(onset.likely),
        "latest": to_iso(onset.latest),
        "pieces": [[*_encode_span(span), float(probability)] for span, probability in onset.pieces],
    }


def _decode_onset(data: Json) -> Onset:
    pieces: list[tuple[str, str, float]] = data["pieces"]
    return Onset(
        from_iso(data["earliest"]),
        from_iso(data["likely"]),
        from_iso(data["latest"]),
        tuple((_decode_span(start, end), probability) for start, end, probability in pieces),
    )


def _encode_whereabouts(where: Whereabouts) -> Json:
    return {
        "column": where.column,
        "everywhere": bool(where.everywhere),
        "segments": [[name, float(share)] for name, share in where.segments],
        "levels": [_encode_level(level) for level in where.levels],
        "rest": None if where.rest is None else _encode_level(where.rest),
        "span": None if where.span is None else _encode_span(where.span),
    }


def _encode_level(level: Level) -> list[str | float]:
    return [level.name, float(level.value), float(level.expected), float(level.spread)]


def _decode_whereabouts(data: Json) -> Whereabouts:
    segments: list[tuple[str, Any]] = data["segments"]
    return Whereabouts(
        column=data["column"],
        everywhere=data["everywhere"],
        segments=tuple((name, share) for name, share in segments),
        levels=tuple(Level(*level) for level in data.get("levels", ())),
        rest=None if data.get("rest") is None else Level(*data["rest"]),
        span=None if data.get("span") is None else _decode_span(*data["span"]),
    )


def _encode_told(told: Told) -> Json:
    return {
        "at": to_iso(told.at),
        "count": int(told.count),
        "loss_per_hour": float(told.loss_per_hour),
        "named": told.named,
        "reminded": bool(told.reminded),
    }


def _decode_told(data: Json) -> Told:
    return Told(from_iso(data["at"]), data["count"], data["loss_per_hour"], data["named"], data["reminded"])


def _encode_confirmed(confirmed: Confirmed) -> Json:
    return {
        "deploy": confirmed.deploy,
        "by": confirmed.by,
        "at": to_iso(confirmed.at),
        "why": confirmed.why,
    }


def _decode_confirmed(data: Json) -> Confirmed:
    return Confirmed(data["deploy"], data["by"], from_iso(data["at"]), data["why"])
