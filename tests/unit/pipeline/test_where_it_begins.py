"""An anomaly begins with the bucket whose beginning is nearest to its onset."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from builders import a_metric, hours, outcomes
from detector.model.verdict import Outcome
from detector.pipeline.anomalies import find_parts
from detector.pipeline.judging import Judged
from detector.pipeline.pulled import Pulled
from detector.pipeline.recall import Memory


def an_empty_hour_after(came: float) -> tuple[Outcome, ...]:
    """A small shop, whose hours say little: so much of 1,000 came in the last one before it was out of range."""
    told = [replace(one, spread=250.0, low=200.0) for one in outcomes("n" * 24 + "a", -24)]
    return (*told[:-2], replace(told[-2], value=came), told[-1])


@pytest.mark.parametrize(("came", "first"), [(250.0, -1), (850.0, 0), (1000.0, 0)])
def test_it_begins_with_the_bucket_next_to_the_onset(came: float, first: int) -> None:
    """An hour in range that lost most of what it had is part of it; one that lost some minutes is not."""
    timeline = an_empty_hour_after(came)
    pulled = cast("Pulled", SimpleNamespace(metric=a_metric()))
    found = find_parts(Judged(pulled, timeline[-1:], (), (), timeline), Memory({}, {}, (), (), 1, None))
    (part,) = found.fresh
    assert part.span == hours(first, 1)
    assert part.loss.amount == pytest.approx(1000.0 + (1000.0 - came if first else 0.0))
    assert part.loss.high > part.loss.amount
