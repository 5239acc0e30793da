"""The store: each promise of `ports.Store` as one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from threading import RLock

from sqlalchemy import Connection, Engine, text

from detector.adapters.store import (
    delivery_rows,
    deploy_rows,
    incident_rows,
    outcome_rows,
    state_rows,
)
from detector.adapters.store.engines import writers
from detector.adapters.store.locks import Lock, held
from detector.adapters.store.place import Place
from detector.adapters.store.tables import metadata
from detector.adapters.store.trouble import damaged, decoding, translated
from detector.model.deploy import Deploy
from detector.model.incident import Incident, IncidentEvent
from detector.model.notification import Delivery, SendResult
from detector.model.span import Span
from detector.model.state import HistoryBlock, MetricState, SourceHealth, TickChanges
from detector.model.verdict import Outcome

__all__ = ["SqlStore"]


class SqlStore:
    """Made by `open_store`; usable from several threads."""

    def __init__(self, engine: Engine, place: Place, lock: Lock, patience_s: float) -> None:
        self._engine = engine
        self._writers = writers(engine)
        self._place = place
        self._lock = lock
        self._patience_s = patience_s
        in_memory = place.path is None and not place.is_postgres
        self._turn: AbstractContextManager[object] = RLock() if in_memory else nullcontext()  # one connection for all

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self, attempted: str) -> Iterator[Connection]:
        with translated(attempted, self._place), self._turn, self._engine.begin() as connection, decoding():
            yield connection

    @contextmanager
    def _writing(self, attempted: str) -> Iterator[Connection]:
        with translated(attempted, self._place), self._turn, self._writers.begin() as connection:
            yield connection

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with held(self._lock, self._place, self._patience_s):
            yield

    # What a tick starts from

    def metric_states(self) -> Mapping[str, MetricState]:
        with self._reading("read how far the metrics are") as connection:
            return state_rows.load_states(connection)

    def history(self, metrics: Sequence[str], since: datetime) -> Mapping[str, HistoryBlock]:
        with self._reading("read the history") as connection:
            return state_rows.load_history(connection, metrics, since)

    def outcomes(self, metric: str, since: datetime) -> tuple[Outcome, ...]:
        with self._reading(f"read the outcomes of {metric}") as connection:
            return outcome_rows.load_outcomes(connection, metric, since)

    def outcome_revisions(self, metric: str, since: datetime) -> tuple[Outcome, ...]:
        """What was replaced, by bucket and in order of replacement."""
        with self._reading(f"read the earlier outcomes of {metric}") as connection:
            return outcome_rows.load_revisions(connection, metric, since)

    def last_outcomes(self) -> Mapping[str, Outcome]:
        with self._reading("read the newest outcomes") as connection:
            return outcome_rows.load_last_outcomes(connection)

    def incident(self, number: int) -> Incident | None:
        with self._reading(f"read incident {number}") as connection:
            return incident_rows.load_incident(connection, number)

    def incidents(self, *, only_live: bool, limit: int = 50) -> tuple[Incident, ...]:
        with self._reading("read the incidents") as connection:
            return incident_rows.load_incidents(connection, only_live=only_live, limit=limit)

    def incident_events(self, number: int) -> tuple[IncidentEvent, ...]:
        with self._reading(f"read the history of incident {number}") as connection:
            return incident_rows.load_events(connection, number)

    def next_incident_number(self) -> int:
        with self._reading("number an incident") as connection:
            return incident_rows.next_number(connection)

    def source_health(self) -> Mapping[str, SourceHealth]:
        with self._reading("read how the sources answer") as connection:
            return state_rows.load_health(connection)

    # What a tick writes

    def save_history(self, state: MetricState, blocks: Sequence[HistoryBlock]) -> None:
        self._lock.check()
        with self._writing(f"keep the history of {state.metric}") as connection:
            state_rows.write_states(connection, [state])
            state_rows.write_history(connection, blocks)

    def forget_history(self, metric: str) -> None:
        self._lock.check()
        with self._writing(f"forget the history of {metric}") as connection:
            state_rows.drop_history(connection, metric)

    def commit(self, changes: TickChanges) -> None:
        self._lock.check()
        with self._writing("keep what the tick found") as connection:
            state_rows.write_states(connection, changes.metrics)
            state_rows.write_history(connection, changes.history)
            outcome_rows.write_outcomes(connection, changes.outcomes, changes.at)
            incident_rows.write_incidents(connection, changes.incidents)
            incident_rows.write_events(connection, changes.events)
            delivery_rows.write_notifications(connection, changes.notifications)
            state_rows.write_health(connection, changes.sources)

    # Sending

    def due_deliveries(self, now: datetime) -> tuple[Delivery, ...]:
        with self._reading("read what is to be sent") as connection:
            return delivery_rows.load_due(connection, now)

    def begin_delivery(self, delivery: Delivery, at: datetime) -> None:
        self._lock.check()
        with self._writing(f"begin delivery {delivery.id}") as connection:
            delivery_rows.begin(connection, delivery, at)

    def end_delivery(self, delivery: Delivery, result: SendResult, at: datetime, retry_at: datetime | None) -> None:
        with self._writing(f"record what became of delivery {delivery.id}") as connection:
            delivery_rows.end(connection, delivery, result, at, retry_at)

    def next_attempt_at(self) -> datetime | None:
        with self._reading("read when to send next") as connection:
            return delivery_rows.earliest_attempt(connection)

    def deliveries(self, *, only_unsent: bool, limit: int = 50) -> tuple[Delivery, ...]:
        with self._reading("read the deliveries") as connection:
            return delivery_rows.load_deliveries(connection, only_unsent=only_unsent, limit=limit)

    # What people and pipelines say

    def add_deploy(self, report: Deploy) -> bool:
        with self._writing(f"keep the report of deploy {report.id!a:.80}") as connection:
            return deploy_rows.add_report(connection, report)

    def set_incident(self, incident: Incident, event: IncidentEvent) -> None:
        with self._writing(f"change incident {incident.number}") as connection:
            incident_rows.write_incidents(connection, [incident])
            incident_rows.write_events(connection, [event])

    # What is known of deploys

    def deploys(self, span: Span, heard_by: datetime) -> tuple[Deploy, ...]:
        with self._reading("read the deploys") as connection:
            return deploy_rows.load_changes(connection, span, heard_by)

    def last_heard_at(self, heard_by: datetime) -> datetime | None:
        with self._reading("read when a deploy was last heard of") as connection:
            return deploy_rows.last_heard(connection, heard_by)

    def last_deploy(self, heard_by: datetime) -> Deploy | None:
        """The report that arrived last."""
        with self._reading("read the last deploy heard of") as connection:
            return deploy_rows.newest_report(connection, heard_by)

    def record(self, since: datetime, heard_by: datetime) -> Mapping[str, int]:
        """How many changes of each service went live in production since then."""
        with self._reading("count the deploys") as connection:
            return deploy_rows.count_by_service(connection, since, heard_by)

    # Its state

    def verify(self) -> None:
        """Walk through a SQLite file and its indexes; reads all of it, so for the start of a daemon, not for each tick.

        Raises:
            StoreDamaged: with the first thing that is wrong.
        """
        if self._place.path is None:
            return
        with self._reading("look through the store") as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if found != "ok":
            raise damaged(self._place, str(found)[:200])

    def size_bytes(self) -> int:
        """On disk, with what is not yet folded into the file, and with indexes."""
        with self._reading("measure the store") as connection:
            if self._place.is_postgres:
                sizes = [f"pg_total_relation_size('{table}')" for table in metadata.tables]
                return int(connection.scalar(text(f"SELECT {' + '.join(sizes)}")) or 0)
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            size = int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
        path = self._place.path
        journal = path.with_name(path.name + "-wal") if path is not None else None
        return size + (journal.stat().st_size if journal is not None and journal.exists() else 0)
