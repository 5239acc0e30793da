"""What the services themselves are sent: untrusted words stay inert down to the bytes, and lengths hold."""

import json
import re
from datetime import UTC, datetime

import pytest
import requests
from requests.adapters import HTTPAdapter

from detector.adapters.notify.apprise_notifier import POSSIBLE_REPEAT, AppriseNotifier, complaint_about
from detector.alerting.inert import inert
from detector.model.notification import Notification, Reason
from detector.model.secret import Secret

SERVICES = {
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "gchat": "gchat://workspace/key/token",
    "mattermost": "mmost://chat.example/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfy://ntfy.example/topic",
    "rocket": "rocket://hook1abcdefg/hook2abcdefgh@rocket.example/#general",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "teams": "workflows://prod-15.westeurope.logic.azure.com:443/8a4ed1c2/sigXYZabc",
    "telegram": "tgram://123456789:AABCdefGhIjKlmNoPqRsTuVwXyZ12345678/12315544",
}

# Limits as the services' own documentation has them, of the longest text in a request.
LIMITS = {"discord": 2000, "gchat": 4096, "mattermost": 4000, "rocket": 5000, "slack": 40_000, "telegram": 4096}

NASTY = [
    "<!channel> <!here> <!everyone>",
    "<@U024BE7LH> <#C024BE7LR> <!subteam^SAZ94GDB8>",
    "@everyone @here @channel @all @team",
    "<@80351110224678912> <@&165511591545143296> </app:1234>",
    "<https://evil.example|your bank> [your bank](https://evil.example)",
    "![x](https://evil.example/x.png) www.evil.example",
    "**bold** __under__ ~~gone~~ `code` ||spoiler|| *b* _i_",
    "<b>bold</b> <script>alert(1)</script> <a href='https://evil.example'>x</a>",
    "&lt;!channel&gt; &#64;everyone &#x3c;!here&#x3e;",
    "# heading",
    "> quote",
    "{{DATE(2026-03-10T08:00:00Z, SHORT)}}",
    "v1\r\nSubject: forged\r\n\r\nbody",
    "\u202egnp.exe\u202c \u2066x\u2069 a\u200bb \ufeff",
    "\x1b[31mred\x1b[0m \x00 \x07",
    "\U000e0041\U000e0042 \u3164 \u115f",
]
LIVE = re.compile(
    r"<[!@#/a-z]|@(?:everyone|here|channel|all|team)|\]\(|https?://(?!hooks)|www\.\S|\*\*|__|~~|`|\|\||\{\{"
)


def message(title: str, body: str) -> Notification:
    return Notification("k", "checkout", Reason.OPENED, title, body, datetime(2026, 3, 10, 8, 5, tzinfo=UTC))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies of all requests, none of which leaves the machine; every service says yes."""
    bodies: list[bytes] = []

    def accept(_: HTTPAdapter, request: requests.PreparedRequest, **__: object) -> requests.Response:
        bodies.append(request.body if isinstance(request.body, bytes) else str(request.body).encode())
        response = requests.Response()
        response.status_code, response.request = 200, request
        content = b"ok" if "slack" in str(request.url) else b'{"ok": true, "result": {"message_id": 1}}'
        response._content = content
        return response

    monkeypatch.setattr(HTTPAdapter, "send", accept)
    return bodies


def texts(payload: object) -> list[str]:
    """All text in a JSON document."""
    if isinstance(payload, dict):
        return [text for value in payload.values() for text in texts(value)]
    if isinstance(payload, list):
        return [text for value in payload for text in texts(value)]
    return [payload] if isinstance(payload, str) else []


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("service", SERVICES)
def test_untrusted_words_stay_inert(service: str, nasty: str, sent: list[bytes]) -> None:
    """No mention, link, markup or unseen character of a deploy's title gets through to any service."""
    words = message(f"Checkout revenue after {inert(nasty)}", f"Suspect: {inert(nasty)}")
    assert AppriseNotifier().send(Secret(SERVICES[service]), words, may_repeat=False).ok
    shown = [text for text in texts(json.loads(sent[0])) if "Checkout" in text or "Suspect" in text]
    assert shown
    for text in shown:
        plain = text.replace("<b>", "").replace(
            "</b>", ""
        )  # Telegram's title, made bold by apprise and not by the text
        assert not LIVE.search(plain), plain
        assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\u200b-\u200f\u202a-\u202e\u2066-\u2069\u3164\ufeff]", plain)


@pytest.mark.parametrize("service", SERVICES)
def test_links_and_numbers_arrive_as_written(service: str, sent: list[bytes]) -> None:
    """Our own words reach the reader without a stray backslash or entity, line by line."""
    lines = ["Missing so far: about 4,000 € (3,200 to 4,900 €)", "Runbook: https://wiki.example/a_b-c?x=1"]
    AppriseNotifier().send(
        Secret(SERVICES[service]), message("Revenue is 0 € (-100 %)", "\n".join(lines)), may_repeat=False
    )
    arrived = [line.strip() for text in texts(json.loads(sent[0])) for line in text.splitlines()]
    assert set(lines) <= set(arrived)
    assert any("Revenue is 0 € (-100 %)" in line for line in arrived)


@pytest.mark.parametrize("service", LIMITS)
def test_no_message_is_too_long(service: str, sent: list[bytes]) -> None:
    """A text of 100,000 characters is cut to one request that the service takes; what matters is at its beginning."""
    body = "\n".join(f"line {number} of a very long story" for number in range(3000))
    AppriseNotifier().send(Secret(SERVICES[service]), message("Revenue is 0 €", body), may_repeat=True)
    (request,) = sent
    longest = max(texts(json.loads(request)), key=len)
    assert len(longest) <= LIMITS[service]
    assert "line 0 of" in longest
    assert longest.rstrip().endswith(POSSIBLE_REPEAT)


@pytest.mark.parametrize("url", SERVICES.values())
def test_good_urls_give_no_complaint(url: str) -> None:
    """What can be sent to passes the check of the configuration."""
    assert complaint_about(url) is None


COPIED = [
    "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
]


@pytest.mark.parametrize("url", COPIED)
def test_addresses_as_services_show_them_can_be_used(url: str, sent: list[bytes]) -> None:
    """What people copy from a service's own page is taken as it is, and sent to."""
    assert complaint_about(url) is None
    AppriseNotifier().send(Secret(url), message("Revenue is 0 €", "all of it"), may_repeat=False)
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "slak://T1JJ3T3L2/A1BRTD4JD/hunter22hunter22",
            "slak:// is no service that apprise knows; did you mean slack://?",
        ),
        ("slack://hunter22", "slack://*** is not complete, or not of the form that apprise expects for slack://"),
        ("syslog://", "syslog:// shows messages on the detector's own machine only; nobody of the team would see them"),
        ("DBUS://", "dbus:// shows messages on the detector's own machine only; nobody of the team would see them"),
        (
            "https://shop.example/hunter22",
            "https:// alone is no service; for a plain webhook write json://HOST/PATH or jsons://HOST/PATH",
        ),
        (
            "https://hooks.slack.com/hunter22",
            "https:// alone is no service; for a plain webhook write json://HOST/PATH or jsons://HOST/PATH",
        ),
        ("hunter22", "no apprise URL: it should look like slack://… or mailto://… (nothing stands before ://)"),
        ("", "no apprise URL: it should look like slack://… or mailto://… (nothing stands before ://)"),
    ],
)
def test_bad_urls_are_told_apart_without_their_secrets(url: str, words: str) -> None:
    """The complaint names the scheme and the likeliest mistake, and nothing of the rest."""
    assert complaint_about(url) == words
