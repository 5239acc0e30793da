"""Runs of anomalous buckets: where one begins, what continues it, and when it is over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from detector.model.verdict import Outcome, OutcomeKind

__all__ = ["NORMAL_TO_RESOLVE", "Run", "follow", "unite"]

NORMAL_TO_RESOLVE = 2
"""Two normal buckets in a row end a run (product.md): one alone is as often a gasp as a recovery."""

BACK_HALF_WAY = 0.5
"""A value in range counts as recovered once at least half of what was lost is back. A slow leak stays inside the range
of single buckets all the time, and would otherwise be declared over while it goes on."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of anomalous buckets of one metric.

    Attributes:
        start_at: start of the first anomalous bucket; `end_at`: end of the newest anomalous one.
        value, expected: their sums over the anomalous buckets.
        by_bound: a hard bound opened it while nothing was known of what is usual.
        normal_in_a_row: recovered buckets since `end_at`.
        ended_at: `end_at` once it is over, else None.
    """

    start_at: datetime
    end_at: datetime
    value: float
    expected: float
    by_bound: bool = False
    normal_in_a_row: int = 0
    ended_at: datetime | None = None

    @property
    def is_drop(self) -> bool:
        """Below what is usual, or above."""
        return self.value <= self.expected

    def is_recovered_by(self, outcome: Outcome) -> bool:
        """A real value in range, and at least half way back from what the run lost (or gained)."""
        if self.by_bound and outcome.kind is OutcomeKind.LEARNING:
            return outcome.value is not None  # still nothing is usual; the bound alone says that it is back
        if not outcome.in_range or outcome.value is None or outcome.expected is None:
            return False
        if outcome.kind is OutcomeKind.NORMAL or self.expected == 0:
            return True
        usual = outcome.expected * self.value / self.expected
        gone = outcome.expected - usual
        return gone == 0 or (outcome.value - usual) / gone >= BACK_HALF_WAY


def follow(outcomes: Iterable[Outcome], run: Run | None = None) -> tuple[Run, ...]:
    """Every run among outcomes in order of time, oldest first; only the last one can still be alive.

    Args:
        outcomes: in order of time.
        run: one that is alive before them.

    Closed, missing, late, learning, skipped and error buckets neither end nor continue a run.
    """
    over: list[Run] = []
    for outcome in outcomes:
        if run is None:
            run = _opened(outcome)
            continue
        if run.is_recovered_by(outcome):
            run = replace(run, normal_in_a_row=run.normal_in_a_row + 1)
        elif outcome.kind is OutcomeKind.ANOMALOUS:
            run = _extended(run, outcome)
        if run.normal_in_a_row >= NORMAL_TO_RESOLVE:
            over.append(replace(run, ended_at=run.end_at))
            run = None
    return (*over, run) if run else tuple(over)


def unite(runs: Sequence[Run]) -> Run | None:
    """One run from the first to the last of several that belong to one anomaly; None for none of them."""
    if not runs:
        return None
    first, last = runs[0], runs[-1]
    return replace(
        last,
        start_at=first.start_at,
        value=sum(run.value for run in runs),
        expected=sum(run.expected for run in runs),
        by_bound=first.by_bound,
    )


def _opened(outcome: Outcome) -> Run | None:
    if outcome.kind is not OutcomeKind.ANOMALOUS:
        return None
    value, expected = outcome.value or 0.0, outcome.expected or 0.0
    return Run(outcome.span.start_at, outcome.span.end_at, value, expected, by_bound=outcome.expected is None)


def _extended(run: Run, outcome: Outcome) -> Run:
    return replace(
        run,
        end_at=outcome.span.end_at,
        value=run.value + (outcome.value or 0.0),
        expected=run.expected + (outcome.expected or 0.0),
        normal_in_a_row=0,
    )
