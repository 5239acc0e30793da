"""What a tick is given besides the time: the ports, bundled, and the lanes in which slow things run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from detector.pipeline.announcing import Listening
from detector.pipeline.lanes import InTurn, Lanes
from detector.pipeline.pulled import Failed, Pulled
from detector.pipeline.sent import Sent
from detector.ports import MetricSource, Notifier, Progress, Store

__all__ = ["World"]


@dataclass(frozen=True, slots=True)
class World:
    """The outside, as ticks see it: `sources` by name, `reading` a lane for each, `sending` a lane for each channel.

    `listening` knows how far tables of deploys were read. A daemon's ticks share the lanes: what one of them started,
    a later one takes.
    """

    store: Store
    sources: Mapping[str, MetricSource]
    notifier: Notifier
    progress: Progress
    reading: Lanes[Pulled | Failed] = field(default_factory=InTurn)
    sending: Lanes[Sent] = field(default_factory=InTurn)
    listening: Listening = field(default_factory=Listening)
