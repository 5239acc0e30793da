"""The dead man's switch, against a real HTTP server that misbehaves."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from detector.adapters.ping import Switch
from detector.model.secret import Secret
from log_capture import Captured, captured
from receiver import Hang, Receiver, Reply, Reset, redirect

KEY = "6f2b9c1e-k3y"
Told = SimpleQueue[tuple[str, str]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def log() -> Iterator[Captured]:
    with captured() as log:
        yield log


@pytest.fixture
def told() -> Told:
    return SimpleQueue()


@pytest.fixture
def switch(receiver: Receiver, told: Told) -> Iterator[Switch]:
    switch = Switch(Secret(f"{receiver.url}/{KEY}", "${PING_URL}"), told=lambda kind, result: told.put((kind, result)))
    yield switch
    receiver.release()
    switch.close(within_s=10.0)


def paths(receiver: Receiver) -> list[str]:
    return [request.path for request in receiver.received]


def test_the_three_signals(switch: Switch, receiver: Receiver, told: Told) -> None:
    """Start, success and fail go where healthchecks.io wants them; a failure says why."""
    signals: list[Callable[[], None]] = [switch.start, switch.success, lambda: switch.fail("disk full")]
    for count, signal in enumerate(signals, start=1):
        signal()
        receiver.wait_for(count)
        assert told.get(timeout=10)[1] == "taken"
    assert paths(receiver) == [f"/{KEY}/start", f"/{KEY}", f"/{KEY}/fail"]
    assert [request.text for request in receiver.received] == ["", "", "disk full"]


def test_a_query_stays_where_it_is(receiver: Receiver) -> None:
    """Addresses with options get the signal before them."""
    switch = Switch(Secret(f"{receiver.url}/push/{KEY}/?via=detector"))
    switch.fail("x")
    receiver.wait_for(1)
    switch.close(10.0)
    assert paths(receiver) == [f"/push/{KEY}/fail?via=detector"]


def test_the_newest_signal_wins(switch: Switch, receiver: Receiver) -> None:
    """While one hangs nothing queues up; what goes out next is the newest, but a start takes no verdict's place."""
    receiver.script(Hang())
    switch.start()
    receiver.wait_for(1)
    switch.success()
    switch.fail("stuck")
    switch.start()
    receiver.release()
    receiver.wait_for(2)
    switch.close(10.0)
    assert paths(receiver) == [f"/{KEY}/start", f"/{KEY}/fail"]


def test_trouble_is_logged_once_and_its_end_too(switch: Switch, receiver: Receiver, told: Told, log: Captured) -> None:
    """However it is broken: reset, refusal, redirect; and never with the address."""
    receiver.script(Reset(), Reply(500), redirect(f"{receiver.url}/elsewhere"), Reply(200), Reset())
    results = []
    for _ in range(5):
        switch.success()
        results.append(told.get(timeout=10)[1])
    switch.close(10.0)
    assert results == ["not_taken", "not_taken", "not_taken", "taken", "not_taken"]
    assert [line["level"] for line in log.lines] == ["warning", "info", "warning"]
    assert log.lines[0]["ping"] == "${PING_URL}"
    assert log.lines[0]["todo"]
    assert KEY not in log.text
    assert "/elsewhere" not in paths(receiver)


def test_nobody_listens(told: Told, log: Captured) -> None:
    """A refused connection is trouble like any other, and raises nothing."""
    with Receiver() as gone:
        url = f"{gone.url}/{KEY}"
    switch = Switch(Secret(url), told=lambda kind, result: told.put((kind, result)))
    switch.success()
    assert told.get(timeout=10) == ("success", "not_taken")
    switch.close(10.0)
    assert KEY not in log.text


def test_an_address_that_knows_success_only(switch: Switch, receiver: Receiver, told: Told, log: Captured) -> None:
    """Start and fail are left out after the first 404; that is said once, and is no trouble."""
    receiver.script(Reply(404))
    switch.start()
    receiver.wait_for(1)
    for _ in range(2):
        switch.success()
        assert told.get(timeout=10) == ("success", "taken")
        switch.fail("not heard")
    switch.close(10.0)
    assert paths(receiver)[0] == f"/{KEY}/start"
    assert set(paths(receiver)[1:]) == {f"/{KEY}"}
    assert [line["level"] for line in log.lines] == ["info"]


def test_nothing_is_sent_after_the_end(switch: Switch, receiver: Receiver) -> None:
    """A closed switch is silent: the daemon has said that it ends."""
    switch.success()
    receiver.wait_for(1)
    switch.close(10.0)
    switch.fail("too late")
    switch.start()
    assert len(receiver.received) == 1


def test_secrets_do_not_travel(receiver: Receiver) -> None:
    """What a failure says is scrubbed, the address itself included, and cut."""
    url = f"{receiver.url}/{KEY}"
    switch = Switch(Secret(url))
    switch.fail(f"cannot reach {url} " + "x" * 5000)
    receiver.wait_for(1)
    switch.close(10.0)
    assert KEY not in receiver.received[0].text
    assert len(receiver.received[0].text) <= 1000
