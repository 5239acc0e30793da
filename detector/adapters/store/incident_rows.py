"""Incidents and their histories."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from detector.adapters.store.incident_codec import decode_incident, encode_incident
from detector.adapters.store.sql import insert_new, upsert
from detector.adapters.store.tables import incident_events, incidents
from detector.model.incident import Incident, IncidentEvent, IncidentState

__all__ = [
    "load_events",
    "load_incident",
    "load_incidents",
    "load_live",
    "next_number",
    "write_events",
    "write_incidents",
]

_LIVE = [state.value for state in IncidentState if state is not IncidentState.RESOLVED]


def load_incident(connection: Connection, number: int) -> Incident | None:
    content = connection.scalar(select(incidents.c.content).where(incidents.c.number == number))
    return None if content is None else decode_incident(json.loads(content))


def load_incidents(connection: Connection, *, only_live: bool, limit: int) -> tuple[Incident, ...]:
    statement = select(incidents.c.content).order_by(incidents.c.number.desc()).limit(limit)
    if only_live:
        statement = statement.where(incidents.c.state.in_(_LIVE))
    return tuple(decode_incident(json.loads(content)) for content in connection.scalars(statement))


def load_live(connection: Connection) -> tuple[Incident, ...]:
    live = select(incidents.c.content).where(incidents.c.state.in_(_LIVE)).order_by(incidents.c.number)
    return tuple(decode_incident(json.loads(content)) for content in connection.scalars(live))


def load_events(connection: Connection, number: int) -> tuple[IncidentEvent, ...]:
    mine = select(incident_events).where(incident_events.c.incident == number)
    ordered = mine.order_by(incident_events.c.at, incident_events.c.what)
    return tuple(IncidentEvent(**row._asdict()) for row in connection.execute(ordered))


def next_number(connection: Connection) -> int:
    return int(connection.scalar(select(func.coalesce(func.max(incidents.c.number), 0))) or 0) + 1


def write_incidents(connection: Connection, changed: Sequence[Incident]) -> None:
    rows = [
        {
            "number": incident.number,
            "team": incident.team,
            "state": incident.state.value,
            "opened_at": incident.opened_at,
            "content": json.dumps(encode_incident(incident)),
        }
        for incident in changed
    ]
    upsert(connection, incidents, rows)


def write_events(connection: Connection, events: Sequence[IncidentEvent]) -> None:
    rows = [{"incident": event.incident, "at": event.at, "what": event.what, "text": event.text} for event in events]
    insert_new(connection, incident_events, rows)
