"""The frozen list of calendars and the library that has them."""

from datetime import UTC, datetime

import holidays

from detector.config.holiday_codes import HOLIDAY_CODES
from detector.model.grid import DAY_S, grid_of
from detector.model.span import Span
from detector.stats.calendar import holiday_flags, unsettled_flags


def test_every_code_has_a_calendar() -> None:
    """What `check` accepts, a tick can look up; a later version of the library may know more."""
    known = {
        code
        for country, parts in holidays.list_supported_countries().items()
        for code in (country, *(f"{country}-{part}" for part in parts))
    }
    assert known >= HOLIDAY_CODES
    assert {"DE", "DE-BY", "US", "US-CA", "GB", "UK", "FR"} <= HOLIDAY_CODES


def test_every_code_can_be_judged_by() -> None:
    """Days off, and the days near one with the holidays of parts, are found for each of them."""
    christmas = grid_of("UTC", DAY_S, Span(datetime(2026, 12, 24, tzinfo=UTC), datetime(2026, 12, 27, tzinfo=UTC)))
    for code in sorted(HOLIDAY_CODES):
        off, near = (flags(christmas, code, ()) for flags in (holiday_flags, unsettled_flags))
        assert not (off & near).any(), code


def test_the_list_is_most_of_what_there_is() -> None:
    """A library that knows far more than the list means that the list is due."""
    countries = {country for country in holidays.list_supported_countries() if len(country) == 2}
    assert len(countries - HOLIDAY_CODES) <= 10
