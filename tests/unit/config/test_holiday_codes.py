"""The frozen list of calendars and the library that has them."""

import holidays

from detector.config.holiday_codes import HOLIDAY_CODES


def test_every_code_has_a_calendar() -> None:
    """What `check` accepts, a tick can look up; a later version of the library may know more."""
    known = {
        code
        for country, parts in holidays.list_supported_countries().items()
        for code in (country, *(f"{country}-{part}" for part in parts))
    }
    assert known >= HOLIDAY_CODES
    assert {"DE", "DE-BY", "US", "US-CA", "GB", "FR"} <= HOLIDAY_CODES


def test_the_list_is_most_of_what_there_is() -> None:
    """A library that knows far more than the list means that the list is due."""
    countries = {country for country in holidays.list_supported_countries() if len(country) == 2}
    assert len(countries - HOLIDAY_CODES) <= 10
