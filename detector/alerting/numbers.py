"""Amounts, shares and durations, as people say them.

What was measured is written out; what was estimated is rounded to two significant digits, because more would claim a
knowledge that nobody has. Nothing here raises: a number that nobody can read is written as "?".
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from detector.alerting.inert import inert
from detector.model.metric import Kind, Metric

__all__ = ["Measure", "chance", "duration", "measure_of"]

# ISO 4217 codes whose symbol every reader knows; dollars of other countries keep their code.
_BEFORE = {"USD": "$", "GBP": "£"}
_AFTER = {"EUR": "€"}

_ENOUGH = 0.2  # a rounding error up to this share of what the message is about does not mislead
_MOST_DIGITS = 6
_MOST_DECIMALS = 6
_READABLE = 1e15
_MANY_TIMES = 100_000  # percent


def _is_readable(*values: float) -> bool:
    return all(math.isfinite(value) and abs(value) < _READABLE for value in values)


def _decimals_for(value: float, digits: int) -> int:
    """How many decimals show `digits` significant digits; negative ones round before the point."""
    return min(digits - 1 - math.floor(math.log10(abs(value))), _MOST_DECIMALS) if value else 0


def _rounded(value: float, against: float, digits: int) -> tuple[float, int]:
    """The value with so few digits, from `digits` on, that its difference to `against` still reads right.

    Returns:
        The rounded value and its decimals.
    """
    for more in range(digits, _MOST_DIGITS):
        decimals = _decimals_for(value, more)
        if abs(round(value, decimals) - value) <= _ENOUGH * abs(value - against):
            return round(value, decimals), decimals
    return round(value, _decimals_for(value, digits)), _decimals_for(value, digits)


def _without_zeros(value: float, decimals: int) -> tuple[float, int]:
    while decimals > 0 and round(value, decimals - 1) == value:
        decimals -= 1
    return value, decimals


@dataclass(frozen=True, slots=True)
class Measure:
    """How the numbers of one metric are written.

    Attributes:
        kind: a ratio is written in percent, and its change in points.
        unit: ISO currency, `%` or any word, already inert; empty for a bare count.
    """

    kind: Kind
    unit: str

    def exact(self, value: float, against: float) -> str:
        """What was measured: money and counts in full, others as fine as the difference to `against` needs."""
        if not _is_readable(value):
            return "?"
        if self.kind is Kind.RATIO:
            return self._written(*_rounded(100 * value, 100 * against, 2))
        if self.kind is Kind.GAUGE:
            return self._written(*_without_zeros(*_rounded(value, against, 3)))
        whole = abs(value) >= 100 or float(value).is_integer()  # noqa: PLR2004 - below it, cents matter
        return self._written(value, 0 if whole else 2)

    def about(self, value: float, against: float = math.inf) -> str:
        """What was estimated, said to be so; at least two digits, more where the difference to `against` needs them."""
        if not _is_readable(value):
            return "?"
        if value == 0:
            return f"about {self._written(0.0, 0)}"
        scale = 100 if self.kind is Kind.RATIO else 1
        return f"about {self._written(*_rounded(scale * value, scale * against, 2))}"

    def between(self, low: float, high: float, amount: float) -> str:
        """An interval around an amount, rounded as `about(amount)` is, and holding it as it is written there."""
        if not _is_readable(low, high, amount):
            return "?"
        decimals = _decimals_for(amount or high or low, 2)
        middle = round(amount, decimals)
        low, high = min(round(low, decimals), middle), max(round(high, decimals), middle)
        if self._sign_before:
            return f"{self._written(low, decimals)} to {self._written(high, decimals)}"
        return f"{self._digits(low, decimals)} to {self._written(high, decimals)}"

    def change(self, value: float, expected: float) -> str:
        """From what is usual to what is, in percent, or in points for a ratio; -100 % is said of zero only."""
        if not _is_readable(value, expected):
            return "?"
        if self.kind is Kind.RATIO:
            points = 100 * (value - expected)
            return f"{points:+,.{max(0, _decimals_for(points, 2))}f} points"
        if expected == 0:
            return "from 0"
        percent = 100 * (value - expected) / abs(expected)
        if abs(percent) >= _MANY_TIMES:
            return "a thousand times and more"
        if round(percent) == -100 and value:  # noqa: PLR2004 - percent
            return f"{max(percent, -99.9):+.1f} %"
        return f"{percent:+,.0f} %"

    @property
    def _sign_before(self) -> bool:
        return self.kind is not Kind.RATIO and self.unit in _BEFORE

    @staticmethod
    def _digits(value: float, decimals: int) -> str:
        value = value + 0.0  # turns -0.0 into 0.0
        return f"{value:,.{max(0, decimals)}f}"

    def _written(self, value: float, decimals: int) -> str:
        if self.kind is Kind.RATIO:
            return f"{self._digits(value, decimals)} %"
        if self.kind is Kind.REVENUE and decimals > 0:
            decimals = max(decimals, 2)
        if self._sign_before:
            minus = "-" if value < 0 else ""
            return f"{minus}{_BEFORE[self.unit]}{self._digits(abs(value), decimals)}"
        unit = _AFTER.get(self.unit, self.unit)
        return f"{self._digits(value, decimals)} {unit}".rstrip()


def measure_of(metric: Metric | None) -> Measure:
    """How to write a metric's numbers; one that is not known any more is written as a bare count."""
    return Measure(Kind.COUNT, "") if metric is None else Measure(metric.kind, inert(metric.unit, 20))


def chance(probability: float) -> str:
    """A probability in whole percent; never 0 or 100 of what is neither."""
    if not 0 <= probability <= 1:
        return "?"
    percent = round(100 * probability)
    if percent == 0 and probability > 0:
        return "under 1 %"
    if percent == 100 and probability < 1:  # noqa: PLR2004 - percent
        return "over 99 %"
    return f"{percent} %"


def duration(length: timedelta) -> str:
    """A length of time as fine as it helps: 45 min, 1 h 30 min, 7 h, 3 days; its sign is dropped."""
    minutes = round(abs(length.total_seconds()) / 60)
    hours, rest = divmod(minutes, 60)
    if minutes == 0:
        return "less than a minute"
    if hours == 0:
        return f"{minutes} min"
    if hours < 6 and rest:  # noqa: PLR2004 - from six hours on nobody counts minutes
        return f"{hours} h {rest} min"
    return f"{round(minutes / 60)} h" if hours < 48 else f"{round(minutes / 1440)} days"  # noqa: PLR2004 - two days
