"""What a tick is given besides the time: the ports, bundled."""

from collections.abc import Mapping
from dataclasses import dataclass

from detector.ports import MetricSource, Notifier, Progress, Store

__all__ = ["World"]


@dataclass(frozen=True, slots=True)
class World:
    """The outside, as a tick sees it; `sources` by name."""

    store: Store
    sources: Mapping[str, MetricSource]
    notifier: Notifier
    progress: Progress
