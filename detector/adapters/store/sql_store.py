"""The store: each promise of `ports.Store` as one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from threading import RLock

from sqlalchemy import Connection, Engine

from detector.adapters.store import (
    beat_rows,
    delivery_rows,
    deploy_rows,
    incident_rows,
    member_rows,
    outcome_rows,
    state_rows,
)
from detector.adapters.store.copying import copy_file, refuse_on_server
from detector.adapters.store.engines import writers
from detector.adapters.store.locks import Lock, held
from detector.adapters.store.measuring import size_of
from detector.adapters.store.place import Place
from detector.adapters.store.pruning import prune
from detector.adapters.store.trouble import damaged, decoding, translated
from detector.adapters.store.turns import Turns
from detector.errors import DeployFeedError, StoreError
from detector.model.deploy import Added, Deploy, Receipt, Recorded
from detector.model.incident import Incident, IncidentEvent
from detector.model.notification import Delivery, SendResult
from detector.model.span import Span
from detector.model.state import HistoryBlock, MemberBlock, Members, MetricState, SourceHealth, TickChanges
from detector.model.verdict import Outcome

__all__ = ["SqlStore"]


class SqlStore:
    """Made by `open_store`; usable from several threads."""

    def __init__(self, engine: Engine, place: Place, lock: Lock, lease: Lock, patience_s: float) -> None:
        self._engine = engine
        self._writers = writers(engine)
        self._place = place
        self._lock = lock
        self._lease = lease
        self._had_lease = False
        self._patience_s = patience_s
        in_memory = place.path is None and not place.is_postgres
        self._turn: AbstractContextManager[object] = RLock() if in_memory else nullcontext()  # one connection for all
        self._turn_to_write: AbstractContextManager[object] = Turns(place) if place.path is not None else self._turn

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self, attempted: str) -> Iterator[Connection]:
        with translated(attempted, self._place), self._turn, self._engine.begin() as connection, decoding():
            yield connection

    @contextmanager
    def _writing(self, attempted: str) -> Iterator[Connection]:
        with translated(attempted, self._place), self._turn_to_write, self._writers.begin() as connection:
            yield connection

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with held(self._lock, self._place, self._patience_s):
            yield

    @contextmanager
    def lease(self, patience_s: float = 0.0) -> Iterator[None]:
        with held(self._lease, self._place, patience_s):
            self._had_lease = True
            yield

    def check_lease(self) -> None:
        if not self._lease.is_held:
            raise StoreError(f"this process has no lease of the store ({self._place.label}); take it before going on")
        self._lease.check()

    # What a tick starts from

    def metric_states(self) -> Mapping[str, MetricState]:
        with self._reading("read how far the metrics are") as connection:
            return state_rows.load_states(connection)

    def history(self, metrics: Sequence[str], since: datetime) -> Mapping[str, HistoryBlock]:
        with self._reading("read the history") as connection:
            return state_rows.load_history(connection, metrics, since)

    def members(self) -> Mapping[str, Members]:
        with self._reading("read who is a member") as connection:
            return member_rows.load_members(connection)

    def member_history(self, metric: str, since: datetime) -> MemberBlock | None:
        with self._reading(f"read the members' history of {metric}") as connection:
            return member_rows.load_member_history(connection, metric, since)

    def outcomes(self, metric: str, since: datetime) -> tuple[Outcome, ...]:
        with self._reading(f"read the outcomes of {metric}") as connection:
            return outcome_rows.load_outcomes(connection, metric, since)

    def outcomes_of(self, since: Mapping[str, datetime]) -> Mapping[str, tuple[Outcome, ...]]:
        with self._reading("read the outcomes of many metrics") as connection:
            return outcome_rows.load_outcomes_of(connection, since)

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

    def choose_members(self, members: Members, history: MemberBlock | None) -> None:
        self._lock.check()
        with self._writing(f"keep who is a member of {members.metric}") as connection:
            member_rows.replace_members(connection, members, history)

    def forget_members(self, metric: str) -> None:
        self._lock.check()
        with self._writing(f"forget the members of {metric}") as connection:
            member_rows.drop_members(connection, metric)

    def commit(self, changes: TickChanges) -> None:
        self._lock.check()
        with self._writing("keep what the tick found") as connection:
            state_rows.write_states(connection, changes.metrics)
            state_rows.write_history(connection, changes.history)
            member_rows.write_member_history(connection, changes.members, changes.member_history)
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
        if self._had_lease:  # who has it now takes every delivery that is under way for one of the dead
            self.check_lease()
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

    def add_deploys(self, reports: Sequence[Deploy], receipt: Receipt | None = None) -> tuple[Added, ...]:
        first = f" {reports[0].id!a:.80}" if reports else ""
        with self._writing(f"keep the report of deploy{first}") as connection:
            return deploy_rows.add_reports(connection, reports, receipt)

    def add_deploy(self, report: Deploy) -> bool:
        (added,) = self.add_deploys([report])
        if added.recorded is Recorded.CONFLICT:
            raise DeployFeedError(added.why)
        return added.recorded is Recorded.NEW

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

    def record(self, span: Span, heard_by: datetime) -> Mapping[str, int]:
        """How many changes of each service went live in production in the span."""
        with self._reading("count the deploys") as connection:
            return deploy_rows.count_by_service(connection, span, heard_by)

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
        with self._reading("measure the store") as connection:
            return size_of(connection, self._place)

    def beat(self, at: datetime) -> None:
        with self._writing("keep that a tick has ended") as connection:
            beat_rows.write_beat(connection, at)

    def last_beat_at(self) -> datetime | None:
        with self._reading("read when a tick last ended") as connection:
            return beat_rows.load_beat(connection)

    def prune(self, before: datetime) -> int:
        return prune(self._reading, self._writing, before)

    def backup(self, file: Path) -> int:
        with self._reading(f"back the store up into {file}") as connection:
            if self._place.is_postgres:
                raise refuse_on_server(connection, self._place, file)
            return copy_file(connection, self._place, file)
