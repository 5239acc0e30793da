"""What Prometheus reads. Few label values, all of them from detector.yml or from this file: never a metric's name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from detector import __version__
from detector.errors import SourceError
from detector.model.deploy import Added
from detector.model.feed import TableRow
from detector.model.incident import IncidentState
from detector.model.metric import Metric
from detector.model.notification import Delivery, DeliveryStatus, Notification, SendResult
from detector.model.rows import BucketRows, MemberRows, SegmentRows
from detector.model.rulebook import RuleBook
from detector.model.secret import Secret
from detector.model.span import Span
from detector.model.tick import TickReport
from detector.ports import MetricSource, Notifier, Store

__all__ = ["CONTENT_TYPE", "Telemetry"]

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_LOOKED_THROUGH = 1000
_MOST_VALUES = 200
_OTHER = "other"

T = TypeVar("T")


class Telemetry:
    """Counts in a registry of its own. Its methods may be called from any thread."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        """`monotonic_s` times queries and sends."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped there
        self.registry = CollectorRegistry()
        self._monotonic_s = monotonic_s
        self._seen: dict[str, set[str]] = {}
        ProcessCollector(registry=self.registry)
        gauge, counter, histogram = self._gauge, self._counter, self._histogram
        self._build = gauge("build_info", "1, with the version of the detector.", "version")
        self._lag = gauge("tick_lag_seconds", "From the newest tick's minute to its start.")
        self._tick_seconds = histogram("tick_duration_seconds", "How long a tick took.")
        self._last_tick = gauge("last_tick_timestamp_seconds", "When a tick last came to its end.")
        self._ticks = counter(
            "ticks_total", "Ticks: ended, failed or broken; minutes without one: missed or still_running.", "result"
        )
        self._query_seconds = histogram("query_duration_seconds", "Queries of metrics, failed ones too.", "source")
        self._source_errors = counter("source_errors_total", "Queries that failed, by kind of error.", "source", "kind")
        self._outcomes = counter("outcomes_total", "Buckets judged, revisions included.", "kind")
        self._incidents = gauge("incidents", "Incidents that are not resolved, by state.", "state")
        self._decided = counter("messages_total", "Messages decided on.", "reason")
        self._sends = counter("sends_total", "Attempts to send: sent, failed, unknown or refused.", "team", "result")
        self._send_seconds = histogram("send_duration_seconds", "Attempts to send, failed ones too.")
        self._outbox = gauge("outbox_deliveries", "Deliveries that have neither arrived nor been given up.")
        self._outbox_age = gauge("outbox_oldest_age_seconds", "Age of the oldest message in the outbox; 0 when empty.")
        self._deploys = counter("deploy_reports_total", "Reports of deploys.", "feed", "result")
        self._refused = counter("requests_refused_total", "HTTP requests that were refused.", "reason")
        self._reloads = counter("reloads_total", "Loads of the configuration: loaded or refused.", "result")
        self._metrics = gauge("rules_metrics", "Metrics that are watched.")
        self._faults = gauge("rules_faults", "Mistakes in the rule files as they stand now.")
        self._store_bytes = gauge("store_bytes", "Size of the store, where it can be told.")
        self._busy = gauge("busy_lanes", "Sources and channels still busy with what an earlier tick began.", "kind")
        self._pings = counter("pings_total", "Pings of the dead man's switch: taken or not_taken.", "kind", "result")
        self._start()

    def _start(self) -> None:
        """What can be zero says so from the beginning, so that an increase of it is one."""
        self._build.labels(__version__).set(1)
        for result in ("ended", "failed", "broken", "missed", "still_running"):
            self._ticks.labels(result)
        for result in ("loaded", "refused"):
            self._reloads.labels(result)
        for state in IncidentState:
            if state is not IncidentState.RESOLVED:
                self._incidents.labels(str(state))

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"detector_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"detector_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"detector_{name}", text, labels, registry=self.registry, buckets=_SECONDS)

    # Ticks

    def tick_lag(self, seconds: float) -> None:
        self._lag.set(seconds)

    def tick_ended(self, report: TickReport, seconds: float, ended_at: datetime) -> None:
        self._ticks.labels("ended").inc()
        self._tick_seconds.observe(seconds)
        self._last_tick.set(ended_at.timestamp())
        for outcome in report.outcomes:
            self._outcomes.labels(str(outcome.kind)).inc()
        for told in report.notifications:
            self._decided.labels(str(told.reason)).inc()
        channels = sum(", channel " in lane for lane in report.waiting)
        self._busy.labels("channel").set(channels)
        self._busy.labels("source").set(len(report.waiting) - channels)

    def tick_failed(self) -> None:
        self._ticks.labels("failed").inc()

    def tick_overran(self, how: str) -> None:
        """`how` is `missed`, `still_running` or `broken`."""
        self._ticks.labels(how).inc()

    def look_at(self, store: Store, now: datetime) -> None:
        """Read what stands in the store; after a tick.

        Raises:
            StoreError: it cannot be read.
        """
        live = store.incidents(only_live=True, limit=_LOOKED_THROUGH)
        for state in IncidentState:
            if state is not IncidentState.RESOLVED:
                self._incidents.labels(str(state)).set(sum(one.state is state for one in live))
        self.outbox(store.deliveries(only_unsent=True, limit=_LOOKED_THROUGH), now)
        self._store_bytes.set(store.size_bytes())

    def outbox(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        on_their_way = {DeliveryStatus.PENDING, DeliveryStatus.SENDING}
        written = [one.notification.created_at for one in deliveries if one.status in on_their_way]
        self._outbox.set(len(written))
        self._outbox_age.set(max((now - min(written)).total_seconds(), 0.0) if written else 0.0)

    # Configuration

    def loaded(self, book: RuleBook) -> None:
        self._reloads.labels("loaded").inc()
        self._metrics.set(len(book.metrics))
        self._faults.set(len(book.faults))

    def not_loaded(self, faults: int) -> None:
        """The files as they stand now are refused; what was loaded before goes on."""
        self._reloads.labels("refused").inc()
        self._faults.set(faults)

    # HTTP and pings

    def deploys_reported(self, feed: str, added: Iterable[Added]) -> None:
        for one in added:
            self._deploys.labels(self._few("feed", feed), one.recorded.name.lower()).inc()

    def request_refused(self, reason: str) -> None:
        """`reason` is one of few words of ours, such as `signature`, never text of the request."""
        self._refused.labels(self._few("reason", reason)).inc()

    def pinged(self, kind: str, result: str) -> None:
        self._pings.labels(kind, result).inc()

    # Sources and channels

    def watched(self, name: str, source: MetricSource) -> MetricSource:
        """The same source, timed and counted."""
        return _WatchedSource(name, source, self)

    def watched_notifier(self, notifier: Notifier) -> Notifier:
        """The same notifier, timed and counted."""
        return _WatchedNotifier(notifier, self)

    def ask(self, source: str, query: Callable[[], T]) -> T:
        """Time a query, and count what it fails with."""
        began_s = self._monotonic_s()
        try:
            return query()
        except SourceError as error:
            self._source_errors.labels(source, type(error).__name__).inc()
            raise
        finally:
            self._query_seconds.labels(source).observe(self._monotonic_s() - began_s)

    def post(self, team: str, send: Callable[[], SendResult]) -> SendResult:
        """Time an attempt to send, and count what came of it."""
        began_s = self._monotonic_s()
        result = send()
        self._send_seconds.observe(self._monotonic_s() - began_s)
        self._sends.labels(team, _named(result)).inc()
        return result

    def _few(self, label: str, value: str) -> str:
        """The value, as long as there are few of its label: whoever sends requests must not fill the memory."""
        seen = self._seen.setdefault(label, set())
        if value not in seen and len(seen) >= _MOST_VALUES:
            return _OTHER
        seen.add(value)
        return value

    def render(self) -> bytes:
        """The answer of /metrics; its content type is `CONTENT_TYPE`."""
        return generate_latest(self.registry)


def _named(result: SendResult) -> str:
    if result.ok:
        return "sent"
    if result.fate_unknown:
        return "unknown"
    return "refused" if result.permanent else "failed"


class _WatchedSource:
    def __init__(self, name: str, source: MetricSource, telemetry: Telemetry) -> None:
        self._name, self._source, self._telemetry = name, source, telemetry

    def read(self, metric: Metric, span: Span) -> BucketRows:
        return self._telemetry.ask(self._name, lambda: self._source.read(metric, span))

    def read_segments(self, metric: Metric, column: str, spans: Sequence[Span]) -> tuple[SegmentRows, ...]:
        return self._telemetry.ask(self._name, lambda: self._source.read_segments(metric, column, spans))

    def volumes(self, metric: Metric, span: Span, most: int) -> Mapping[str, float]:
        return self._telemetry.ask(self._name, lambda: self._source.volumes(metric, span, most))

    def read_members(self, metric: Metric, names: Sequence[str], span: Span) -> MemberRows:
        return self._telemetry.ask(self._name, lambda: self._source.read_members(metric, names, span))

    def newest_row(self, table: str, time: str, before: datetime) -> datetime | None:
        return self._telemetry.ask(self._name, lambda: self._source.newest_row(table, time, before))

    def rows(self, table: str, columns: Sequence[str], time: str, span: Span, limit: int) -> tuple[TableRow, ...]:
        return self._telemetry.ask(self._name, lambda: self._source.rows(table, columns, time, span, limit))

    def probe(self, metric: Metric) -> tuple[str, ...]:
        return self._telemetry.ask(self._name, lambda: self._source.probe(metric))


class _WatchedNotifier:
    def __init__(self, notifier: Notifier, telemetry: Telemetry) -> None:
        self._notifier, self._telemetry = notifier, telemetry

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        return self._telemetry.post(
            notification.team, lambda: self._notifier.send(channel, notification, may_repeat=may_repeat)
        )
