"""Starts ticks that somebody else kills: imports the product once, then forks a child for every line it is given.

A line is JSON: `config`, `from`, `to` (as `detector tick --from --to` takes them), and for planted faults `mark_first`
(marks a message as sent before it sends it) and `die_at_send` (ends itself with SIGKILL when it is about to send that
message, counted from 1). Answers with the child's process id, and with `done STATUS` once it has ended.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import statsmodels.tsa.seasonal  # noqa: F401 - as above: what a refit imports takes seconds

import detector.pipeline.replay  # noqa: F401 - so that it is there before the first fork
from detector.adapters.notify.apprise_notifier import AppriseNotifier
from detector.app import open_app
from detector.model.notification import Delivery, Notification, SendResult
from detector.model.secret import Secret
from detector.ports import Store


class Dying:
    """Sends through apprise, and dies when it is about to send message number `at`."""

    def __init__(self, at: int) -> None:
        self._left = at
        self._notifier = AppriseNotifier()

    def send(self, channel: Secret, notification: Notification, *, may_repeat: bool) -> SendResult:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._notifier.send(channel, notification, may_repeat=may_repeat)


class MarksFirst:
    """The fault that an outbox exists against, planted: a message is marked as sent before it is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def begin_delivery(self, delivery: Delivery, at: datetime) -> None:
        self._store.begin_delivery(delivery, at)
        self._store.end_delivery(delivery, SendResult(ok=True), at, None)

    def end_delivery(self, *_: object) -> None:
        """It is marked already."""


def child(said: Mapping[str, Any]) -> None:
    notifier = Dying(said["die_at_send"]) if said.get("die_at_send") else AppriseNotifier()
    with open_app(Path(said["config"]), notifier=notifier) as app:
        if said.get("mark_first"):
            app = replace(app, world=replace(app.world, store=MarksFirst(app.store)))  # noqa: PLW2901 - the same app with a fault
        for _ in app.replay(datetime.fromisoformat(said["from"]), datetime.fromisoformat(said["to"])):
            pass


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                child(json.loads(line))
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"done {os.waitpid(pid, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
