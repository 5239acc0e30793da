"""What the pipeline needs from the world. Adapters keep these promises; tests/contracts hold them to it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from detector.model.deploy import Added, Deploy, Receipt
from detector.model.feed import TableRow
from detector.model.incident import Incident, IncidentEvent
from detector.model.metric import Metric
from detector.model.notification import Delivery, Notification, SendResult
from detector.model.rows import BucketRows, MemberRows, SegmentRows
from detector.model.secret import Secret
from detector.model.span import Span
from detector.model.state import HistoryBlock, MemberBlock, Members, MetricState, SourceHealth, TickChanges
from detector.model.verdict import Outcome

__all__ = ["Clock", "DeployFeed", "MetricSource", "Notifier", "Progress", "Store", "TableSource"]


class TableSource(Protocol):
    """One database of the owners, as a table of deploys is read from it."""

    def rows(self, table: str, columns: Sequence[str], time: str, span: Span, limit: int) -> tuple[TableRow, ...]:
        """The rows whose time lies in the span, in its order; of more than `limit` the earliest.

        Raises:
            SourceError: as for a `MetricSource`.
        """
        ...


class MetricSource(TableSource, Protocol):
    """One database of the owners. Read-only, one statement a call, cut off at its deadline on client and server."""

    def read(self, metric: Metric, span: Span) -> BucketRows:
        """The metric's buckets that start inside the span and have rows.

        The span's ends are boundaries of the metric's grid.

        Raises:
            SourceError: one of its kinds; nothing partial is ever returned.
        """
        ...

    def read_segments(self, metric: Metric, column: str, spans: Sequence[Span]) -> tuple[SegmentRows, ...]:
        """The same of several spans cut by one column, in one statement; the `limit` largest segments of each.

        Raises:
            SourceError: as above.
        """
        ...

    def volumes(self, metric: Metric, span: Span, most: int) -> Mapping[str, float]:
        """How much the `most` largest values of the `each` column brought: sums, denominators of a ratio, else rows."""
        ...

    def read_members(self, metric: Metric, names: Sequence[str], span: Span) -> MemberRows:
        """What `read` says, for some values of the `each` column, in one statement; raises as it does."""
        ...

    def newest_row(self, table: str, time: str, before: datetime) -> datetime | None:
        """The newest timestamp before an instant; None when there is no row.

        Raises:
            SourceError: as above.
        """
        ...

    def probe(self, metric: Metric) -> tuple[str, ...]:
        """Ask for the metric's newest hour or so as `check --live` does; warnings, such as a role that may write.

        Raises:
            SourceError: as above.
        """
        ...


class DeployFeed(Protocol):
    """Where deploys are known from."""

    def deploys(self, span: Span, heard_by: datetime) -> tuple[Deploy, ...]:
        """Reports whose change started or finished in the span (or is running still), and that had arrived by then."""
        ...

    def last_heard_at(self, heard_by: datetime) -> datetime | None:
        """When the newest report arrived; None: there never was one."""
        ...


class Notifier(Protocol):
    """Sends to one destination."""

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        """One attempt; never raises for what a destination does. `may_repeat` adds the words `possible repeat`."""
        ...


class Clock(Protocol):
    """The one place that knows what time it is."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...

    def elapsed_s(self) -> float:
        """Seconds since some start, sleep of the machine included; nobody can set this one."""
        ...


class Progress(Protocol):
    """Shows long work on a terminal, and nothing in a pipe."""

    def step(self, text: str, done: int, total: int) -> None:
        """`done` of `total` pieces of what `text` names are finished."""
        ...


class Store(DeployFeed, Protocol):
    """The detector's own memory. Everything written has a natural unique key: a step repeated has no second effect."""

    def exclusive(self) -> AbstractContextManager[None]:
        """One tick at a time on one store.

        A delivery found `sending` inside belongs to a process that died: its fate is unknown.

        Raises:
            StoreBusy: another process is inside and did not leave in time.
        """
        ...

    def lease(self, patience_s: float = 0.0) -> AbstractContextManager[None]:
        """One daemon on one store: held for as long as it runs, also between its ticks and while messages go out.

        Raises:
            StoreBusy: another daemon has it and did not end in time.
        """
        ...

    def check_lease(self) -> None:
        """Make sure that the lease is still held; from any thread.

        Raises:
            StoreError: it was lost (the server restarted, the file was deleted); take it anew before going on.
        """
        ...

    def beat(self, at: datetime) -> None:
        """Write, durably, that a tick has come to its end: the sign of life that `last_beat_at` reads."""
        ...

    def last_beat_at(self) -> datetime | None:
        """When a tick last came to its end, in whichever process; None: never."""
        ...

    def prune(self, before: datetime) -> int:
        """Forget what was over before then: outcomes, ended incidents, messages, deploys; rows that went."""
        ...

    def backup(self, file: Path) -> int:
        """A consistent copy into a new file while others read and write; its size in bytes.

        Raises:
            StoreError: the file exists, or the store is kept on a server that has tools of its own for this.
        """
        ...

    def size_bytes(self) -> int:
        """On disk, with indexes and with what is not yet folded into the file."""
        ...

    def verify(self) -> None:
        """Look through the whole file where the store is one; once, when a daemon starts.

        Raises:
            StoreDamaged: something in it cannot be read as what it should be.
        """
        ...

    # What a tick starts from

    def metric_states(self) -> Mapping[str, MetricState]:
        """By full name."""
        ...

    def history(self, metrics: Sequence[str], since: datetime) -> Mapping[str, HistoryBlock]:
        """Buckets that start at `since` or later; metrics without any are left out."""
        ...

    def members(self) -> Mapping[str, Members]:
        """Of metrics with `each`, by full name."""
        ...

    def member_history(self, metric: str, since: datetime) -> MemberBlock | None:
        """Buckets of all members that start at `since` or later; None where there are none."""
        ...

    def outcomes(self, metric: str, since: datetime) -> tuple[Outcome, ...]:
        """Current outcomes of buckets that start at `since` or later, in order of time."""
        ...

    def outcomes_of(self, since: Mapping[str, datetime]) -> Mapping[str, tuple[Outcome, ...]]:
        """The same for many metrics, each since its own time; those without any are left out."""
        ...

    def last_outcomes(self) -> Mapping[str, Outcome]:
        """The newest current outcome of every metric."""
        ...

    def incident(self, number: int) -> Incident | None:
        """One incident, whatever its state."""
        ...

    def incidents(self, *, only_live: bool, limit: int = 50) -> tuple[Incident, ...]:
        """Newest first; live ones are those not resolved."""
        ...

    def incident_events(self, number: int) -> tuple[IncidentEvent, ...]:
        """Its history, oldest first."""
        ...

    def next_incident_number(self) -> int:
        """One more than the largest in use."""
        ...

    def source_health(self) -> Mapping[str, SourceHealth]:
        """By source; those never heard of are left out."""
        ...

    def record(self, span: Span, heard_by: datetime) -> Mapping[str, int]:
        """Number of distinct successful production deploys per service that went live in the span."""
        ...

    # What a tick writes

    def save_history(self, state: MetricState, blocks: Sequence[HistoryBlock]) -> None:
        """Keep a slice of first history at once, with how far it reaches; a later start goes on from there."""
        ...

    def forget_history(self, metric: str) -> None:
        """Drop the buckets of a metric whose query changed; outcomes and incidents stay."""
        ...

    def choose_members(self, members: Members, history: MemberBlock | None) -> None:
        """Keep who is a member from now on, with their whole history in place of what was there."""
        ...

    def forget_members(self, metric: str) -> None:
        """Drop the members of a metric that has none any more; outcomes and incidents stay."""
        ...

    def commit(self, changes: TickChanges) -> None:
        """All of it or nothing, durable on return. An outcome that differs from the current one becomes a revision."""
        ...

    # Sending

    def due_deliveries(self, now: datetime) -> tuple[Delivery, ...]:
        """Pending ones whose time has come, and `sending` ones of a process that died (marked `may_repeat`)."""
        ...

    def begin_delivery(self, delivery: Delivery, at: datetime) -> None:
        """Durable before the send: from now on its fate is unknown until `end_delivery`."""
        ...

    def end_delivery(self, delivery: Delivery, result: SendResult, at: datetime, retry_at: datetime | None) -> None:
        """Sent; or pending again until `retry_at`; or given up where that is None."""
        ...

    def next_attempt_at(self) -> datetime | None:
        """When the earliest pending delivery is due; None when nothing waits."""
        ...

    def deliveries(self, *, only_unsent: bool, limit: int = 50) -> tuple[Delivery, ...]:
        """Newest first."""
        ...

    # What people and pipelines say

    def add_deploys(self, reports: Sequence[Deploy], receipt: Receipt | None = None) -> tuple[Added, ...]:
        """Keep reports, each unique by source, id and status, in one transaction with the receipt they came by.

        A receipt that is known with the same digest changes nothing: everything in it is `KNOWN`.

        Raises:
            DeliveryReused: the receipt's delivery is known with another digest.
            DeployFeedError: a report that no database can keep.
        """
        ...

    def add_deploy(self, report: Deploy) -> bool:
        """One report; false: it was known already. Raises DeployFeedError for the same id and status otherwise said."""
        ...

    def set_incident(self, incident: Incident, event: IncidentEvent) -> None:
        """Keep what a person did to an incident, with its line of history."""
        ...
