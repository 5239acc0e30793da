"""Faults: what they take, and where one may begin so that a good scorer could notice it."""

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.series_files import WARM_UP_H, Bools, Floats, Ints, Series

__all__ = ["FAULTS", "Fault", "Fit", "break_series", "places"]

_DAY_H = 24
_NEIGHBOURS = 4  # weeks before and after that say what an hour of the week usually holds
_VISIBLE, _FAINT = 6.0, 4.0  # sd of the sums over three and six hours that a full outage takes
_TO_SD = 1.4826  # of a median absolute deviation, where the law is normal


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to sales.

    Attributes:
        kept: share that is left of each hour, in order; above 1 is counted more than once.
        within_h: found in that many hours is found in time.
        sparse: begins where few orders are usual.
        mid_hour: begins 10 to 50 minutes into its first hour.
        on: the side on which it shows.
    """

    kept: tuple[float, ...]
    within_h: int = 3
    sparse: bool = False
    mid_hour: bool = False
    on: str = "drop"


FAULTS = {
    "outage": Fault((0.0,) * 6),
    "partial": Fault((0.5, *(0.0,) * 5), mid_hour=True),
    "half": Fault((0.5,) * 6),
    "third": Fault((0.7,) * 6),
    "fifth": Fault((0.8,) * 6),
    "leak": Fault((0.95, 0.85, 0.75, 0.65, 0.55, 0.45, *(0.4,) * 6), within_h=9),  # three hours after its full size
    "sparse": Fault((0.0,) * 12, within_h=6, sparse=True),
    "double": Fault((2.0,) * 6, on="rise"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Hours in which a fault may begin: `busy` for most, `sparse` for outages where few orders come."""

    busy: Bools
    sparse: Bools


def places(series: Series) -> Fit:
    """Where a fault would be a fair question.

    Each of the first three hours usually holds something and truly holds at least half of it; nothing is missing from
    an hour before to six hours after; a full outage takes six sd of the usual sums of three hours, or, if it does not,
    four sd of the sums of six. Usual is the median of the same hour of the four weeks before and after, its sd follows
    from their absolute deviations, and is not below what the whole series has where it expects as much.
    """
    slots, values = series.slots(), series.values
    usual = np.nan_to_num(np.nanmedian(_around(_filled(values), slots), axis=1))
    real = np.nan_to_num(values)
    fair = _next(np.roll(values, 1), 7)
    for ahead in range(3):
        fair &= (np.roll(usual, -ahead) > 0) & (np.roll(real, -ahead) >= np.roll(usual, -ahead) / 2)
    fair[: WARM_UP_H + _DAY_H] = False
    fair[-2 * _DAY_H :] = False
    unit = unit_of(series)
    busy = fair & (_depth(real, slots, 3, unit) >= _VISIBLE)
    return Fit(busy, fair & ~busy & (_depth(real, slots, 6, unit) >= _FAINT))


def unit_of(series: Series) -> float:
    """Variance of an hour for each unit of its mean, over the whole series: about 1 for orders that come by chance.

    The median of the squared deviations from what is usual, over it; 0.455 is the median of a chi-square with one
    degree of freedom.
    """
    values = _filled(series.values)
    usual = np.nan_to_num(np.nanmedian(_around(values, series.slots()), axis=1))
    open_ = usual > 0
    unit = float(np.median((values - usual)[open_] ** 2 / usual[open_])) / 0.455 if open_.any() else 0.0
    return max(unit, 1.0) if series.kind == "count" or unit == 0 else unit


def _filled(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def _next(values: Floats, hours: int) -> Bools:
    """None of that many hours from here on is missing."""
    gone = np.concatenate([[0], np.cumsum(~np.isfinite(values)), np.full(hours, np.isnan(values).sum())])
    whole: Bools = gone[hours : hours + values.size] == gone[: values.size]
    return whole


def _around(values: Floats, slots: Ints) -> Floats:
    """The same hour of the weeks around each hour, (n, 8); nan beyond the ends."""
    table = np.full((values.size, 2 * _NEIGHBOURS), np.nan)
    steps = [step for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1) if step]
    for slot in np.unique(slots):
        at = np.flatnonzero(slots == slot)
        padded = np.concatenate([np.full(_NEIGHBOURS, np.nan), values[at], np.full(_NEIGHBOURS, np.nan)])
        for column, step in enumerate(steps):
            table[at, column] = padded[_NEIGHBOURS + step : _NEIGHBOURS + step + at.size]
    return table


def _depth(values: Floats, slots: Ints, hours: int, unit: float) -> Floats:
    """How many sd a full outage takes from the sum of the next hours."""
    sums = np.convolve(values, np.ones(hours))[hours - 1 :]
    around = _around(sums, slots)
    middle = np.nan_to_num(np.nanmedian(around, axis=1))
    spread = _TO_SD * np.nan_to_num(np.nanmedian(np.abs(around - middle[:, None]), axis=1))
    depth: Floats = middle / np.maximum(spread, np.sqrt(unit * np.maximum(middle, unit)))
    return depth


def break_series(rng: np.random.Generator, series: Series, fault: Fault, at: int, orders: Floats | None) -> Floats:
    """The values with a fault that begins in hour `at`. Orders are lost one by one, and revenue with them.

    Args:
        rng: chance.
        series: the one that is broken.
        fault: what happens.
        at: hour of the series.
        orders: behind each hour; where they are not known, revenue is taken for as many as its unrest suggests.
    """
    values = series.values.copy()
    kept = list(fault.kept)
    if fault.mid_hour:
        kept[0] = float(rng.uniform(10, 50)) / 60
    if orders is None:
        orders = values if series.kind == "count" else np.ceil(values / unit_of(series))
    for hour, share in enumerate(kept, start=at):
        count = int(np.rint(orders[hour])) if np.isfinite(orders[hour]) else 0
        if share > 1 or count <= 0:
            values[hour] *= share
        else:
            left = int(rng.binomial(count, share))
            values[hour] = left if series.kind == "count" else round(float(values[hour]) * left / count, 2)
    return values
