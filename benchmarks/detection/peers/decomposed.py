"""What STL and MSTL say of the next week: the last cycle on the last level, give or take the sd of the residuals.

The robust sd (of the median deviation) was tried, too: it is that of the quiet nights, and called three times as often.
"""

import numpy as np

from benchmarks.detection.peers.harness import Outlook
from benchmarks.detection.series_files import WEEK_H, Floats

__all__ = ["SEASONAL", "STL_OPTIONS", "outlook_of"]

# The season hardly changes in ten weeks. Jumps of a tenth of each window are those of Cleveland's program and of R.
STL_OPTIONS = {"robust": True, "trend_jump": 25, "low_pass_jump": 17}
SEASONAL = 35


def outlook_of(season: Floats, trend: Floats, rest: Floats) -> Outlook:
    """The outlook from the parts of ten weeks."""
    return Outlook(season[-WEEK_H:] + trend[-1], np.full(WEEK_H, float(np.std(rest))))
