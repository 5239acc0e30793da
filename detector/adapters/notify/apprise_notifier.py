"""Sends through apprise: Slack, Teams, mail, webhooks and some two hundred more."""

import contextvars
import logging
import queue
import re
import threading
from collections.abc import Sequence

from apprise import Apprise, NotifyBase, NotifyFormat, NotifyType
from apprise.result import AppriseResult, AppriseResultStatus

from detector.adapters.notify.destinations import complaint_about, destination, room_of, scheme_of, scrubbed
from detector.adapters.notify.fitting import fit
from detector.adapters.notify.http_watch import Exchange, watching
from detector.alerting.inert import inert
from detector.model.notification import Notification, Reason, SendResult
from detector.model.secret import Secret

__all__ = ["AppriseNotifier", "complaint_about"]

POSSIBLE_REPEAT = "possible repeat: an earlier attempt to send this may have arrived"

_GONE = frozenset({404, 410})  # other refusals may be repaired while we go on trying
_GOOD_NEWS = frozenset({Reason.RESOLVED, Reason.SOURCE_BACK})
_BAD_NEWS = frozenset({Reason.OPENED, Reason.WORSE, Reason.NO_REACTION, Reason.SOURCE_FAILING})

# How libraries below HTTP say that nothing was handed over.
_NOT_BEGUN = re.compile(
    r"refused|not known|name resolution|unreachable|no route|authenticat|certificate", re.IGNORECASE
)


class AppriseNotifier:
    """A `Notifier`: a fresh apprise object with one destination for every send.

    Attributes:
        timeout_s: for the connection, and again for the answer, where the URL has no `cto` or `rto` of its own.
        deadline_s: for all of it; a destination that answers a byte at a time is left to itself then.
    """

    def __init__(self, timeout_s: float = 10.0, deadline_s: float | None = None) -> None:
        self.timeout_s = timeout_s
        self.deadline_s = 4 * timeout_s if deadline_s is None else deadline_s

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        with watching() as exchanges:
            try:
                return self._attempt(channel.hidden, notification, exchanges, may_repeat=may_repeat)
            except Exception as error:  # noqa: BLE001 - one delivery: whatever a plugin does, the next one goes on
                words = scrubbed(f"{type(error).__name__}: {error}", channel.hidden)
                return SendResult(ok=False, fate_unknown=bool(exchanges), error=words)

    def _attempt(
        self, url: str, notification: Notification, exchanges: list[Exchange], *, may_repeat: bool
    ) -> SendResult:
        plugin = destination(url, self.timeout_s)
        if plugin is None:
            return SendResult(ok=False, permanent=True, error=complaint_about(url) or "the URL cannot be used")
        title, body = fit(
            inert(notification.title, 500),
            notification.body or notification.title,
            POSSIBLE_REPEAT if may_repeat else "",
            room_of(plugin),
        )
        result = self._within_deadline(plugin, title, body, _mood(notification.reason))
        if result is None:
            return SendResult(
                ok=False, fate_unknown=True, error=f"{scheme_of(url)}: no end within {self.deadline_s:g} s"
            )
        if result.status is AppriseResultStatus.SUCCESS:
            return SendResult(ok=True)
        if result.status is AppriseResultStatus.NOMATCH:
            return SendResult(ok=False, permanent=True, error=f"{scheme_of(url)}: apprise found no destination")
        return _failure(tuple(exchanges), result, url)

    def _within_deadline(self, plugin: NotifyBase, title: str, body: str, mood: NotifyType) -> AppriseResult | None:
        """The result, or None at the deadline. A daemon thread, since one that hangs must not hold up the exit."""
        messenger = Apprise(asset=plugin.asset)
        messenger.add(plugin)
        done: queue.SimpleQueue[AppriseResult | Exception] = queue.SimpleQueue()

        def work() -> None:
            try:
                done.put(
                    messenger.notify(
                        body=body,
                        title=title,
                        notify_type=mood,
                        body_format=NotifyFormat.TEXT,
                        log_level=logging.DEBUG,  # into the result only; a failed mail gives its reason at this level
                    )
                )
            except Exception as error:  # noqa: BLE001 - carried over to the caller's thread and raised there
                done.put(error)

        threading.Thread(target=contextvars.copy_context().run, args=(work,), name="send", daemon=True).start()
        try:
            outcome = done.get(timeout=self.deadline_s)
        except queue.Empty:
            return None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _mood(reason: Reason) -> NotifyType:
    if reason in _GOOD_NEWS:
        return NotifyType.SUCCESS
    return NotifyType.FAILURE if reason in _BAD_NEWS else NotifyType.INFO


def _failure(exchanges: Sequence[Exchange], result: AppriseResult, url: str) -> SendResult:
    if not exchanges:
        return _failure_without_http(result, url)
    bad = [exchange for exchange in exchanges if not exchange.is_taken]
    taken = [exchange for exchange in exchanges if exchange.is_taken and exchange.is_write]
    # One URL may name several rooms; some may have the message while others have not.
    is_partly_sent = bool(taken) and (bool(bad) or len(taken) > 1)
    worst = bad[-1] if bad else exchanges[-1]
    return SendResult(
        ok=False,
        fate_unknown=is_partly_sent or any(exchange.is_unknown for exchange in exchanges),
        permanent=worst.status in _GONE,
        retry_after_s=max((e.retry_after_s for e in bad if e.retry_after_s is not None), default=None),
        error=inert(_in_words(worst, result, url)),
    )


def _failure_without_http(result: AppriseResult, url: str) -> SendResult:
    said = [entry.message for entry in result.logs()]
    told = next((line for line in reversed(said) if "Exception" in line), "") or _warning(result)
    return SendResult(ok=False, fate_unknown=not _NOT_BEGUN.search(told), error=scrubbed(told, url))


def _warning(result: AppriseResult) -> str:
    warnings = [entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"}]
    return warnings[-1] if warnings else "no reason was given"


def _in_words(exchange: Exchange, result: AppriseResult, url: str) -> str:
    host = f"{scheme_of(url)} at {exchange.host}"
    if exchange.trouble:
        return f"{host}: {exchange.trouble}"
    if exchange.moved_to:
        return f"{host}: HTTP {exchange.status} to {exchange.moved_to}; redirects are not followed"
    if not exchange.is_taken:
        return f"{host}: HTTP {exchange.status}"
    return f"{host}: answered {exchange.status}, but did not take it: {scrubbed(_warning(result), url)}"
