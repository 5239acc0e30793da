"""Messages fit what their service takes, the most important words first."""

from hypothesis import given
from hypothesis import strategies as st

from detector.adapters.notify.fitting import Room, fit

BODY = "first line\nsecond line\nthird line"
LINES = st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=80))


def test_what_fits_stays() -> None:
    """Nothing is cut where there is room."""
    assert fit("title", BODY, "", Room(250, 1000)) == ("title", BODY)
    assert fit("title", BODY, "tail", Room(250, 1000)) == ("title", f"{BODY}\ntail")


def test_the_last_lines_go_first() -> None:
    """Cuts are at line ends and say that they are there."""
    assert fit("title", BODY, "", Room(250, 30)) == ("title", "first line\nsecond line\n…")


def test_a_possible_repeat_is_said_whatever_is_cut() -> None:
    """The tail stays the last line."""
    assert fit("title", BODY, "possible repeat", Room(250, 34)) == ("title", "first line\n…\npossible repeat")


def test_a_title_above_the_body_takes_from_its_room() -> None:
    """Services without titles get it as the first line, and count it."""
    assert fit("title", BODY, "", Room(0, 50)) == ("title", "first line\nsecond line\n…")
    assert fit("title", BODY, "", Room(250, 50, is_shared=True)) == ("title", "first line\nsecond line\n…")


def test_a_service_of_few_lines_gets_the_first_ones() -> None:
    """Some channels show two lines and drop the rest without a word."""
    assert fit("title", BODY, "", Room(250, 1000, lines=2)) == ("title", "first line\n…")


def test_a_long_first_line_is_cut_inside() -> None:
    """Some words are better than none."""
    assert fit("a very long title", "a very long line", "", Room(10, 10)) == ("a very lo…", "a very lo…")


@given(
    st.text(min_size=1, max_size=300),
    LINES,
    st.sampled_from(["", "possible repeat"]),
    st.builds(
        Room,
        title=st.sampled_from([0, 60, 250]),
        body=st.integers(min_value=60, max_value=4000),
        is_shared=st.booleans(),
        lines=st.sampled_from([0, 2, 10]),
    ),
)
def test_always_fits(title: str, lines: list[str], tail: str, room: Room) -> None:
    """No message is longer than its service takes, however it counts."""
    head, body = fit(title, "\n".join(lines), tail, room)
    together = utf16(body.replace("\n", "\r\n")) + (utf16(head) + 2 if room.title == 0 or room.is_shared else 0)
    assert together <= room.body
    assert room.title == 0 or utf16(head) <= room.title


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
