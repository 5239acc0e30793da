"""Seasons as JSON, and back without loss."""

import json

from detector.model.state import Seasons

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
        },
    )


def decode_seasons(content: str | None) -> Seasons | None:
    if content is None:
        return None
    data = json.loads(content)
    return Seasons(data["day"], data["week"], data["day_strength"], data["week_strength"])
