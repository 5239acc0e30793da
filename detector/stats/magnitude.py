"""How large and how small the numbers of a business are."""

import numpy as np

from detector.model.panel import Floats

__all__ = ["cut"]

# Of larger and of smaller ones squares, and quotients of squares, leave float64.
_FURTHEST, _NEAREST = 1e75, 1e-75


def cut(values: Floats) -> Floats:
    """The same, no further from zero than any business is; what is nearer is zero, and nan stays nan."""
    return np.where(np.abs(values) < _NEAREST, 0.0, np.minimum(np.maximum(values, -_FURTHEST), _FURTHEST))
