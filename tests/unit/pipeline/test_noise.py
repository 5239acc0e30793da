"""How a metric strays, by its judged buckets."""

from dataclasses import replace

import pytest

from builders import outcomes
from detector.model.metric import Kind
from detector.model.verdict import Outcome
from detector.pipeline.noise import noise_of


def judged(chance: float, wander: float) -> list[Outcome]:
    """A day whose level goes up and down, with the spread that these two make; closed hours at its end."""
    found = []
    for place, one in enumerate(outcomes("n" * 24)):
        expected = 100.0 * (1 + place % 10)
        spread = (chance * expected + (wander * expected) ** 2) ** 0.5
        found.append(replace(one, value=expected, expected=expected, spread=spread, weight=50.0))
    return [*found, *(replace(one, expected=0.0, spread=0.0) for one in outcomes("c", 24))]


def test_chance_is_told_from_slow_error() -> None:
    """Chance shrinks where more is sold; closed hours say nothing."""
    noise = noise_of(Kind.REVENUE, judged(40.0, 0.1), 20)
    assert noise is not None
    assert noise.dispersion == pytest.approx(40.0)
    assert noise.wander == pytest.approx(0.1)


def test_a_ratio_is_told_by_its_numerators() -> None:
    """Fifty trials in each bucket: sums are fifty times the ratio."""
    plain, summed = noise_of(Kind.COUNT, judged(2.0, 0.1), 20), noise_of(Kind.RATIO, judged(2.0, 0.1), 20)
    assert plain is not None
    assert summed is not None
    assert summed.dispersion == pytest.approx(50.0 * plain.dispersion)
    assert summed.wander == pytest.approx(plain.wander)
    without = [replace(one, weight=None) for one in judged(2.0, 0.1)]
    assert noise_of(Kind.RATIO, without, 20) is None


def test_where_nothing_is_known_nothing_is_said() -> None:
    """A gauge has no parts; while learning nothing is expected; an anomaly in closed hours tells nothing."""
    assert noise_of(Kind.GAUGE, judged(2.0, 0.1), 20) is None
    learning = [replace(one, expected=None, spread=None) for one in judged(2.0, 0.1)]
    assert noise_of(Kind.REVENUE, learning, 20) is None
    assert noise_of(Kind.REVENUE, judged(2.0, 0.1), 24) is None
