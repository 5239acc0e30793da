"""Of `detector explain`: what every segment held, and what those lost whom a deploy reached."""

from collections.abc import Sequence

from detector.alerting.inert import inert
from detector.linking.levels import summed
from detector.model.deploy import Scope
from detector.model.incident import IncidentMetric, Level, Whereabouts

__all__ = ["levels_of", "reached_by"]

_MOST_LEVELS, _LONGEST_NAME = 8, 40
_OUT_SDS = 2.5758
"""Of 99 in 100 normal values."""

_EVERYBODY = 100.0
_IN_FULL = 100.0


def reached_by(scope: Scope | None, part: IncidentMetric) -> list[str]:
    """What those lost whom a deploy reached, and what all others did, by each column that its scope names."""
    if scope is None:
        return ["whom it reached is not known"]
    if not scope.by:
        return ["it reached everybody" if scope.percent >= _EVERYBODY else f"it reached {scope.percent:g} % of all"]
    told = [found for found in part.where if found.column in scope.by and found.levels]
    return [_of_column(scope.by[found.column], found) for found in told]


def _of_column(values: Sequence[str], found: Whereabouts) -> str:
    reached = [one for one in found.levels if one.name in values]
    others = [one for one in found.levels if one.name not in values]
    others += [] if found.rest is None else [found.rest]
    told = [("whom it reached", summed(reached)), ("all others", summed(others))]
    figures = [f"{who} {_change(level)}" for who, level in told if level is not None]
    return f"{_inert(found.column)} {', '.join(map(_inert, values))}: {'; '.join(figures)}"


def levels_of(found: Whereabouts) -> list[str]:
    """What each of the largest segments held, and those beyond them that strayed; the others as one."""
    strayed = [one for one in found.levels[_MOST_LEVELS:] if abs(one.value - one.expected) > _OUT_SDS * one.spread]
    told = [*found.levels[:_MOST_LEVELS], *strayed[:_MOST_LEVELS]]
    others = [one for one in found.levels if one not in told] + ([] if found.rest is None else [found.rest])
    lines = [f"  {_inert(one.name)}: {_level(one)}" for one in told]
    rest = summed(others)
    return lines if rest is None else [*lines, f"  all others: {_level(rest)}"]


def _level(one: Level) -> str:
    low, high = max(one.expected - _OUT_SDS * one.spread, 0.0), one.expected + _OUT_SDS * one.spread
    return f"{_number(one.value)}, usually {_number(one.expected)} ({_number(low)} to {_number(high)}), {_change(one)}"


def _change(one: Level) -> str:
    return f"{100.0 * (one.value - one.expected) / one.expected:+.0f} %" if one.expected > 0 else "none was expected"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _IN_FULL else f"{value:.3g}"


def _inert(name: str) -> str:
    return inert(name, _LONGEST_NAME)
