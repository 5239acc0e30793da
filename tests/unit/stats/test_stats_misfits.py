"""A series that is not what it is said to be is told of, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model.grid import DAY_S, HOUR_S
from detector.model.metric import Kind
from detector.model.panel import Floats
from detector.stats.misfits import misfits
from detector.stats.readings import Readings
from rhythms import a_shop, panel_of

SHOP = a_shop(seed=2, days=30).values[0]
ONCE_A_DAY = np.where(np.arange(30 * 24) % 24 == 6, SHOP, np.nan)


def readings(values: Floats, every_s: int = HOUR_S, timezone: str = "UTC") -> Readings:
    return Readings(panel_of(values[None], every_s, timezone).grid, values)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_usual_shop_gives_no_doubt(kind: Kind) -> None:
    """Neither with gaps, refunds or empty nights, nor where most of it is zero."""
    for values in (SHOP, np.where(SHOP < 1000, np.nan, SHOP), np.where(SHOP < 3000, 0.0, SHOP), SHOP - 1500.0):
        assert misfits(readings(values), kind) == []


def test_amounts_below_zero_are_told() -> None:
    """Costs written with a minus, as revenue or as a count; a level may lie below 0."""
    (told,) = misfits(readings(-SHOP), Kind.REVENUE)
    assert told.startswith("715 of 720 values are below 0")
    assert "kind gauge" in told
    assert misfits(readings(-SHOP), Kind.COUNT)
    assert misfits(readings(-SHOP), Kind.GAUGE) == []


def test_days_in_buckets_of_hours_are_told() -> None:
    """One value a day is asked after, whatever the zone makes of its hour; days in buckets of days are not."""
    for timezone in ("UTC", "Europe/Berlin", "America/Los_Angeles"):
        (told,) = misfits(readings(ONCE_A_DAY, timezone=timezone), Kind.REVENUE)
        assert told.startswith("no day has more than one value, in buckets of 60 minutes; is each one")
        assert "--bucket 1d" in told
    assert misfits(readings(SHOP[:30], DAY_S), Kind.REVENUE) == []


def test_a_shop_of_one_hour_whose_other_hours_are_zero_is_none_of_days() -> None:
    """Its closed hours are known."""
    assert misfits(readings(np.nan_to_num(ONCE_A_DAY)), Kind.REVENUE) == []


def test_few_values_give_no_doubt() -> None:
    """Of less than two weeks of days nothing is said."""
    found = readings(ONCE_A_DAY[: 13 * 24])
    assert misfits(found, Kind.REVENUE) == []
    assert misfits(replace(found, numbers=-found.numbers), Kind.REVENUE) == []
