"""Days off."""

from datetime import UTC, date, datetime

import pytest

from detector.model.grid import HOUR_S, grid_of
from detector.model.span import Span
from detector.stats.calendar import holiday_flags

GRID = grid_of(
    "Europe/Berlin", HOUR_S, Span(datetime(2026, 1, 4, 23, tzinfo=UTC), datetime(2026, 1, 6, 23, tzinfo=UTC))
)


def test_regional_holidays_are_known() -> None:
    """Epiphany is a holiday in Bavaria, not in all of Germany; it begins at local midnight."""
    assert holiday_flags(GRID, "DE-BY", []).tolist() == [False] * 24 + [True] * 24
    assert not holiday_flags(GRID, "DE", []).any()


def test_own_dates_count() -> None:
    """The owner's own dates are days off with and without a country."""
    assert holiday_flags(GRID, None, [date(2026, 1, 5)]).tolist() == [True] * 24 + [False] * 24
    assert holiday_flags(GRID, "de-by", [date(2026, 1, 5)]).all()


@pytest.mark.parametrize(("code", "near"), [("GR-X", "GR"), ("DE-BAY", "DE-BY"), ("UKK", "UK"), ("XQ", "X")])
def test_unknown_code_names_near_ones(code: str, near: str) -> None:
    """A wrong code is refused with codes that look like it."""
    with pytest.raises(ValueError, match=f"{code}.*{near}"):
        holiday_flags(GRID, code, [])
