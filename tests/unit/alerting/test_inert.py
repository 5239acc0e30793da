"""Untrusted text loses its power and keeps its looks."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detector.alerting.inert import inert, link

LIVE = {
    "Slack special mention, user, channel or link; HTML": re.compile(r"[<>]"),
    "mention": re.compile(r"@[^\s…]"),
    "link with a scheme": re.compile(r"://"),
    "link without one": re.compile(r"\bwww\.\S", re.IGNORECASE),
    "Markdown link or image": re.compile(r"[\[\]]"),
    "emphasis, strike, code, spoiler, escape": re.compile(r"[*~`|\\]"),
    "underscore emphasis": re.compile(r"(?<![^\W_])_|_(?![^\W_])"),
    "entity": re.compile(r"&#?\w+;"),
    "adaptive card function": re.compile(r"\{\{|\}\}"),
    "heading, list or ruler": re.compile(r"^[#+=-]+(\s|$)"),
    "line break, tab or other control": re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"),
    "bidi": re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"),
    "invisible": re.compile(r"[\u00ad\u034f\u115f\u1160\u200b-\u200d\u2060-\u2064\u3164\ufe00-\ufe0f\ufeff\uffa0]"),
    "lone surrogate": re.compile(r"[\ud800-\udfff]"),
}

MENTIONS = ["<!channel>", "<@U1>", "@everyone", "@", "\uff20channel", "<https://e.example|text>", "www.", "://"]
MARKUP = [
    "](",
    "[x]",
    "**",
    "`",
    "~~",
    "__",
    "_",
    "||",
    "\\",
    "&lt;",
    "&#60;",
    "<script>",
    "{{",
    "}}",
    "# ",
    "- ",
    "---",
]
UNSEEN = ["\u202e", "\u200b", "\ufeff", "\r\n", "\t", "\x1b[31m", "\x00", "\ud800", "\u0301", "\u3164", "…", " ", "a"]
PIECES = st.one_of(st.sampled_from([*MENTIONS, *MARKUP, *UNSEEN]), st.text(max_size=8))
NASTY = st.lists(PIECES, max_size=30).map("".join)


@given(NASTY, st.integers(min_value=2, max_value=60))
@example("a" * 199 + "@everyone", 200)
@example("<!channel> <script>" + "\u202e" + "x" * 1_000_000, 200)
def test_nothing_live_is_left(text: str, limit: int) -> None:
    """No form that any of the services acts on survives, whatever is put together, and the length holds."""
    shown = inert(text, limit)
    assert len(shown) <= limit
    for form, pattern in LIVE.items():
        assert not pattern.search(shown), (form, shown)


@given(NASTY, st.integers(min_value=2, max_value=60))
def test_once_is_enough(text: str, limit: int) -> None:
    """Inert text made inert again is the same."""
    once = inert(text, limit)
    assert inert(once, limit) == once


@pytest.mark.parametrize(
    "plain",
    [
        "checkout-api v412",
        "release/1.2: fix #12 (again)",
        "credit_card",
        "v4.1.2-rc1+build.5",
        "Müller & Söhne, 50 %",
        "支付",
    ],
)
def test_plain_text_stays(plain: str) -> None:
    """What does nothing anyway is not touched."""
    assert inert(plain) == plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!channel> look", "\u2039!channel\u203a look"),
        ("ping @everyone", "ping @ everyone"),
        ("alice@example.com", "alice@ example.com"),
        ("<https://evil.example|your bank>", "\u2039https: //evil.example¦your bank\u203a"),
        ("[click](https://evil.example)", "(click)(https: //evil.example)"),
        ("**now** and `code`", "\u2217\u2217now\u2217\u2217 and 'code'"),
        ("two\r\nlines\tand\x00more", "two lines andmore"),
        ("gro\u202eup\u200b", "group"),
        ("# Title", "Title"),
    ],
)
def test_reads_nearly_the_same(text: str, shown: str) -> None:
    """Each dangerous form turns into plain text that a person still understands."""
    assert inert(text) == shown


def test_a_long_text_ends_in_an_ellipsis() -> None:
    """A megabyte is cut, and shows that it was."""
    shown = inert("x" * 1_000_000)
    assert len(shown) == 200
    assert shown.endswith("x…")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ci.example/412", "https://ci.example/412"),
        ("http://ci.example:8080/a_b?x=1&y=2#top", "http://ci.example:8080/a_b?x=1&y=2#top"),
        ("https://ci.example/a(b)|c@d<e>", "https://ci.example/a%28b%29%7Cc%40d%3Ce%3E"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://your-bank.example@evil.example/", ""),
        ("https://ci.example/ <!channel>", ""),
        ("https://ci.example/\n@everyone", ""),
        ("https://ci.example/" + "x" * 400, ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_plain_web_addresses_are_links(url: str | None, shown: str) -> None:
    """Other schemes, logins, blanks and endless addresses are left out; markup in a path is percent-encoded."""
    assert link(url) == shown
