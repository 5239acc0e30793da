"""`each`: every country is a series of its own beside the whole, from tick to tick."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from builders import a_metric
from detector.model.incident import Incident, IncidentState
from detector.model.metric import Member, ShortForm
from detector.model.verdict import OutcomeKind
from worlds import Sales, Scene, a_scene, rhythm, utc

SHARES = {"DE": 0.05, "AT": 0.33, "FR": 0.27, "IT": 0.21, "ES": 0.14}
QUERY = ShortForm("payments", "paid_at", "sum(amount)", each="country")
REVENUE = a_metric(timezone="UTC", query=QUERY)


def due(day: int, hour: int) -> datetime:
    """Six minutes past: the hour before has closed."""
    return utc(day, hour, 6)


def country(name: str, *dead: tuple[datetime, datetime], left: float = 0.0) -> Sales:
    """Its share of the usual hour with noise of its own, but for stretches in which only a part is left."""

    def sold(at: datetime) -> float | None:
        noise = rhythm(at.replace(year=2000 + sum(map(ord, name)) % 20)) / (1000.0 if 6 <= at.hour < 20 else 100.0)
        part = left if any(start <= at < end for start, end in dead) else 1.0
        return rhythm(at) * SHARES.get(name, 0.1) * noise * part if part else None

    return sold


def whole_of(countries: Mapping[str, Sales]) -> Sales:
    return lambda at: sum(sold(at) or 0.0 for sold in countries.values()) or None


@contextmanager
def a_shop(
    folder: Path, dead: Mapping[str, tuple[tuple[datetime, datetime], ...]], metric: object = REVENUE, **sold: Sales
) -> Iterator[Scene]:
    """A shop in five countries, of which some have hours without a sale."""
    countries = {name: country(name, *dead.get(name, ())) for name in SHARES} | sold
    assert isinstance(metric, type(REVENUE))
    with a_scene(folder, metric, sales={metric.name: whole_of(countries)}) as scene:
        scene.source.members[metric.name] = countries
        yield scene


def incidents(scene: Scene) -> tuple[Incident, ...]:
    return scene.world.store.incidents(only_live=False)


def titles(scene: Scene) -> list[str]:
    return [notification.title for _, notification, _ in scene.post.got]


def test_a_country_that_dies_alone_is_told(tmp_path: Path) -> None:
    """Five of a hundred stop: the whole hardly moves, the country opens an incident, and ends it."""
    with a_shop(tmp_path, {"DE": ((utc(10, 9), utc(10, 13)),)}) as scene:
        scene.ticks(due(10, 8), 10)
        (incident,) = incidents(scene)
        assert [(part.metric, part.member) for part in incident.metrics] == [(REVENUE.name, Member("country", "DE"))]
        assert incident.state is IncidentState.RESOLVED
        opened, over = titles(scene)
    assert opened.startswith("Checkout revenue for country=DE is 0 € - usually about ")
    assert opened.endswith(" from 09:00 to 10:00 (-100 %)")
    assert over.startswith("Checkout revenue for country=DE is back to usual - about ")
