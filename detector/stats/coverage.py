"""How wide the range of a normal bucket has to be, learned from how often earlier ranges were missed."""

import numpy as np

from detector.model.panel import Bools

__all__ = ["Reach"]

_OUTSIDE = 0.005  # of the buckets on each side
_START = 2.5758293035489004  # standard normal, two-sided 99 of 100
_LEAST, _MOST = 2.0, 9.0  # deviates: tighter ones would be found by chance, wider ones hold whatever comes
# What a miss adds, in standard deviations: after two hundred buckets inside it is gone again.
_STEP = 0.15
_MOST_A_DAY = 2.0  # misses more than are due: an outage of a day is no habit


class Reach:
    """How many deviates the range reaches down and up, so that 99 of 100 buckets lie inside; (m,) each.

    Each miss moves the limit out, each bucket inside moves it in by as much less as misses should be rarer: adaptive
    conformal inference (Gibbs and Candes, NeurIPS 34, 2021), on the limit itself in place of its level (quantile
    tracking; Angelopoulos, Candes and Tibshirani, NeurIPS 36, 2023). Whatever the law, the share outside comes to what
    is asked, but for `_LEAST`, `_MOST` and days of many misses.
    """

    def __init__(self, series: int) -> None:
        """Begin with the normal law's."""
        self.down, self.up = np.full((2, series), _START)

    def learn(self, below: Bools, above: Bools, counts: Bools) -> None:
        """Take in a day: which of its buckets lay outside, and which could have, (b, m) each."""
        due = _OUTSIDE * counts.sum(axis=0)
        most = np.ceil(due) + _MOST_A_DAY
        self.down = np.clip(self.down + _STEP * (np.minimum(below.sum(axis=0), most) - due), _LEAST, _MOST)
        self.up = np.clip(self.up + _STEP * (np.minimum(above.sum(axis=0), most) - due), _LEAST, _MOST)
