"""Whether the onset lies where the damage of a deploy would begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from detector.linking.candidates import Candidate, hours_after_onset
from detector.linking.lag import parts_distribution
from detector.linking.question import Question
from detector.model.deploy import DeployKind
from detector.model.panel import Floats
from detector.model.span import Span

__all__ = ["Timing", "timing_of"]

_FOLLOWED_FACTOR, _TAKEN_BACK_FACTOR = 0.7, 0.05
"""What is left of a version's hazard once another one has taken its place. A later version mostly carries the change
on, so that only what a restart heals is gone; a rollback takes it away but for damaged data and caches. Guesses;
Gandalf (NSDI 2020) and Sentry's issue list tell how often a version is blamed that had gone."""

_LEAST_PER_HOUR = 1e-6  # of a candidate that nothing fits: its log must be a number
_SHORTEST = timedelta(minutes=1)  # an onset known to the instant is taken for the minute that begins with it


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """How well each candidate's time fits.

    Attributes:
        spans: the onset's pieces, in order of time.
        shares: their chances by the numbers alone, shape (pieces,).
        density: of the lag per hour in each piece, what replaced the candidate counted in, shape (candidates, pieces).
        per_hour: mean density over the onset, as if it had not been replaced.
        kept: what being replaced leaves of that, as a part.
    """

    spans: tuple[Span, ...]
    shares: Floats
    density: Floats
    per_hour: tuple[float, ...]
    kept: tuple[float, ...]

    def pieces_given(self, chances: Sequence[float], no_deploy: float) -> tuple[tuple[Span, float], ...]:
        """The onset's pieces given how likely each candidate is to have begun it; their shares sum to about 1."""
        whole = self.density @ self.shares
        per_cause = self.density / np.maximum(whole, 1e-300)[:, None]
        hazard = no_deploy + (np.array(chances) @ per_cause if chances else 0.0)
        return tuple(zip(self.spans, (self.shares * hazard).tolist(), strict=True))


def timing_of(question: Question, candidates: Sequence[Candidate]) -> Timing:
    """Weigh every candidate against every piece of the onset."""
    onset = question.onset
    pieces = onset.pieces or ((Span(onset.earliest, onset.latest), 1.0),)
    spans = tuple(Span(one.start_at, max(one.end_at, one.start_at + _SHORTEST)) for one, _ in pieces)
    starts = np.array([hours_after_onset(question, span.start_at) for span in spans])
    ends = np.array([hours_after_onset(question, span.end_at) for span in spans])
    shares = np.array([share for _, share in pieces], dtype=np.float64)
    shares = shares / shares.sum()
    if not candidates:
        return Timing(spans, shares, np.zeros((0, shares.size)), (), ())
    exposures = [one.exposure for one in candidates]
    replaced = np.array([one.replaced_at_h for one in candidates])[:, None]
    parts = np.array(question.experience.lag_shares)
    edges = np.append(starts, ends[-1]) if np.array_equal(starts[1:], ends[:-1]) else None

    def mass(first: Floats, last: Floats) -> Floats:
        inside: Floats = parts_distribution(exposures, last) - parts_distribution(exposures, first)
        return inside

    by_part = (
        np.diff(parts_distribution(exposures, edges[None, :]))
        if edges is not None
        else mass(starts[None, :], ends[None, :])
    )
    whole = np.tensordot(parts, by_part, axes=1)
    left = np.array([_left_of(one) for one in candidates])[:, None]
    if np.all(replaced[:, 0] >= ends[-1]):
        live = whole
    else:
        before = mass(np.minimum(starts[None, :], replaced), np.minimum(ends[None, :], replaced))
        kept = np.tensordot(parts, before, axes=1)
        live = kept + left * (whole - kept)
    width = ends - starts
    plain, fine = (whole / width) @ shares, (live / width) @ shares
    return Timing(
        spans,
        shares,
        live / width,
        tuple(np.maximum(plain, _LEAST_PER_HOUR).tolist()),
        tuple(np.clip(fine / np.maximum(plain, _LEAST_PER_HOUR), 1e-6, 1.0).tolist()),
    )


def _left_of(candidate: Candidate) -> float:
    by = candidate.replaced_by
    return _TAKEN_BACK_FACTOR if by is not None and by.kind is DeployKind.ROLLBACK else _FOLLOWED_FACTOR
