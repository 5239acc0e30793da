"""How a metric strays while all is well, as far as its judged buckets tell: what a segment's value is held against."""

from collections.abc import Sequence
from dataclasses import replace

from detector.model.incident import Noise
from detector.model.metric import Kind
from detector.model.verdict import Outcome
from detector.stats.course_rows import rows_of

__all__ = ["noise_of"]


def noise_of(kind: Kind, timeline: Sequence[Outcome], first: int) -> Noise | None:
    """Chance and slow error around an anomaly that begins with the bucket `first`; None where nothing tells them.

    The same figures as in a case of `detector suspects`. A ratio is told by its numerators; a gauge has no parts.
    """
    before, during = (_told(kind, some) for some in (timeline[:first], timeline[first:]))
    if not during:
        return None
    rows = rows_of([*before, *during])
    return Noise(rows.own_dispersion(len(before)), rows.wander)


def _told(kind: Kind, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Buckets in which something was expected, as sums; closed hours say nothing of chance."""
    if kind is Kind.RATIO:
        summed = [_as_sum(one, one.weight) for one in outcomes if one.weight is not None]
    else:
        summed = list(outcomes) if kind.adds_up else []
    return [one for one in summed if one.value is not None and (one.expected or 0.0) > 0.0 and one.spread is not None]


def _as_sum(one: Outcome, trials: float) -> Outcome:
    value, expected, spread = (None if it is None else it * trials for it in (one.value, one.expected, one.spread))
    return replace(one, value=value, expected=expected, spread=spread)
