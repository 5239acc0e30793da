"""Where, by the members of a metric: they are judged anyway, and nobody has to be asked."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from detector.linking.levels import kept_places, summed
from detector.linking.segments import find_whereabouts
from detector.model.incident import IncidentMetric, Level, Noise, Whereabouts
from detector.model.panel import Bools, Floats
from detector.model.rows import SegmentRows
from detector.model.span import Span, epoch_s
from detector.pipeline.judge_members import Weighed
from detector.pipeline.where import WEEKS_BACK, as_told, rest_of

__all__ = ["with_members"]


def with_members(part: IncidentMetric, weighed: Weighed) -> IncidentMetric:
    """A part, of the whole or of one member, that knows what every member held at that time.

    Where more was known before, as the anomaly began before what was judged now, that stays.
    """
    column = weighed.metric.each
    if column is None:
        return part
    if part.member is None:
        found = _found(part, weighed, column)
    else:
        found = Whereabouts(column, everywhere=False, segments=((part.member.name, 1.0),))
    judged = weighed.told.cut(slice(-weighed.newest, None)).grid
    if epoch_s(part.span.start_at) >= int(judged.starts[0]):
        found = _with_levels(found, part, weighed)
    return replace(part, where=as_told(part.where, found))


def _found(part: IncidentMetric, weighed: Weighed, column: str) -> Whereabouts:
    known = next((one for one in part.where if one.column == column and one.is_clear), None)
    if known is not None:
        return Whereabouts(column, known.everywhere, known.segments)
    now = _segments(weighed, column, part.span)
    back = [timedelta(weeks=weeks) for weeks in WEEKS_BACK]
    earlier = [_segments(weighed, column, Span(part.span.start_at - by, part.span.end_at - by)) for by in back]
    reference = [week for week in earlier if np.isfinite(week.values).any()]
    return find_whereabouts(now, reference, is_drop=part.is_drop, adds_up=weighed.metric.kind.adds_up)


def _segments(weighed: Weighed, column: str, span: Span) -> SegmentRows:
    told = weighed.told
    inside = _inside(told.grid.starts, span)
    return SegmentRows(column, told.series, told.grid.starts[inside], told.values[:, inside])


def _inside(starts: np.typing.NDArray[np.int64], span: Span) -> Bools:
    inside: Bools = (starts >= epoch_s(span.start_at)) & (starts < epoch_s(span.end_at))
    return inside


def _with_levels(found: Whereabouts, part: IncidentMetric, weighed: Weighed) -> Whereabouts:
    """With what each member held, as it was judged; of a ratio its numerators."""
    judgement, told = weighed.judgement, weighed.told.cut(slice(-weighed.newest, None))
    if not weighed.metric.kind.adds_up and told.weights is None:
        return replace(found, span=part.span)
    inside = _inside(told.grid.starts, part.span)
    value, expected, spread = (some[:, inside] for some in (told.values, judgement.expected, judgement.spread))
    known = np.isfinite(value) & np.isfinite(expected) & np.isfinite(spread)
    units = np.where(known, 1.0 if told.weights is None else np.nan_to_num(told.weights[:, inside]), 0.0)
    held, usual = ((np.where(known, some, 0.0) * units).sum(axis=1) for some in (value, expected))
    chance = ((np.where(known, spread, 0.0) * units) ** 2).sum(axis=1)
    noise = part.noise or Noise(0.0, 0.0)
    variance = np.maximum(chance, noise.dispersion * usual + 2.0 * (noise.wander * usual) ** 2)
    known_of = np.flatnonzero(usual > 0)
    kept, others = (known_of[places] for places in kept_places(usual[known_of], held[known_of]))
    levels = [
        Level(weighed.told.series[row], float(held[row]), float(usual[row]), float(np.sqrt(variance[row])))
        for row in kept.tolist()
    ]
    rest = [] if not others.size else [_summed(held[others], usual[others], variance[others])]
    beyond = _beyond(part, weighed, float(held.sum()), float(usual.sum()))
    return replace(found, levels=tuple(levels), rest=summed([*rest, *beyond]), span=part.span)


def _summed(held: Floats, usual: Floats, variance: Floats) -> Level:
    return Level("", float(held.sum()), float(usual.sum()), float(np.sqrt(variance.sum())))


def _beyond(part: IncidentMetric, weighed: Weighed, held: float, usual: float) -> list[Level]:
    """Of the whole, what no member holds: there may be more values than are judged."""
    is_all = len(weighed.members.state.names) < weighed.members.state.limit
    if is_all or part.member is not None or part.bound is not None or not weighed.metric.kind.adds_up:
        return []
    rest = rest_of(part, held, usual)
    return [] if rest is None else [rest]
