"""The recording receiver does what its scripts say."""

import json
from http.client import HTTPConnection, HTTPResponse

import pytest

from receiver import Hang, Receiver, Reply, Reset, redirect


def post(receiver: Receiver, path: str, body: object, timeout_s: float = 10.0) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", receiver.port, timeout=timeout_s)
    try:
        connection.request("POST", path, json.dumps(body), {"X-Team": "checkout"})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def test_records_whole_requests() -> None:
    """Path, headers and body of every request are kept, in order."""
    with Receiver() as receiver:
        assert post(receiver, "/a?b=1", {"n": 1}).status == 200
        assert post(receiver, "/c", {"n": 2}).status == 200
        receiver.wait_for(2)
        first, second = receiver.received
    assert (first.method, first.path, first.json, first.headers["x-team"]) == ("POST", "/a?b=1", {"n": 1}, "checkout")
    assert second.json == {"n": 2}


def test_answers_in_the_order_of_the_script_and_then_well() -> None:
    """Scripted answers are used up one a request."""
    with Receiver() as receiver:
        receiver.script(Reply(500), Reply(429, {"Retry-After": "30"}), redirect("http://127.0.0.1:1/", 307))
        answers = [post(receiver, "/", {}) for _ in range(4)]
    assert [answer.status for answer in answers] == [500, 429, 307, 200]
    assert answers[1].getheader("Retry-After") == "30"
    assert answers[2].getheader("Location") == "http://127.0.0.1:1/"


def test_resets_after_it_took_the_request() -> None:
    """The client sees a reset although the request arrived."""
    with Receiver() as receiver:
        receiver.script(Reset())
        with pytest.raises(ConnectionResetError):
            post(receiver, "/", {"n": 1})
        assert [request.json for request in receiver.received] == [{"n": 1}]


def test_hangs_until_released() -> None:
    """A client with a deadline gives up although the request arrived; a later one is let go by `release`."""
    with Receiver() as receiver:
        receiver.script(Hang(), Hang(Reply(503)))
        with pytest.raises(TimeoutError):
            post(receiver, "/", {}, timeout_s=0.05)
        receiver.release()
        assert post(receiver, "/", {}).status == 503
        assert len(receiver.received) == 2
