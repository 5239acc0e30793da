"""What the log says of ticks: a line for each, and one for everything that has changed since the last one.

What goes on is said when it begins and when it is over, however many minutes lie between.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from detector.errors import DetectorError, StoreBusy, StoreTooNew
from detector.model.incident import Incident, IncidentState
from detector.model.rulebook import RuleBook
from detector.model.tick import TickReport
from detector.model.verdict import Outcome, OutcomeKind

__all__ = ["TickLog"]

_CHANNEL = re.compile(r"team (?P<team>.+), channel (?P<channel>\d+)")
_WORTH_A_LINE = frozenset({OutcomeKind.ANOMALOUS, OutcomeKind.LATE, OutcomeKind.MISSING})
_NAMED = 10

_TODO_SOURCE = "read the error; `detector check --live` asks every source once; said once, until it answers again"
_TODO_METRIC = "correct the rule, or what it reads; `detector check --live` shows the same; said once, until it works"
_TODO_SEND = (
    "read the error; try the channel with `detector notify TEAM --test`; the message is tried again, up to 36 hours"
)
_TODO_FEED = "correct the entry in `deploy_feeds`, or the row; until then no deploy from there is a suspect"
_TODO_BUSY = "nothing, if another detector works on this store; said once, until a tick succeeds"
_TODO_STORE = "look after the store: nothing was recorded, and the next tick goes on from where the last one ended"


class TickLog:
    """Turns ticks into lines; called by the thread that ticks."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("detector.tick")
        self._newest: dict[str, Outcome] = {}
        self._failing: set[str] = set()
        self._unheard: set[tuple[str, str]] = set()
        self._states: dict[int, IncidentState] = {}
        self._trouble = ""

    def ended(self, report: TickReport, book: RuleBook, *, lag_s: float, seconds: float) -> None:
        """A tick came to its end; `lag_s` after its minute it began, and it took `seconds`."""
        if self._trouble:
            self._log.info("ticks come to their end again", tick=_iso(report.at))
            self._trouble = ""
        self._outcomes(report, book)
        self._failures(report, book)
        self._incidents(report, book)
        for told in report.notifications:
            self._log.info(
                "message decided", tick=_iso(report.at), reason=str(told.reason), team=told.team, title=told.title,
                key=told.key, **_if_any(incident=told.incident),
            )  # fmt: skip
        self._summary(report, lag_s, seconds)

    def failed(self, at: datetime, error: Exception) -> None:
        """A tick ended by an exception; of one kind of trouble the first line is a warning or worse, the rest debug."""
        kind = type(error).__name__
        fresh, self._trouble = kind != self._trouble, kind
        said: dict[str, Any] = {"tick": _iso(at), "error": f"{kind}: {error}"}
        if not fresh:
            self._log.debug("the tick failed again", **said)
        elif isinstance(error, StoreBusy):
            self._log.warning("the tick was left out: another detector has the store", todo=_TODO_BUSY, **said)
        elif isinstance(error, StoreTooNew):
            self._log.error("the tick failed", todo="start the newer detector that has upgraded the store", **said)
        elif isinstance(error, DetectorError):
            self._log.error("the tick failed", todo=_TODO_STORE, **said)
        else:
            del said["error"]
            self._log.error(
                "the tick failed by a mistake of the detector", exc_info=error, todo="please report this line", **said
            )

    def _summary(self, report: TickReport, lag_s: float, seconds: float) -> None:
        kinds = Counter(str(outcome.kind) for outcome in report.outcomes)
        found = kinds.keys() - {str(OutcomeKind.ERROR)}  # what goes on failing is tried again every minute
        happened = found or report.incidents or report.notifications or report.sent or report.failed
        (self._log.info if happened else self._log.debug)(
            "tick",
            tick=_iso(report.at),
            seconds=round(seconds, 3),
            lag_s=round(lag_s, 3),
            outcomes=dict(sorted(kinds.items())),
            messages=len(report.notifications),
            sent=report.sent,
            failed=report.failed,
            **_if_any(waiting=list(report.waiting)),
        )

    def _outcomes(self, report: TickReport, book: RuleBook) -> None:
        """One line where the newest outcome of a metric is not what the one before was; failures have their own."""
        for outcome in sorted(report.outcomes, key=lambda one: (one.metric, one.span.start_at)):
            name, before = outcome.metric, self._newest.get(outcome.metric)
            is_old = before is not None and outcome.span.start_at < before.span.start_at
            if outcome.kind is OutcomeKind.ERROR or is_old:
                continue
            self._newest[name] = outcome
            if before is not None and outcome.kind is before.kind:
                continue
            if outcome.kind in _WORTH_A_LINE or (before is not None and before.kind in _WORTH_A_LINE):
                self._log.info(f"outcome {outcome.kind}", tick=_iso(report.at), **_bound(name, book), **_found(outcome))
        self._newest = {
            name: outcome
            for name, outcome in self._newest.items()
            if name in book.metrics or (_is_member(name, book) and outcome.kind in _WORTH_A_LINE)
        }

    def _failures(self, report: TickReport, book: RuleBook) -> None:
        metrics = {name: error for name, error in report.failures.items() if name in book.metrics}
        fresh: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, error in metrics.items():
            if name not in self._failing:
                fresh[book.metrics[name].source, error.partition(" (rule: ")[0]].append(name)
        for (source, error), names in fresh.items():
            self._failing |= set(names)
            if len(names) == 1:
                said = {**_bound(names[0], book), "source": source}
                self._log.warning("a metric fails", tick=_iso(report.at), error=error, todo=_TODO_METRIC, **said)
            else:
                said = {"source": source, "metrics": len(names), "among_them": sorted(names)[:_NAMED]}
                self._log.warning("a source fails", tick=_iso(report.at), error=error, todo=_TODO_SOURCE, **said)
        self._recoveries(report, metrics.keys(), book)
        self._others({name: error for name, error in report.failures.items() if name not in metrics}, report.at, book)

    def _others(self, failures: Mapping[str, str], at: datetime, book: RuleBook) -> None:
        """What is no metric's own: feeds, members, channels."""
        for name, error in failures.items():
            if name.startswith("feed"):
                self._not_heard(name, error, at)
            elif _is_member(name, book):
                self._not_beside(name, error, at, book)
            else:
                self._not_sent(name, error, at)
        self._unheard = {one for one in failures.items() if one[0].startswith("feed") or _is_member(one[0], book)}

    def _recoveries(self, report: TickReport, failing: Any, book: RuleBook) -> None:  # noqa: ANN401 - a view of keys
        answered = {outcome.metric for outcome in report.outcomes if outcome.kind is not OutcomeKind.ERROR}
        back: dict[str, list[str]] = defaultdict(list)
        for name in sorted((self._failing & answered) - set(failing)):
            if name in book.metrics:
                back[book.metrics[name].source].append(name)
        for source, names in back.items():
            said = _bound(names[0], book) if len(names) == 1 else {"metrics": len(names), "among_them": names[:_NAMED]}
            self._log.info("works again", tick=_iso(report.at), source=source, **said)
        self._failing = {
            name for name in self._failing if name in book.metrics and (name in failing or name not in answered)
        }

    def _not_heard(self, name: str, error: str, at: datetime) -> None:
        if (name, error) not in self._unheard:
            self._log.warning("deploys could not be read", tick=_iso(at), what=name, error=error, todo=_TODO_FEED)

    def _not_beside(self, name: str, error: str, at: datetime, book: RuleBook) -> None:
        if (name, error) not in self._unheard:
            said = _bound(name.partition(" ")[0], book)
            self._log.warning("members cannot be judged", tick=_iso(at), error=error, todo=_TODO_METRIC, **said)

    def _not_sent(self, name: str, error: str, at: datetime) -> None:
        channel = _CHANNEL.fullmatch(name)
        said = {"team": channel["team"], "channel": int(channel["channel"])} if channel else {"what": name}
        self._log.warning("a message could not be sent", tick=_iso(at), error=error, todo=_TODO_SEND, **said)

    def _incidents(self, report: TickReport, book: RuleBook) -> None:
        for incident in report.incidents:
            before = self._states.get(incident.number)
            self._states[incident.number] = incident.state
            if before is incident.state:
                continue
            is_new = before is None and incident.opened_at == report.at
            said = {**_bound(incident.worst.metric, book), "team": incident.team, **_losses(incident)}
            self._log.info(
                "incident opened" if is_new else f"incident {incident.state}",
                tick=_iso(report.at),
                incident=incident.number,
                state=str(incident.state),
                **said,
            )
        self._states = {number: state for number, state in self._states.items() if state is not IncidentState.RESOLVED}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _if_any(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _is_member(name: str, book: RuleBook) -> bool:
    """The name of a metric, a blank, and what of its members."""
    metric, blank, _ = name.partition(" ")
    return bool(blank) and metric in book.metrics


def _bound(name: str, book: RuleBook) -> Mapping[str, object]:
    if _is_member(name, book):
        metric, _, member = name.partition(" ")
        return {**_bound(metric, book), "member": member}
    found = book.metrics.get(name)
    return {"metric": name} if found is None else {"metric": name, "rule": found.place, "team": found.team}


def _found(outcome: Outcome) -> dict[str, object]:
    numbers = {"value": outcome.value, "expected": outcome.expected, "low": outcome.low, "high": outcome.high}
    rounded = {name: float(f"{number:.6g}") for name, number in numbers.items() if number is not None}
    return {"bucket": _iso(outcome.span.start_at), **rounded, **({"reason": outcome.reason} if outcome.reason else {})}


def _losses(incident: Incident) -> dict[str, object]:
    others: Sequence[str] = [part.series for part in incident.metrics[1 : _NAMED + 1]]
    member = incident.worst.member
    loss = float(f"{incident.worst.loss.amount:.6g}")
    return {"loss": loss, **_if_any(member=None if member is None else str(member), other_metrics=list(others))}
