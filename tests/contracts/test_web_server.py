"""The server on a real socket: whoever is slow, rude or gone keeps nobody from being served, nor it from ending.

Where something is to be cut off, the limits are short so that the test is; nothing measures how long anything takes.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from structlog.testing import capture_logs

from desks import TOKEN, Furniture, Line, SignedBy, serving
from detector.errors import UsageError
from detector.web.application import make_application
from detector.web.gate import BodyRules
from detector.web.protocol import Limits
from detector.web.receiving import Reception
from detector.web.server import Server

PROBE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST /api/v1/feeds/github HTTP/1.1\r\nHost: x\r\nX-Word: open sesame\r\n"
SHORT = Limits(connections=8, head_s=0.3, drain_s=0.3)
UNHURRIED = Limits(head_s=600.0, exchange_s=600.0, idle_s=600, drain_s=600.0)


@pytest.fixture
def furniture() -> Furniture:
    return Furniture(feeds={"github": SignedBy()})


@pytest.fixture
def server(furniture: Furniture) -> Iterator[Server]:
    with serving(furniture) as server:
        yield server


@pytest.fixture
def hasty(furniture: Furniture) -> Iterator[Server]:
    """A server that soon loses its patience."""
    with serving(furniture, SHORT, BodyRules(within_s=0.3)) as server:
        yield server


def asked(server: Server, request: bytes = PROBE) -> bytes:
    with Line(server) as line:
        return line.say(request).hear_all()


def test_probe_over_a_socket(server: Server) -> None:
    """The address that was taken for port 0 answers, with nothing about the software."""
    answer = asked(server).lower()
    assert answer.startswith(b"http/1.1 200")
    assert b"server:" not in answer
    assert server.url == f"http://127.0.0.1:{server.address[1]}"


def test_head_that_never_ends_is_cut_off(hasty: Server) -> None:
    """The connection is closed by the server, not kept for ever."""
    with ExitStack() as stack:
        starts = [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", PROBE[:-2]]
        lines = [stack.enter_context(Line(hasty)).say(start) for start in starts]
        assert [line.hear_all() for line in lines] == [b""] * 4


def test_body_that_never_ends_is_cut_off(hasty: Server) -> None:
    """408, whether its length was said or not."""
    for framing in (b"Content-Length: 100\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"):
        assert asked(hasty, POST + framing).startswith(b"HTTP/1.1 408")


def test_head_that_drips_is_cut_off(hasty: Server) -> None:
    """A byte now and then buys no time."""
    with Line(hasty) as line:
        heard = threading.Event()

        def listen() -> None:
            line.hear_all()
            heard.set()

        listener = threading.Thread(target=listen)
        listener.start()
        line.say(b"GET /healthz HTTP/1.1\r\n")
        while not heard.wait(0.05):
            try:
                line.say(b"X-A: b\r\n")
            except ConnectionError:
                break
        listener.join()
        assert heard.is_set()


def test_slow_clients_do_not_keep_others_out(hasty: Server) -> None:
    """Who fills all places with half requests has them for a moment; then others are served."""
    with ExitStack() as stack:
        slow = [stack.enter_context(Line(hasty)).say(b"GET /") for _ in range(SHORT.connections)]
        for line in slow:
            assert line.hear_all() == b""
        assert any(asked(hasty).startswith(b"HTTP/1.1 200") for _ in range(20))  # it is as hasty with this one


def test_too_many_connections_are_told(furniture: Furniture) -> None:
    """503 with a hint, and inert as every answer; when one ends, its place is free."""
    with serving(furniture, Limits(connections=2, head_s=600.0)) as server, ExitStack() as stack:
        first, _second = (stack.enter_context(Line(server)).say(b"GET /healthz") for _ in range(2))
        answer = asked(server)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in answer.lower()
        assert b"x-content-type-options: nosniff" in answer.lower()
        assert first.say(b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").hear_all().startswith(b"HTTP/1.1 200")
        assert asked(server).startswith(b"HTTP/1.1 200")


def test_large_body_is_refused_before_it_is_sent(server: Server) -> None:
    """The answer comes although nothing of a gigabyte was sent yet."""
    with Line(server) as line:
        head = line.say(POST + b"Content-Length: 1000000000\r\n\r\n").hear_head()
        assert head.startswith(b"HTTP/1.1 413")


def test_client_that_asks_before_it_sends_is_told_not_to(server: Server) -> None:
    """No `100 Continue` for what would be thrown away."""
    answer = asked(server, POST + b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


def test_endless_chunks_are_refused(hasty: Server) -> None:
    """A body without a length is cut where it has grown too large; what follows is read for a moment only."""
    with Line(hasty) as line:
        line.say(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        line.say(chunk * 5)
        assert line.hear_head().startswith(b"HTTP/1.1 413")
        with pytest.raises(ConnectionError):
            say_for_ever(line, chunk)


def say_for_ever(line: Line, text: bytes) -> None:
    while True:
        line.say(text)


def test_answer_to_a_refused_body_can_be_read(server: Server) -> None:
    """Who sends all of a body that is a little too large gets the answer, and may go on."""
    body = b"x" * 100_000
    with Line(server) as line:
        line.say(POST + b"Content-Length: 100000\r\n\r\n" + body)
        assert line.hear_head().startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 5000,
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"b" * 100_000,
        b"GET /" + b"a" * 100_000,
    ],
    ids=lambda request: repr(request[:40]),
)
def test_malformed_requests_are_told_and_closed(server: Server, request_: bytes) -> None:
    """400 or a closed line, and the next one is served."""
    answer = asked(server, request_)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert asked(server).startswith(b"HTTP/1.1 200")


def test_bad_chunk_after_the_answer_ends_the_connection(server: Server) -> None:
    """What comes after a refusal is not worth another one."""
    with Line(server) as line:
        assert line.say(POST + b"Transfer-Encoding: chunked\r\nContent-Encoding: br\r\n\r\n").hear_head()
        line.say(b"not a chunk\r\n")
        line.hear_all()
    assert asked(server).startswith(b"HTTP/1.1 200")


def test_not_ascii_token_is_401(server: Server) -> None:
    """Bytes that are no text do not break the comparison."""
    request = (
        b"GET /api/v1/deploys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \xff\xc3\xbc\r\n\r\n"
    )
    assert asked(server, request).startswith(b"HTTP/1.1 401")


def test_connection_serves_one_request_after_the_other(server: Server) -> None:
    """Also those that were sent before the first answer came."""
    keep = PROBE.replace(b"Connection: close\r\n", b"")
    assert asked(server, keep + keep + PROBE).count(b"HTTP/1.1 200") == 3


def test_answer_that_nobody_reads_is_given_up(furniture: Furniture) -> None:
    """A client that fetches nothing has its place for the time of an exchange, and no longer."""
    furniture.metrics_text = b"x" * 30_000_000
    limits = Limits(connections=1, exchange_s=0.3, idle_s=600)
    with serving(furniture, limits) as server, Line(server) as line:
        line.say(PROBE.replace(b"/healthz", b"/metrics"))
        heard = line.hear_head() and line.hear_slowly(until=lambda: asked(server).startswith(b"HTTP/1.1 200"))
        assert len(heard) < 30_000_000


def test_stop_with_clients_of_all_kinds(furniture: Furniture) -> None:
    """Idle ones, half requests and half bodies do not keep the server from ending, however patient its limits are."""
    server = Server(make_application(furniture.desk(), BodyRules(within_s=600.0)), "127.0.0.1:0", UNHURRIED)
    server.start()
    with ExitStack() as stack:
        idle, half, body = (stack.enter_context(Line(server)) for _ in range(3))
        assert idle.say(PROBE.replace(b"Connection: close\r\n", b"")).hear_head().startswith(b"HTTP/1.1 200")
        half.say(b"GET /heal")
        body.say(POST + b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        assert body.hear_head().startswith(b"HTTP/1.1 100")
        assert server.stop(0.5)
        for line in (idle, half, body):
            line.hear_all()
    with pytest.raises(ConnectionError):
        socket.create_connection(server.address, timeout=10)


def test_stop_while_the_store_hangs(furniture: Furniture) -> None:
    """A request that waits for the store is left behind; it keeps nobody from stopping."""
    reached, release = threading.Event(), threading.Event()

    class Hanging(SignedBy):
        def accept(self, *_: object) -> Reception:
            reached.set()
            release.wait(60)
            return Reception(200, "")

    furniture.feeds["github"] = Hanging()
    server = Server(make_application(furniture.desk()), "127.0.0.1:0")
    server.start()
    with Line(server) as line:
        line.say(POST + b"Content-Length: 0\r\n\r\n")
        assert reached.wait(10)
        assert server.stop(0.2)
        line.hear_all()
    release.set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("web") and not thread.daemon]


def test_request_under_way_is_finished_before_the_stop(furniture: Furniture) -> None:
    """Who was heard gets the answer."""
    reached, release = threading.Event(), threading.Event()

    class Slow(SignedBy):
        def accept(self, *_: object) -> Reception:
            reached.set()
            release.wait(60)
            return Reception(200, "done")

    furniture.feeds["github"] = Slow()
    server = Server(make_application(furniture.desk()), "127.0.0.1:0")
    server.start()
    with Line(server) as line:
        line.say(POST + b"Content-Length: 0\r\n\r\n")
        assert reached.wait(10)
        stopping = threading.Thread(target=server.stop, args=(30.0,))
        stopping.start()
        release.set()
        assert b"nothing to record: done" in line.hear_all()
        stopping.join()


def test_stop_twice_and_without_start(furniture: Furniture) -> None:
    """Stopping is always possible."""
    server = Server(make_application(furniture.desk()), "127.0.0.1:0")
    assert server.stop(0.1)
    assert server.stop(0.1)


def test_taken_port_is_told_at_once(server: Server, furniture: Furniture) -> None:
    """Before any thread is started, with what to do."""
    host, port = server.address
    with pytest.raises(UsageError, match=f"cannot listen at {host}:{port}: .*another detector.*http: listen:"):
        Server(make_application(furniture.desk()), f"{host}:{port}")


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "127.0.0.1:99999", "127.0.0.1:x", "127.0.0.1"])
def test_address_that_cannot_be_is_told(furniture: Furniture, listen: str) -> None:
    """Addresses of other machines, and what is none; with what to change."""
    with pytest.raises(UsageError, match=r"cannot listen at .*http: listen:"):
        Server(make_application(furniture.desk()), listen)


def test_open_door_without_a_token_is_warned_of(furniture: Furniture) -> None:
    """Others may come, and nobody gets in: whoever set it up so has forgotten something."""
    for listen, has_tokens, warned in (
        ("0.0.0.0:0", False, 1),
        ("0.0.0.0:0", True, 0),
        ("127.0.0.1:0", False, 0),
    ):
        server = Server(make_application(furniture.desk()), listen)
        with capture_logs() as lines:
            server.start(has_tokens=has_tokens)
        assert server.stop()
        assert len([line for line in lines if "no token" in line["event"]]) == warned


def test_many_clients_at_once(server: Server, furniture: Furniture) -> None:
    """Reports that arrive together are each recorded once."""
    codes: list[bytes] = []

    def report(number: int) -> None:
        body = b'{"service": "checkout-api", "version": "v%d", "at": "2026-03-10T07:52Z"}' % (number // 2)
        head = b"POST /api/v1/deploys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        head += b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n" % (TOKEN.encode(), len(body))
        codes.append(asked(server, head + body)[9:12])

    threads = [threading.Thread(target=report, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [b"200"] * 3 + [b"201"] * 3
    assert sorted(one.version for one in furniture.store.reports) == ["v0", "v1", "v2"]
