"""What a tick starts from: the store's memory, read once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detector.model.incident import Incident
from detector.model.notification import Delivery
from detector.model.state import Members, MetricState, SourceHealth
from detector.pipeline.admins import LOOKED_THROUGH
from detector.ports import Store

__all__ = ["Memory", "recall"]

RECENT_INCIDENTS = 500


@dataclass(frozen=True, slots=True)
class Memory:
    """States by metric, health by source (or metric, or channel), live incidents oldest first, and those ended lately.

    `last_at` is the tick that last came to its end, `deliveries` the newest, which tell how the channels are.
    """

    states: Mapping[str, MetricState]
    health: Mapping[str, SourceHealth]
    live: tuple[Incident, ...]
    ended: tuple[Incident, ...]
    next_number: int
    last_heard_at: datetime | None
    last_at: datetime | None = None
    deliveries: tuple[Delivery, ...] = ()
    members: Mapping[str, Members] = field(default_factory=dict)


def recall(store: Store, now: datetime) -> Memory:
    recent = store.incidents(only_live=False, limit=RECENT_INCIDENTS)
    is_all = len(recent) < RECENT_INCIDENTS
    live = recent if is_all else store.incidents(only_live=True, limit=RECENT_INCIDENTS)
    return Memory(
        states=store.metric_states(),
        health=store.source_health(),
        live=tuple(sorted((one for one in live if not one.is_over), key=lambda incident: incident.number)),
        ended=tuple(incident for incident in recent if incident.is_over),
        next_number=store.next_incident_number(),
        last_heard_at=store.last_heard_at(now),
        last_at=store.last_beat_at(),
        members=store.members(),
        deliveries=store.deliveries(only_unsent=False, limit=LOOKED_THROUGH),
    )
