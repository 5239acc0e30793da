"""Where senders of all kinds post."""

from collections.abc import Mapping
from datetime import datetime

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from builders import a_deploy
from desks import NOW, Furniture, SignedBy
from detector.model.deploy import Receipt
from detector.web.application import make_application
from detector.web.receiving import Reception

PATH = "/api/v1/feeds/github"
SIGNED = {"X-Word": "open sesame"}
REPORT = a_deploy("run-1", source="github", live_at=NOW)
RECEIPT = Receipt("github", "delivery-1", "aa", NOW)


@pytest.fixture
def receiver() -> SignedBy:
    return SignedBy()


@pytest.fixture
def furniture(receiver: SignedBy) -> Furniture:
    return Furniture(feeds={"github": receiver})


@pytest.fixture
def client(furniture: Furniture) -> TestClient:
    return TestClient(make_application(furniture.desk()), headers=SIGNED)


def test_receiver_gets_what_was_sent(client: TestClient, receiver: SignedBy) -> None:
    """Raw body, headers by lower-case name, the clock's time; no token is asked for."""
    client.post(PATH, content=b"\x00{not json", headers={"X-Sign": "a", "Content-Type": "text/plain"})
    ((headers, body, now),) = receiver.seen
    assert (headers["x-sign"], body, now) == ("a", b"\x00{not json", NOW)


def test_unknown_feed_and_wrong_word_look_alike(client: TestClient, furniture: Furniture) -> None:
    """The same bytes for a feed that is none, and for a sender that is not known."""
    wrong = client.post(PATH, headers={"X-Word": "no"})
    none = client.post("/api/v1/feeds/other", headers={"X-Word": "no"})
    assert (wrong.status_code, wrong.content) == (401, none.content)
    assert wrong.headers == none.headers
    assert furniture.counted == {"signature": 2}


def test_report_is_recorded_once(client: TestClient, receiver: SignedBy, furniture: Furniture) -> None:
    """202 the first time, 200 for its repeat."""
    receiver.says = Reception(200, "", (REPORT,), RECEIPT)
    first, again = client.post(PATH), client.post(PATH)
    assert (first.status_code, first.json()["text"]) == (202, "recorded")
    assert (again.status_code, again.json()["text"]) == (200, "already recorded")
    assert furniture.store.reports == [REPORT]
    assert furniture.store.receipts == {("github", "delivery-1"): RECEIPT}
    assert furniture.counted == {"github recorded": 1, "github already recorded": 1}


def test_unlinked_services_are_listed(client: TestClient, receiver: SignedBy) -> None:
    """The sender's log shows which service nobody watches."""
    receiver.says = Reception(200, "", (REPORT, a_deploy("run-2", "other", source="github")))
    answer = client.post(PATH)
    assert answer.status_code == 202
    assert "service other is not in detector.yml; stored, unlinked" in answer.json()["text"]


def test_number_of_another_request_is_409(client: TestClient, receiver: SignedBy) -> None:
    """A sender's number with another body is a mistake, or a forgery."""
    receiver.says = Reception(200, "", (REPORT,), RECEIPT)
    client.post(PATH)
    receiver.says = Reception(200, "", (REPORT,), Receipt("github", "delivery-1", "bb", NOW))
    assert client.post(PATH).status_code == 409


def test_conflict_is_no_error(client: TestClient, receiver: SignedBy) -> None:
    """What is known stays; a sender that is told of errors tries again, or never again."""
    receiver.says = Reception(200, "", (REPORT,))
    client.post(PATH)
    receiver.says = Reception(200, "", (a_deploy("run-1", source="github", live_at=NOW, commit="b2"),))
    answer = client.post(PATH)
    assert (answer.status_code, answer.json()["text"]) == (200, "conflict; commit was a1, now b2")


def test_event_without_a_deploy_is_fine(client: TestClient, furniture: Furniture) -> None:
    """A sender that sends all it has is not told that it errs."""
    answer = client.post(PATH)
    assert answer.status_code == 200
    assert answer.json()["text"] == "nothing to record: a push says nothing of a deploy"
    assert furniture.store.reports == []


def test_refusal_of_the_receiver_is_passed_on(client: TestClient, receiver: SignedBy) -> None:
    """With its code and its words, once the sender is known."""
    receiver.says = Reception(422, "deployment.sha is missing")
    answer = client.post(PATH)
    assert (answer.status_code, answer.json()["text"]) == (422, "deployment.sha is missing")


def test_words_of_the_receiver_may_quote_anything(client: TestClient, receiver: SignedBy) -> None:
    """Half a character in them is a question mark, and a novel is cut."""
    receiver.says = Reception(422, "ref is \ud800 " + "x" * 10_000)
    answer = client.post(PATH)
    assert (answer.status_code, answer.json()["text"][:10], len(answer.json()["text"])) == (422, "ref is ? x", 500)


def test_large_body_never_reaches_the_receiver(client: TestClient, receiver: SignedBy) -> None:
    """64 KiB are read, of any feed and of none."""
    for path in (PATH, "/api/v1/feeds/other"):
        assert client.post(path, content=b"x" * 65537).status_code == 413
    assert receiver.seen == []


def test_each_feed_has_its_pace(client: TestClient, receiver: SignedBy, furniture: Furniture) -> None:
    """A flood is slowed; what is not signed uses up nothing of it."""
    furniture.feeds["gitlab"] = SignedBy()
    assert {client.post(PATH, headers={"X-Word": "no"}).status_code for _ in range(310)} == {401}
    codes = [client.post(PATH).status_code for _ in range(301)]
    assert codes == [*[200] * 300, 429]
    assert client.post(PATH).headers["Retry-After"] == "1"
    assert client.post("/api/v1/feeds/gitlab").status_code == 200
    furniture.clock.move(1)
    assert client.post(PATH).status_code == 200
    assert len(receiver.seen) == 310 + 301 + 1 + 1


class Broken:
    """A receiver with an error of ours in it."""

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Reception:
        raise ZeroDivisionError(f"secret {headers} {body!r} {now}")


def test_receiver_that_fails_is_500(client: TestClient, furniture: Furniture) -> None:
    """An error of ours says nothing of itself, and is counted."""
    furniture.feeds["github"] = Broken()
    with capture_logs():
        answer = client.post(PATH)
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert furniture.counted == {"error": 1}


def test_store_trouble_is_503(client: TestClient, furniture: Furniture, receiver: SignedBy) -> None:
    """The sender is told to try again."""
    receiver.says = Reception(200, "", (REPORT,))
    furniture.break_store()
    with capture_logs():
        assert client.post(PATH).status_code == 503
    assert furniture.counted == {"store": 1}


def test_refusals_are_logged_and_not_each_of_them(client: TestClient) -> None:
    """Why a sender was refused stands in the log; a flood does not fill it."""
    with capture_logs() as lines:
        for _ in range(50):
            client.post(PATH, headers={"X-Word": "no"})
    assert {(line["feed"], line["why"]) for line in lines} == {("github", "the word is wrong")}
    assert len(lines) == 10


def test_a_feed_that_is_none_is_logged_and_not_each_time(client: TestClient) -> None:
    """Who mistyped an address finds its name in the log; a stranger who invents names does not fill it."""
    with capture_logs() as lines:
        for number in range(50):
            client.post(f"/api/v1/feeds/githup-{number}-" + "x" * 100)
    assert [line["feed"].split("-")[1] for line in lines] == [str(number) for number in range(10)]
    assert max(len(line["feed"]) for line in lines) == 60
    assert all(line["todo"] for line in lines)


def test_what_the_store_refuses_is_logged(client: TestClient, receiver: SignedBy) -> None:
    """The number of an earlier request with another body: its sender is known, and hears why, as the admin does."""
    receiver.says = Reception(200, "", (REPORT,), RECEIPT)
    client.post(PATH)
    receiver.says = Reception(200, "", (REPORT,), Receipt("github", "delivery-1", "bb", NOW))
    with capture_logs() as lines:
        answer = client.post(PATH)
    assert [(line["feed"], line["code"], line["why"]) for line in lines] == [("github", 409, answer.json()["text"])]


def test_a_new_deploy_is_a_line_in_the_log(client: TestClient, receiver: SignedBy) -> None:
    """Once: whoever asks whether it was heard finds it there, with the feed."""
    receiver.says = Reception(200, "", (REPORT,), RECEIPT)
    with capture_logs() as lines:
        client.post(PATH)
        client.post(PATH)
    (line,) = lines
    assert (line["event"], line["log_level"], line["feed"]) == ("deploy recorded", "info", "github")
    assert (line["service"], line["version"], line["id"]) == (REPORT.service, REPORT.version, "run-1")


@pytest.mark.parametrize("path", ["/api/v1/feeds/", "/api/v1/feeds", "/api/v1/feeds/a/b"])
def test_what_is_beside_the_feeds_needs_a_token(client: TestClient, path: str) -> None:
    """Only one step below `feeds` is a feed."""
    assert client.post(path).status_code == 401
