"""Seasons as JSON, and back without loss."""

import json
from typing import Any

from detector.model.state import DayOff, DaysOfMonth, Seasons

__all__ = ["decode_seasons", "encode_seasons"]


def encode_seasons(seasons: Seasons | None) -> str | None:
    if seasons is None:
        return None
    return json.dumps(
        {
            "day": seasons.day,
            "week": seasons.week,
            "day_strength": float(seasons.day_strength),
            "week_strength": float(seasons.week_strength),
            "days_off": [_day_off(one) for one in seasons.days_off],
            "days_near": [_day_off(one) for one in seasons.days_near],
            "month": None if seasons.month is None else _month(seasons.month),
        },
    )


def decode_seasons(content: str | None) -> Seasons | None:
    if content is None:
        return None
    data = json.loads(content)
    days_off, days_near = (
        tuple(
            DayOff(number, occasion, *(tuple(parts) for parts in rest)) for number, occasion, *rest in data.get(key, [])
        )
        for key in ("days_off", "days_near")
    )
    found = data.get("month")
    month = None if found is None else DaysOfMonth(found[0], *(tuple(factors) for factors in found[1:]))
    return Seasons(data["day"], data["week"], data["day_strength"], data["week_strength"], days_off, month, days_near)


def _day_off(one: DayOff) -> list[Any]:
    held = [None if part is None else float(part) for part in one.held]
    plain = [[float(part) for part in parts] for parts in (one.weekday, one.sunday, one.noise)]
    return [one.number, one.occasion, *plain, held]


def _month(one: DaysOfMonth) -> list[Any]:
    return [one.found_on, *([float(factor) for factor in factors] for factors in (one.from_first, one.from_ends))]
