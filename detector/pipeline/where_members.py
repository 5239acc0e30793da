"""Where, by the members of a metric: they are judged anyway, and nobody has to be asked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from detector.linking.levels import gathered, spread_of
from detector.linking.segments import find_whereabouts
from detector.model.incident import IncidentMetric, Level, Noise, Whereabouts
from detector.model.panel import Bools
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
    levels = _levels(part, weighed)
    is_all = len(weighed.members.state.names) < weighed.members.state.limit
    is_summed = part.member is None and weighed.metric.kind.adds_up and part.bound is None
    rest = rest_of(part, levels) if levels and is_summed and not is_all else None
    kept, others = gathered(levels, rest)
    return replace(found, levels=kept, rest=others, span=part.span)


def _levels(part: IncidentMetric, weighed: Weighed) -> Sequence[Level]:
    """What each member held, as it was judged; of a ratio its numerators."""
    judgement, told = weighed.judgement, weighed.told.cut(slice(-weighed.newest, None))
    if not weighed.metric.kind.adds_up and told.weights is None:
        return ()
    inside = _inside(told.grid.starts, part.span)
    value, expected, spread = (some[:, inside] for some in (told.values, judgement.expected, judgement.spread))
    known = np.isfinite(value) & np.isfinite(expected) & np.isfinite(spread)
    units = np.where(known, 1.0 if told.weights is None else np.nan_to_num(told.weights[:, inside]), 0.0)
    held, usual = ((np.where(known, some, 0.0) * units).sum(axis=1).tolist() for some in (value, expected))
    chance = np.sqrt(((np.where(known, spread, 0.0) * units) ** 2).sum(axis=1)).tolist()
    noise = part.noise or Noise(0.0, 0.0)
    return [
        Level(name, held[row], usual[row], max(chance[row], spread_of(noise, usual[row], usual[row])))
        for row, name in enumerate(told.series)
        if usual[row] > 0
    ]
