"""What `detector status` says of the seasons of a metric."""

import pytest

from detector.cli.following import follows
from detector.model.state import DaysOfMonth, Seasons


def with_days(factors: dict[int, float]) -> tuple[float, ...]:
    return tuple(0.95 * factors.get(day, 1.0) for day in range(1, 32))


@pytest.mark.parametrize(
    ("seasons", "said"),
    [
        (None, "taken to follow hour of day and day of week"),
        (Seasons(day=True, week=True), "taken to follow hour of day and day of week"),
        (Seasons(day=True, week=False, day_strength=0.5), "follows hour of day"),
        (Seasons(day=False, week=False), "follows neither hour of day nor day of week"),
    ],
)
def test_hour_and_weekday_are_told(seasons: Seasons | None, said: str) -> None:
    """What was found, and what is taken for granted until then; a month without such days is not mentioned."""
    assert follows(seasons) == said
    if seasons is not None:
        asked = Seasons(seasons.day, seasons.week, seasons.day_strength, month=DaysOfMonth(20_500))
        assert follows(asked) == said


@pytest.mark.parametrize(
    ("month", "said"),
    [
        (DaysOfMonth(1, with_days({1: 2.5, 15: 1.8})), "day of month (1st +150 %, 15th +80 %)"),
        (
            DaysOfMonth(1, with_days({2: 1.2, 3: 1.3, 11: 1.4, 22: 0.5})),
            "day of month (3rd +30 %, 11th +40 %, 22nd -50 %)",
        ),
        (
            DaysOfMonth(1, (), with_days({31: 2.0, 30: 1.5, 1: 0.8})),
            "day of month (1st -20 %, 2nd last +50 %, last +100 %)",
        ),
        (DaysOfMonth(1, with_days({4: 1.05})), "day of month"),
    ],
)
def test_days_of_the_month_are_named(month: DaysOfMonth, said: str) -> None:
    """The three that differ most from a plain day, in their order, from whichever end they are counted."""
    seasons = Seasons(day=True, week=True, day_strength=0.5, month=month)
    assert follows(seasons) == f"follows hour of day and day of week, and {said}"
    assert follows(Seasons(day=True, week=True, month=month)).startswith(
        "taken to follow hour of day and day of week, and"
    )
