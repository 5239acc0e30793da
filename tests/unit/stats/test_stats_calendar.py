"""Days off."""

from datetime import UTC, date, datetime, timedelta

import pytest

from detector.model.grid import DAY_S, HOUR_S, grid_of
from detector.model.span import Span, at_epoch
from detector.stats.calendar import holiday_flags, occasions, unsettled_flags

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


def test_days_near_a_day_off_are_unsettled() -> None:
    """Christmas in Germany: the eve, the weekend beside it and the week between; then Epiphany, a holiday of parts."""
    grid = grid_of("UTC", DAY_S, Span(datetime(2026, 12, 21, tzinfo=UTC), datetime(2027, 1, 9, tzinfo=UTC)))
    unsettled = unsettled_flags(grid, "DE", [])
    days = [at_epoch(int(start)).day for start in grid.starts[unsettled]]
    assert days == [24, 27, 28, 29, 30, 31, 2, 3, 6]
    assert not (unsettled & holiday_flags(grid, "DE", [])).any()


def test_own_dates_unsettle_their_neighbours() -> None:
    """A company outing on a Wednesday makes Tuesday and Thursday doubtful, and nothing without it is."""
    grid = grid_of("UTC", DAY_S, Span(datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 5, 9, tzinfo=UTC)))
    assert unsettled_flags(grid, None, [date(2026, 5, 6)]).tolist() == [False, True, False, True, False]
    assert not unsettled_flags(grid, None, []).any()


@pytest.mark.parametrize(("code", "near"), [("GR-X", "GR"), ("DE-BAY", "DE-BY"), ("UKK", "UK"), ("XQ", "X")])
def test_unknown_code_names_near_ones(code: str, near: str) -> None:
    """A wrong code is refused with codes that look like it."""
    with pytest.raises(ValueError, match=f"{code}.*{near}"):
        holiday_flags(GRID, code, [])


@pytest.mark.parametrize(("other", "code"), [("UK", "GB"), ("DEU", "DE")])
def test_a_country_has_its_days_under_every_name(other: str, code: str) -> None:
    """What the library calls a country besides has the same days off, days near one and holidays of parts."""
    grid = grid_of("UTC", DAY_S, Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)))
    for of in (holiday_flags, unsettled_flags, occasions):
        assert of(grid, other, []).any()
        assert of(grid, other, []).tolist() == of(grid, code, []).tolist()


def test_a_holiday_is_known_by_its_name_in_every_year() -> None:
    """Easter Monday moves by weeks, and so do the days about it; own dates come back on their day of the year."""

    def numbers(first: date, own: date) -> list[int]:
        start = datetime(first.year, first.month, first.day, tzinfo=UTC)
        grid = grid_of("UTC", DAY_S, Span(start, start + timedelta(days=8)))
        return [int(one) for one in occasions(grid, "GB-ENG", [own])]

    last, this = numbers(date(2025, 4, 17), date(2025, 4, 23)), numbers(date(2026, 4, 2), date(2026, 4, 8))
    assert last[:5] == this[:5]
    assert len(set(last[:6])) == 6
    assert last[-1] != last[-2] != 0
    assert occasions(GRID, None, []).tolist() == [0] * 48
