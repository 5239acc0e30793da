"""When it began, as far as the numbers tell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.model.metric import Kind
from detector.model.span import Span
from detector.model.verdict import Onset, Outcome, OutcomeKind
from detector.stats.onset import find_onset

EIGHT = datetime(2026, 3, 10, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(values: Sequence[float | None], expected: float = 4000.0, spread: float = 400.0) -> list[Outcome]:
    """Outcomes of which the last one begins at `EIGHT`."""
    begin = EIGHT - HOUR * (len(values) - 1)
    return [
        Outcome(
            metric="checkout/revenue",
            span=Span(begin + HOUR * at, begin + HOUR * (at + 1)),
            kind=OutcomeKind.NORMAL if value is not None else OutcomeKind.MISSING,
            judged_at=begin + HOUR * (at + 2),
            value=value,
            expected=expected,
            spread=spread,
        )
        for at, value in enumerate(values)
    ]


def share(onset: Onset, start: datetime, end: datetime) -> float:
    """Probability of pieces that begin in [start, end)."""
    return sum(weight for span, weight in onset.pieces if start <= span.start_at < end)


def test_empty_bucket_began_at_its_start_or_just_before() -> None:
    """Nothing from eight on and a usual hour before: it began within a quarter of an hour of eight o'clock."""
    onset = find_onset(hours([4100.0, 3900.0, 4000.0, 4050.0, 0.0]), 4, Kind.REVENUE)
    assert abs(onset.likely - EIGHT) < timedelta(minutes=10)
    assert share(onset, EIGHT - timedelta(minutes=25), EIGHT + timedelta(minutes=10)) > 0.9


def test_partial_bucket_tells_the_minute() -> None:
    """An hour that kept 40 % before an empty one: it broke 24 minutes in."""
    onset = find_onset(hours([4000.0] * 6 + [1600.0, 0.0]), 6, Kind.REVENUE)
    assert abs(onset.likely - (EIGHT - HOUR + timedelta(minutes=24))) < timedelta(minutes=6)
    assert onset.latest - onset.earliest < timedelta(minutes=40)


def test_partial_bucket_alone_leaves_the_minute_open() -> None:
    """When the newest hour is the first low one, a late total outage and an early partial one look alike."""
    onset = find_onset(hours([4000.0] * 6 + [2000.0]), 6, Kind.REVENUE)
    assert onset.latest - onset.earliest > timedelta(minutes=25)
    assert onset.earliest <= EIGHT + timedelta(minutes=15)


def test_slow_fall_may_have_begun_before_it_was_seen() -> None:
    """Three hours at 75 % before the first anomalous one hold most of the probability."""
    onset = find_onset(hours([4000.0] * 8 + [3000.0, 2900.0, 3100.0, 2900.0]), 11, Kind.REVENUE)
    assert share(onset, EIGHT - 4 * HOUR, EIGHT - 2 * HOUR) > 0.6


def test_hours_after_recovery_do_not_count() -> None:
    """The start of an outage is the same whether or not the shop is back."""
    during = hours([4000.0] * 6 + [0.0, 0.0, 4000.0, 4100.0, 3900.0])
    back = [
        Outcome(**{**{n: getattr(o, n) for n in Outcome.__slots__}, "in_range": (o.value or 0) > 3000}) for o in during
    ]
    onset = find_onset(back, 6, Kind.REVENUE)
    assert abs(onset.likely - during[6].span.start_at) < timedelta(minutes=12)


@pytest.mark.parametrize("kind", list(Kind))
def test_probabilities_are_a_distribution(kind: Kind) -> None:
    """Pieces are in order, sum to 1 and hold earliest, likely and latest; rises as well as drops."""
    for last in (0.0, 1500.0, 9000.0, 200_000.0):
        onset = find_onset(hours([4000.0, 4100.0, None, 3900.0, last]), 4, kind)
        spans = [span for span, _ in onset.pieces]
        assert spans == sorted(spans)
        assert sum(weight for _, weight in onset.pieces) == pytest.approx(1.0)
        assert spans[0].start_at <= onset.earliest <= onset.likely <= onset.latest <= spans[-1].end_at


def test_first_bucket_ever_may_be_the_one() -> None:
    """Without a bucket before, the start lies in the first one."""
    onset = find_onset(hours([0.0]), 0, Kind.REVENUE)
    assert EIGHT <= onset.earliest <= onset.latest <= EIGHT + HOUR


def test_nothing_known_means_anywhere_in_the_bucket() -> None:
    """Without expectations the distribution is flat inside the first anomalous bucket."""
    onset = find_onset(hours([None]), 0, Kind.REVENUE)
    assert {round(weight, 6) for _, weight in onset.pieces} == {round(1 / 12, 6)}


def test_unknown_bucket_is_an_error() -> None:
    """A first bucket outside of the outcomes is a mistake of the caller."""
    with pytest.raises(IndexError, match="bucket 3"):
        find_onset(hours([1.0, 2.0]), 3, Kind.COUNT)


def test_nine_of_ten_starts_lie_in_the_interval() -> None:
    """Over 200 simulated outages that begin at any minute, the interval holds 85 to 99 of 100."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        start = 6.0 + float(rng.random())
        after = np.clip(np.arange(9) + 1.0 - start, 0.0, 1.0)
        orders = rng.poisson(100.0 * (1.0 - after))
        values = [float(rng.gamma(count) * 40.0) if count else 0.0 for count in orders]
        outcomes = hours(values, spread=600.0)
        onset = find_onset(outcomes, 6 if values[6] < 3000 else 7, Kind.REVENUE)
        true = outcomes[0].span.start_at + start * HOUR
        held += onset.earliest <= true <= onset.latest
    assert 170 <= held <= 198


def test_closed_hours_before_it_say_nothing() -> None:
    """A night in which nothing is expected and nothing varies leaves the start where the open hours put it."""
    night = hours([0.0] * 6 + [4000.0, 0.0])
    closed = [replace(outcome, expected=0.0, spread=0.0) for outcome in night[:6]]
    onset = find_onset([*closed, *night[6:]], 7, Kind.REVENUE)
    assert abs(onset.likely - EIGHT) < timedelta(minutes=10)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(("value", "usual"), [(1e300, 4000.0), (0.0, 1e-300), (1e12, 1e12), (-1e300, 1e-12)])
def test_no_number_is_too_large_or_too_small(kind: Kind, value: float, usual: float) -> None:
    """Whatever a source makes of a bucket, its onset is a distribution, and no warning (they are errors here)."""
    onset = find_onset(hours([usual] * 9 + [value] * 3, usual, 0.1 * usual), 9, kind)
    assert sum(weight for _, weight in onset.pieces) == pytest.approx(1.0)
