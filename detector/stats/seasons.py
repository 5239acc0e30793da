"""Which seasons a series follows: the hour of the day, the day of the week, both or none."""

import numpy as np

from detector.model.metric import Kind
from detector.model.panel import Floats, Panel
from detector.model.state import Seasons
from detector.stats.layout import layout_of

__all__ = ["ASSUMED", "find_seasons", "limit_of"]

ASSUMED = Seasons(day=True, week=True)
"""Until a history is long enough to tell: a season too many costs some noise, one too few makes weekends incidents."""

_WEEK = 7
_MOST_DAYS, _LEAST_DAYS = 8 * _WEEK, 3 * _WEEK  # MSTL needs more than two of its longest period
_LEAST_KNOWN = 0.25
_HOURS = 24  # shorter buckets are put together: a season of hours is seen in hours
_CHANCE = 0.05
_CUT = 0.005  # of the values at either end: one giant order would drown a season in its remainder
_FIXED = 1001  # cycles that the season's loess spans: so many that it is the mean of the slot, and fits no noise


def find_seasons(panel: Panel, kind: Kind) -> tuple[Seasons, ...]:
    """The seasons of every series, from up to eight weeks up to the end of the panel.

    Strength is F = max(0, 1 - Var(R) / Var(S + R)) of a season S beside the remainder R of an MSTL (Wang, Smith and
    Hyndman, Data Min. Knowl. Disc. 13, 2006; Bandara, Hyndman and Bergmeir, IJOR 52, 2025); amounts are decomposed on
    the scale of their square roots, where the noise of counts is the same at night and at noon. Var is taken
    over the buckets that are known: those that are filled for the fit have no say.

    A season is there where F is above `limit_of`: what white noise reaches in one case of twenty. Deliberately no
    stricter, since to miss a season costs more than to assume one. The day of the week shows in two ways, either of
    which is enough: in the hours of the week beyond those of the day, and in the means of days.

    Args:
        panel: whole local days; what does not teach and days off are left out.
        kind: of the series.
    """
    layout = layout_of(panel.grid)
    usable = panel.known & panel.teaches & np.isfinite(panel.values) & ~panel.is_holiday
    table = layout.table(np.where(usable, panel.values, np.nan))[:, -_MOST_DAYS:]
    if layout.slots > _HOURS:
        table = _mean_over(table.reshape(*table.shape[:2], _HOURS, -1))
    return tuple(_seasons_of(_begun(days, kind), kind) for days in table)


def limit_of(season: int, rest: int) -> float:
    """What the strength of a season exceeds in one of twenty series of white noise.

    With a season of fixed means F is a share of sums of squares, which follows a beta law of half their degrees of
    freedom (Rao, Linear Statistical Inference, 1973, section 3b). The loess of the trend takes some more, so that it is
    one in ten in truth; a test simulates it.

    Args:
        season: degrees of freedom of the season: its slots, less those of the shorter season or 1.
        rest: of the remainder: known values less the slots of the longest season.
    """
    from scipy.stats import beta  # noqa: PLC0415 - costs a second that only a refit should pay

    return float(beta.ppf(1.0 - _CHANCE, season / 2.0, rest / 2.0)) if min(season, rest) > 0 else 1.0


def _begun(days: Floats, kind: Kind) -> Floats:
    """From the first day with a value on; of amounts with one that is not zero."""
    full = np.isfinite(days) & ((days != 0) | (not kind.adds_up))
    begun = full.any(axis=1)
    return days[int(begun.argmax()) :] if begun.any() else days[:0]


def _seasons_of(days: Floats, kind: Kind) -> Seasons:
    if len(days) < _LEAST_DAYS or np.isfinite(days).mean() < _LEAST_KNOWN:
        return ASSUMED
    if kind.adds_up:
        days = np.sign(days) * np.sqrt(np.abs(days))
    low, high = np.nanquantile(days, [_CUT, 1.0 - _CUT])
    days = np.clip(days, low, high)
    slots = days.shape[1]
    of_days, _ = _strengths(_mean_over(days), (_WEEK,))
    week = of_days > limit_of(_WEEK - 1, int(np.isfinite(days).any(axis=1).sum()) - _WEEK)
    if slots == 1:
        return Seasons(day=False, week=week, week_strength=of_days)
    by_slot = np.isfinite(days)
    open_slots = int(by_slot.any(axis=0).sum())
    week_slots = int(sum(by_slot[first::_WEEK].any(axis=0).sum() for first in range(_WEEK)))
    of_hours, of_week = _strengths(days.reshape(-1), (slots, _WEEK * slots))
    rest = int(by_slot.sum()) - week_slots
    return Seasons(
        day=of_hours > limit_of(open_slots - 1, rest),
        week=week or of_week > limit_of(week_slots - open_slots, rest),
        day_strength=of_hours,
        week_strength=max(of_days, of_week),
    )


def _strengths(values: Floats, periods: tuple[int, ...]) -> tuple[float, float]:
    """F of the shortest and of the longest period, by MSTL over a series whose gaps are filled."""
    import pandas as pd  # noqa: PLC0415 - three seconds with the next one that only a refit should pay
    from statsmodels.tsa.seasonal import MSTL  # noqa: PLC0415 - see above

    filled = series = pd.Series(values)
    if not np.isfinite(values).all():
        place = series.index % periods[-1]
        filled = series.fillna(series.groupby(place).transform("median")).fillna(
            series.groupby(series.index % periods[0]).transform("median")
        )
        filled = filled.fillna(series.median())
    if np.ptp(filled.to_numpy()) == 0:
        return 0.0, 0.0
    jump = max(periods[0] // 2, 1)  # loess at every so many buckets and straight lines between: thirty times as fast
    options = {
        "trend": 3 * periods[-1] | 1,
        "seasonal_deg": 0,
        "seasonal_jump": jump,
        "trend_jump": jump,
        "low_pass_jump": jump,
    }
    # A second round moves the strengths by some millionths: seasons that are means of slots are found at once.
    found = MSTL(filled, periods=periods, windows=(_FIXED,) * len(periods), iterate=1, stl_kwargs=options).fit()
    known = np.isfinite(values)
    rest = np.asarray(found.resid)[known]
    seasonal = np.asarray(found.seasonal).reshape(values.size, -1)[known]
    return _strength(seasonal[:, 0], rest), _strength(seasonal[:, -1], rest)


def _strength(season: Floats, rest: Floats) -> float:
    whole = float(np.var(season + rest))
    return max(0.0, 1.0 - float(np.var(rest)) / whole) if whole > 0 else 0.0


def _mean_over(values: Floats) -> Floats:
    """Mean over the last axis of what is known; nan where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
