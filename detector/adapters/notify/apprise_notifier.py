"""Sends through apprise: Slack, Teams, mail, webhooks and some two hundred more."""

import contextvars
import queue
import threading
from typing import TypedDict

from apprise import Apprise, NotifyBase, NotifyFormat, NotifyType
from apprise.result import AppriseResult

from detector.adapters.notify.destinations import (
    complaint_about,
    destination,
    reads_only_markdown,
    room_of,
    scheme_of,
    scrubbed,
)
from detector.adapters.notify.fitting import fit
from detector.adapters.notify.http_watch import Exchange, watching
from detector.adapters.notify.send_results import result_of
from detector.alerting.inert import inert
from detector.model.notification import Notification, Reason, SendResult
from detector.model.secret import Secret

__all__ = ["AppriseNotifier", "complaint_about"]

POSSIBLE_REPEAT = "possible repeat: an earlier attempt to send this may have arrived"

_GOOD_NEWS = frozenset(
    {Reason.RESOLVED, Reason.SOURCE_BACK, Reason.CHANNEL_BACK, Reason.RULES_BACK, Reason.STORE_BACK},
)
_BAD_NEWS = frozenset(
    {
        Reason.OPENED,
        Reason.WORSE,
        Reason.NO_REACTION,
        Reason.SOURCE_FAILING,
        Reason.CHANNEL_FAILING,
        Reason.RULES_FAILING,
        Reason.STORE_FAILING,
    },
)


class _Letter(TypedDict):
    title: str
    body: str
    body_format: NotifyFormat
    notify_type: NotifyType


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
        result = self._within_deadline(plugin, _letter(plugin, notification, may_repeat=may_repeat))
        if result is None:
            words = f"{scheme_of(url)}: no end within {self.deadline_s:g} s"
            return SendResult(ok=False, fate_unknown=True, error=words)
        return result_of(result, tuple(exchanges), url)

    def _within_deadline(self, plugin: NotifyBase, letter: _Letter) -> AppriseResult | None:
        """The result, or None at the deadline. A daemon thread, since one that hangs must not hold up the exit."""
        messenger = Apprise(asset=plugin.asset)
        messenger.add(plugin)
        done: queue.SimpleQueue[AppriseResult | Exception] = queue.SimpleQueue()

        def work() -> None:
            try:
                done.put(messenger.notify(**letter))
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


def _letter(plugin: NotifyBase, notification: Notification, *, may_repeat: bool) -> _Letter:
    tail = POSSIBLE_REPEAT if may_repeat else ""
    words = notification.body or notification.title
    title, body = fit(inert(notification.title, 500), words, tail, room_of(plugin))
    # Where only Markdown is read, a plain line break is none; and nothing needs escapes, since all of it is inert.
    is_markdown = reads_only_markdown(plugin)
    return {
        "title": title,
        "body": body.replace("\n", "\n\n") if is_markdown else body,
        "body_format": NotifyFormat.MARKDOWN if is_markdown else NotifyFormat.TEXT,
        "notify_type": _mood(notification.reason),
    }


def _mood(reason: Reason) -> NotifyType:
    if reason in _GOOD_NEWS:
        return NotifyType.SUCCESS
    return NotifyType.FAILURE if reason in _BAD_NEWS else NotifyType.INFO
