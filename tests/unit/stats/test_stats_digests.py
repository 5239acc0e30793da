"""Whether the same is known to be the same."""

from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from detector.model.panel import Panel
from detector.stats.digests import add_follows, add_panel
from detector.stats.profile import Follows
from rhythms import a_shop

NEAR = (((1, 0.5),), ((2, 0.7),))


def of_follows(follows: Follows) -> bytes:
    digest = blake2b(digest_size=16)
    add_follows(digest, follows)
    return digest.digest()


def of_panel(panel: Panel, part: slice) -> bytes:
    digest = blake2b(digest_size=16)
    add_panel(digest, panel, part)
    return digest.digest()


def test_it_matters_of_which_series_something_is_remembered() -> None:
    """Two members that change places are other members; what is equal is the same."""
    plain = Follows(np.ones(3, dtype=bool), np.ones(3, dtype=bool), (), (), ())
    one, other = (replace(plain, near=(NEAR[a], NEAR[b], NEAR[0])) for a, b in ((0, 1), (1, 0)))  # type: ignore[arg-type]  # any values do
    assert of_follows(one) != of_follows(other)
    assert of_follows(one) == of_follows(replace(one))
    assert of_follows(one) != of_follows(plain)


@pytest.mark.parametrize("field", ["values", "known", "teaches", "is_holiday"])
def test_any_bucket_counts_that_is_asked_for_and_no_other(field: str) -> None:
    """A change in the part is seen; one behind it is not."""
    panel, part = a_shop(seed=1, days=14, series=2), slice(0, 200)
    for place, is_seen in ((199, True), (200, False)):
        changed = getattr(panel, field).copy()
        changed[..., place] = ~changed[..., place] if changed.dtype == bool else changed[..., place] + 1.0
        assert (of_panel(panel, part) != of_panel(replace(panel, **{field: changed}), part)) is is_seen
