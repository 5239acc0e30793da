"""What becomes of a message at destinations of every temper, over a real connection."""

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import BufferingHandler

import pytest

from detector.adapters.notify.apprise_notifier import POSSIBLE_REPEAT, AppriseNotifier
from detector.model.notification import Notification, Reason, SendResult
from detector.model.secret import Secret
from receiver import Hang, Receiver, Reply, Reset, redirect

BODY = "Missing so far: about 4,000 € since 08:00\nSuspect: checkout-api v412"
MESSAGE = Notification(
    key="incident/12/1",
    team="checkout",
    reason=Reason.OPENED,
    title="Checkout revenue is 0 € - usually about 4,000 €",
    body=BODY,
    created_at=datetime(2026, 3, 10, 8, 5, tzinfo=UTC),
    incident=12,
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


def send(url: str, *, may_repeat: bool = False, timeout_s: float = 10.0) -> SendResult:
    return AppriseNotifier(timeout_s=timeout_s).send(Secret(url), MESSAGE, may_repeat=may_repeat)


def test_sends_title_and_body_as_they_are(receiver: Receiver) -> None:
    """A destination gets the words unchanged, once, and nothing is attached."""
    assert send(receiver.apprise_url) == SendResult(ok=True)
    (request,) = receiver.received
    assert (request.json["title"], request.json["message"]) == (MESSAGE.title, BODY)
    assert request.json["attachments"] == []


def test_a_possible_repeat_says_so(receiver: Receiver) -> None:
    """The last line tells the reader of a resend that it may be the second."""
    assert send(receiver.apprise_url, may_repeat=True).ok
    assert receiver.received[0].json["message"] == f"{BODY}\n{POSSIBLE_REPEAT}"


@pytest.mark.parametrize("status", [400, 401, 403, 500, 502, 503])
def test_a_refusal_is_a_known_failure(receiver: Receiver, status: int) -> None:
    """An HTTP error says that the message was not taken; a retry may help."""
    receiver.script(Reply(status))
    result = send(receiver.apprise_url)
    assert result == SendResult(ok=False, error=f"json at 127.0.0.1: HTTP {status}")


@pytest.mark.parametrize("status", [404, 410])
def test_a_destination_that_is_gone_is_not_tried_again(receiver: Receiver, status: int) -> None:
    """Nothing is there any more, and a retry will not bring it back."""
    receiver.script(Reply(status))
    result = send(receiver.apprise_url)
    assert (result.ok, result.permanent, result.fate_unknown) == (False, True, False)


@pytest.mark.parametrize(
    ("reply", "wait_s"),
    [
        (Reply(429, {"Retry-After": "30"}), 30.0),
        (Reply(503, {"Retry-After": "0.4"}), 0.4),
        (
            Reply(429, {"Date": "Tue, 10 Mar 2026 08:00:00 GMT", "Retry-After": "Tue, 10 Mar 2026 09:00:00 GMT"}),
            3600.0,
        ),
        (Reply(429, body=b'{"message": "You are being rate limited.", "retry_after": 1.5}'), 1.5),
        (Reply(429, body=b'{"ok": false, "parameters": {"retry_after": 7}}'), 7.0),
        (Reply(429, {"Retry-After": "soon"}), None),
        (Reply(429, body=b'{"retry_after": NaN}'), None),
        (Reply(429), None),
    ],
)
def test_a_wish_to_wait_is_heard(receiver: Receiver, reply: Reply, wait_s: float | None) -> None:
    """Seconds, dates by the server's own clock, and the bodies of chat services are understood; nonsense is not."""
    receiver.script(reply)
    result = send(receiver.apprise_url)
    assert (result.ok, result.permanent, result.fate_unknown) == (False, False, False)
    assert result.retry_after_s == (pytest.approx(wait_s) if wait_s is not None else None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    """The message goes to nobody whom the admin did not write down."""
    with Receiver() as elsewhere:
        receiver.script(redirect(elsewhere.url + "/steal", status))
        result = send(receiver.apprise_url)
        assert elsewhere.received == ()
    assert (result.ok, result.permanent, result.fate_unknown) == (False, False, False)
    assert result.error == f"json at 127.0.0.1: HTTP {status} to 127.0.0.1; redirects are not followed"


def test_a_silent_destination_may_have_taken_it(receiver: Receiver) -> None:
    """After a time-out nobody knows whether the message arrived."""
    receiver.script(Hang())
    result = send(receiver.apprise_url, timeout_s=0.1)
    assert result == SendResult(ok=False, fate_unknown=True, error="json at 127.0.0.1: no answer in time")
    assert len(receiver.received) == 1


def test_a_destination_without_end_is_left_at_the_deadline(receiver: Receiver) -> None:
    """Whatever keeps the connection alive, the next delivery gets its turn."""
    receiver.script(Hang())
    notifier = AppriseNotifier(timeout_s=10.0, deadline_s=0.1)
    result = notifier.send(Secret(receiver.apprise_url), MESSAGE, may_repeat=False)
    assert result == SendResult(ok=False, fate_unknown=True, error="json: no end within 0.1 s")


def test_a_connection_cut_after_the_request_may_have_taken_it(receiver: Receiver) -> None:
    """A reset in place of an answer leaves the fate of the message open."""
    receiver.script(Reset())
    result = send(receiver.apprise_url)
    assert result == SendResult(ok=False, fate_unknown=True, error="json at 127.0.0.1: the connection was cut")
    assert len(receiver.received) == 1


def test_an_answer_that_breaks_off_may_mean_yes(receiver: Receiver) -> None:
    """Half an answer proves nothing."""
    receiver.script(Reply(200, {"Content-Length": "1000"}))
    result = send(receiver.apprise_url)
    assert (result.ok, result.fate_unknown) == (False, True)


def test_a_refused_connection_is_a_known_failure() -> None:
    """Nobody listens, so nobody has the message."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused, and nobody else gets the port
        result = send(f"json://127.0.0.1:{taken.getsockname()[1]}/")
    assert result == SendResult(ok=False, error="json at 127.0.0.1: connection refused")


def test_an_unknown_host_is_a_known_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address nothing was sent."""

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    result = send("json://hooks.invalid/")
    assert result == SendResult(ok=False, error="json at hooks.invalid: the host name is not known")


def test_a_mail_server_that_refuses_is_a_known_failure() -> None:
    """What does not speak HTTP is understood by what the library says of it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        result = send(f"mailto://user:hunter22@127.0.0.1:{port}/?to=oncall@shop.example&from=d@shop.example")
    assert (result.ok, result.fate_unknown, result.permanent) == (False, False, False)
    assert "hunter22" not in result.error


@pytest.mark.parametrize("url", ["typo://somewhere", "slack://incomplete", "syslog://", "gnome://", "no url", ""])
def test_what_is_no_destination_is_a_permanent_failure(url: str) -> None:
    """A URL that apprise does not take, or that only shows on this machine, is not tried again."""
    result = send(url)
    assert (result.ok, result.permanent) == (False, True)
    assert result.error


def test_one_url_is_one_destination(receiver: Receiver) -> None:
    """Two addresses in one string do not become two messages."""
    send(f"{receiver.apprise_url}, {receiver.apprise_url}")
    assert len(receiver.received) <= 1


def test_retries_are_not_left_to_apprise(receiver: Receiver) -> None:
    """A URL that asks for repeats sends once all the same: a repeat has to say that it is one."""
    receiver.otherwise = Reply(500)
    send(receiver.apprise_url + "?retry=3&wait=0")
    assert len(receiver.received) == 1


@pytest.mark.parametrize("answer", [Reply(500), Reset(), redirect("http://127.0.0.1:1/s3cr3t-t0ken")])
def test_errors_keep_secrets(receiver: Receiver, answer: Reply | Reset) -> None:
    """User, password, path and query of the URL are in no error."""
    receiver.script(answer)
    url = f"json://alice:hunter22@127.0.0.1:{receiver.port}/s3cr3t-t0ken/?+X-Key=k3yk3y"
    error = send(url).error
    assert not [word for word in ("alice", "hunter22", "s3cr3t-t0ken", "k3yk3y") if word in error]
    assert len(error) <= 200


def test_nothing_is_logged(receiver: Receiver, capfd: pytest.CaptureFixture[str]) -> None:
    """Apprise's own warnings, which may quote addresses, reach no log of ours and no terminal."""
    root, ear = logging.getLogger(), BufferingHandler(capacity=1000)
    root.addHandler(ear)
    try:
        receiver.script(Reply(500))
        send(receiver.apprise_url)
    finally:
        root.removeHandler(ear)
    assert not [record for record in ear.buffer if record.name.startswith("apprise")]
    assert capfd.readouterr() == ("", "")


def test_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that breaks is a failed delivery and nothing else."""

    def broken(*_: object, **__: object) -> None:
        msg = "plugin bug with hunter22"
        raise RuntimeError(msg)

    monkeypatch.setattr("apprise.Apprise.notify", broken)
    result = send("json://alice:hunter22@127.0.0.1:1/")
    assert result == SendResult(ok=False, error="RuntimeError: plugin bug with ∗∗∗")  # noqa: RUF001 - asterisks made inert
