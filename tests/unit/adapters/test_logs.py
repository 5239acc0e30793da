"""The log: one line per event, whoever speaks and whatever is said."""

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.adapters.logs import set_up_logs, tick_begins, tick_is_over
from detector.model.secret import Secret
from log_capture import Captured, captured

NINE = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
PASSWORD = "k3y-h4nd"  # noqa: S105 - what must not show
STORE = Secret(f"postgresql://app:{PASSWORD}@db.example/shop", "${STORE_URL}")

nasty = st.text(st.characters() | st.sampled_from("\n\r\x1b\x9b\u2028\u2029\x85\0\u202e"), min_size=1, max_size=30)


@pytest.fixture
def log() -> Iterator[Captured]:
    with captured([STORE]) as log:
        yield log


@pytest.fixture
def terminal() -> Iterator[Captured]:
    with captured([STORE], is_terminal=True) as log:
        yield log


def speak() -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger("detector.test")
    return logger


def test_an_event_is_a_line(log: Captured) -> None:
    """Event, level, time in UTC and logger stand first, what is bound follows."""
    speak().info("outcome anomalous", metric="checkout/revenue", value=0.0, incident=12)
    (line,) = log.lines
    assert list(line) == ["event", "level", "at", "logger", "metric", "value", "incident"]
    assert (line["event"], line["level"], line["logger"]) == ("outcome anomalous", "info", "detector.test")
    assert datetime.fromisoformat(line["at"]).utcoffset() == NINE.utcoffset()
    assert line["at"].endswith("Z")


def test_what_libraries_say_goes_the_same_way(log: Captured) -> None:
    """A line of stdlib logging has the same fields, and belongs to the tick it was said in."""
    tick_begins(NINE)
    logging.getLogger("sqlalchemy.pool").warning("connection of %s lost", PASSWORD)
    speak().info("x")
    tick_is_over()
    speak().info("y")
    foreign, own, later = log.lines
    assert "tick" not in later
    assert foreign["event"] == "connection of *** lost"
    assert foreign["logger"] == "sqlalchemy.pool"
    assert foreign["tick"] == own["tick"] == "2026-03-10T09:00:00+00:00"
    assert foreign["todo"]


def test_libraries_do_not_chat(log: Captured) -> None:
    """What they say of ordinary work is left out, migrations excepted."""
    for name in ("apscheduler.scheduler", "sqlalchemy.engine", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).info("all is well")
    migration = logging.getLogger("alembic.runtime.migration")
    for text in ("Context impl %s.", "Will assume %s DDL.", "Running upgrade 0001 -> %s"):
        migration.info(text, "0002")
    assert [line["event"] for line in log.lines] == ["Running upgrade 0001 -> 0002"]


@pytest.mark.parametrize("level", ["warning", "error", "critical"])
def test_trouble_says_what_to_do(log: Captured, level: str) -> None:
    """Every line of that kind has a `todo`, whoever wrote it."""
    getattr(speak(), level)("trouble")
    getattr(logging.getLogger("somebody.else"), level)("trouble")
    assert all(line["todo"] for line in log.lines)
    assert len(log.lines) == 2


def test_an_exception_is_two_fields(log: Captured) -> None:
    """Type and message, and where it came from, innermost first, without the machine's folders."""
    try:
        int(STORE.hidden)
    except ValueError:
        speak().exception("the tick failed")
        logging.getLogger("apscheduler.executors.default").exception("Job raised")
    for line in log.lines:
        assert line["error"].startswith("ValueError: invalid literal ")
        assert line["stack"].startswith("adapters/test_logs.py:")
        assert PASSWORD not in str(line)


def test_debug_is_left_out_unless_asked_for() -> None:
    """A tick with nothing due is no line."""
    for level, expected in (("info", 0), ("debug", 1)):
        with captured(level=level) as log:
            speak().debug("tick")
            assert len(log.lines) == expected


def test_a_terminal_gets_readable_lines(terminal: Captured) -> None:
    """The clock of the configured zone, the level, the words, the fields, and what to do."""
    speak().warning("a source fails", source="shop", error='it says "no"', todo="look after it")
    clock, level, rest = terminal.text.rstrip("\n").split(maxsplit=2)
    assert len(clock.split(":")) == 3
    assert level == "warning"
    assert rest == 'a source fails  source=shop error="it says \\"no\\""  -> look after it'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=nasty, key=nasty)
@pytest.mark.parametrize("is_terminal", [False, True])
def test_no_text_breaks_a_line(is_terminal: bool, text: str, key: str) -> None:
    """Whatever is said, in words, fields, names of fields or exceptions: one line, nothing unseen in it."""
    with captured(is_terminal=is_terminal) as log:
        speak().error(text, value=text, nested={key: [text, {text: key}]}, exc_info=ValueError(text))
        logging.getLogger(text.replace(".", "")).error(text)
        assert log.logs.lost == 0
        lines = log.text.split("\n")
        assert len(lines) == 3
        assert all(line.isprintable() for line in lines)
        if not is_terminal:
            assert len(log.lines) == 2


def test_bad_numbers_are_still_json(log: Captured) -> None:
    """Neither nan nor infinity is a number in JSON."""
    speak().info("x", value=float("nan"), other=[float("inf")], at_last=NINE, kind=UTC)
    line = log.lines[0]
    assert (line["value"], line["other"], line["at_last"]) == ("nan", ["inf"], "2026-03-10T09:00:00+00:00")


def test_what_cannot_be_written_down_costs_no_line(log: Captured) -> None:
    """Objects that fail to say what they are, and exceptions that do."""

    class Speechless(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    speak().error("x", what=Speechless(), exc_info=Speechless())
    assert log.lines[0]["what"] == "(Speechless)"
    assert log.lines[0]["error"] == "Speechless: (without words)"


def test_a_reload_hides_other_secrets(log: Captured) -> None:
    """The new ones at once; those before for one more reload, since old queries may still fail."""
    first, second, third = (Secret(f"t0ken-{name}") for name in ("first", "second", "third"))
    for fresh, hidden in ((first, [first]), (second, [first, second]), (third, [second, third])):
        log.logs.hide([fresh])
        for secret in hidden:
            speak().info(f"uses {secret.hidden}")
    assert {line["event"] for line in log.lines} == {"uses ***"}
    speak().info(f"uses {first.hidden}")
    assert log.lines[-1]["event"] == "uses t0ken-first"
    assert log.logs.scrub(f"uses {third.hidden}") == "uses ***"


def test_a_full_disk_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that cannot be written is counted; nothing of it is printed elsewhere."""

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, text)

    logs = set_up_logs(Full(), is_terminal=False, secrets=[STORE])
    try:
        speak().info(f"uses {PASSWORD}")
        template = "a template %s %s"
        logging.getLogger("sqlalchemy").error(template, PASSWORD)
    finally:
        logs.close()
    assert logs.lost == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_stream_without_umlauts(is_terminal: bool) -> None:
    """Where only ASCII can be written everything else is escaped, and no line is lost."""
    raw = io.BytesIO()
    logs = set_up_logs(io.TextIOWrapper(raw, "ascii"), is_terminal=is_terminal, secrets=[])
    try:
        speak().info("0 € in Zürich")
    finally:
        logs.close()
    assert logs.lost == 0
    assert b"\\u20ac" in raw.getvalue()


def test_threads_that_break_are_logged(log: Captured, capsys: pytest.CaptureFixture[str]) -> None:
    """Python would print the exception as it is, secrets included."""

    def work() -> None:
        raise ValueError(PASSWORD)

    thread = threading.Thread(target=work, name="lane")
    thread.start()
    thread.join()
    (line,) = log.lines
    assert (line["level"], line["error"], line["thread"]) == ("critical", "ValueError: ***", "lane")
    assert capsys.readouterr().err == ""


def test_warnings_are_logged(log: Captured) -> None:
    """With what to do about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(f"{PASSWORD} is old", stacklevel=1)
    assert "*** is old" in log.lines[0]["event"]
    assert log.lines[0]["logger"] == "py.warnings"


def test_everything_is_put_back() -> None:
    """After `close` logging is as it was: for the next test, and for `detector run` in a test."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, threading.excepthook)
    with captured():
        assert root.handlers != before[0]
    assert (root.handlers, root.level, threading.excepthook) == before
