"""Every command as a user types it: what it answers, and how it ends. In one process, to be quick."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from detector.adapters.store import open_store
from detector.cli.main import main
from receiver import Receiver, Reply

SETTINGS = """\
store: sqlite:///detector.db
timezone: Europe/Berlin
sources:
  shop: {{url: "sqlite:///shop.db"}}
teams:
  checkout: {{notify: ["{checkout}"]}}
  platform: {{notify: ["{platform}"]}}
services:
  checkout-api: {{team: checkout, depends_on: [payments]}}
  payments: {{team: platform}}
admins: platform
"""

RULES = """\
team: checkout
metrics:
  revenue: {kind: revenue, unit: EUR, source: shop, table: payments, time: paid_at, value: sum(amount)}
"""

TEN = datetime(2026, 3, 10, 9, tzinfo=UTC)  # 10:00 in Berlin
SILENT_FROM = TEN - timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Said]
SetClock = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A machine whose clock stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Say what time it is for the commands that ask the clock."""

    def put(at: datetime) -> None:
        monkeypatch.setattr("detector.app.system_clock", lambda: FixedClock(at))

    return put


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Call `detector` in the folder that holds its files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DETECTOR_CONFIG", raising=False)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr("sys.argv", ["detector", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
def shop(tmp_path: Path, receiver: Receiver) -> Path:
    """A shop with a sale a minute of daylight for eleven weeks, silent since nine; returns its folder."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("CREATE TABLE payments (paid_at TEXT, amount REAL)")
        starts = [SILENT_FROM - timedelta(hours=hour) for hour in range(11 * 7 * 24, 0, -1)]
        sales = [(at.strftime("%Y-%m-%d %H:30:00"), 1000.0 + at.hour * 7 + at.day) for at in starts]
        database.executemany("INSERT INTO payments VALUES (?, ?)", sales)
    channels = {name: f"{receiver.apprise_url}{name}" for name in ("checkout", "platform")}
    (tmp_path / "detector.yml").write_text(SETTINGS.format(**channels), encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "checkout.yml").write_text(RULES, encoding="utf-8")
    return tmp_path


def add_rule(shop: Path, text: str) -> None:
    (shop / "rules" / "more.yml").write_text(text, encoding="utf-8")


# The group


def test_without_a_command_it_lists_them(call: Call) -> None:
    """A wrong call ends with 2 and says what there is."""
    assert "deploy" in call("--help").out
    assert call("--help").code == 0
    assert call().code == 2
    assert call("nonsense").code == 2
    assert call("--version").out.startswith("detector")


def test_without_a_configuration_it_says_which_file_it_looked_for(call: Call) -> None:
    """detector.yml is looked for here; that it is not there is a wrong call."""
    for command in (["check"], ["tick"], ["status"], ["deploy", "list"], ["incident", "list"]):
        said = call(*command)
        assert (said.code, said.err.startswith("detector.yml")) == (2, True)
    assert "elsewhere.yml" in call("check", "-c", "elsewhere.yml").err


# init, check, schema


def test_init_writes_files_that_check_accepts_and_touches_none(call: Call, tmp_path: Path) -> None:
    """A second init changes nothing, and a folder that cannot be is told in words."""
    assert call("init", "new").code == 0
    assert (tmp_path / "new" / "detector.yml").exists()
    again = call("init", "new")
    assert (again.code, "exists already" in again.err) == (2, True)
    (tmp_path / "file").touch()
    assert call("init", "file").code == 2
    assert "cannot be written" in call("init", "file/below").err


def test_check_tells_every_mistake_with_file_and_line(call: Call, shop: Path) -> None:
    """The broken rule is named with its place, the good one still counts."""
    assert call("check").out == "1 metric of 1 team: 0 errors, 0 warnings\n"
    add_rule(shop, "team: checkout\nmetrics:\n  orders: {source: shopp, table: orders, time: at}\n")
    said = call("check")
    assert said.code == 1
    assert "rules/more.yml:3:" in said.err
    assert "shop" in said.err
    told = call("check", "--json").json
    assert told["metrics"] == ["checkout/revenue"]
    assert [(error["file"].endswith("more.yml"), error["line"]) for error in told["errors"]] == [(True, 3)]


def test_a_wrong_detector_yml_ends_with_2(call: Call, shop: Path) -> None:
    """Nothing can be done without it."""
    (shop / "detector.yml").write_text("stores: x\n", encoding="utf-8")
    said = call("check")
    assert said.code == 2
    assert "detector.yml:1:1" in said.err


def test_check_live_asks_the_sources(call: Call, shop: Path) -> None:
    """A column that does not exist is found, with the rule's place."""
    assert call("check", "--live").code == 0
    add_rule(shop, "team: checkout\nmetrics:\n  orders: {source: shop, table: payments, time: payed_at}\n")
    assert call("check").code == 0
    said = call("check", "--live")
    assert said.code == 1
    assert "rules/more.yml:3:" in said.err
    assert "payed_at" in said.err


def test_check_live_opens_the_store(call: Call, shop: Path) -> None:
    """A store in a folder that does not exist is found before the first tick is."""
    settings = (shop / "detector.yml").read_text(encoding="utf-8")
    (shop / "detector.yml").write_text(settings.replace("///detector.db", "///gone/detector.db"), encoding="utf-8")
    assert call("check").code == 0
    said = call("check", "--live")
    assert said.code == 1
    assert "detector.yml: store: " in said.err
    assert "gone" in said.err
    assert "1 error" in said.out


def test_check_live_tries_the_store(call: Call, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there and is no store is an error; one in the middle of a tick is none."""
    (shop / "detector.db").write_bytes(b"not a database, whatever its name says" * 200)
    said = call("check", "--live")
    assert (said.code, "error: " in said.err) == (1, True)
    (shop / "detector.db").unlink()
    monkeypatch.setattr("detector.adapters.store.open_store", lambda text: open_store(text, patience_s=0.0))
    with closing(open_store(f"sqlite:///{shop / 'detector.db'}")) as other, other.exclusive():
        assert call("check", "--live").code == 0


def test_schema_prints_json_schemas(call: Call) -> None:
    """One of them, or both by name."""
    assert set(call("schema").json) == {"detector.yml", "rules"}
    assert "$schema" in call("schema", "rules").json
    assert call("schema", "other").code == 2


# tick, status


def test_tick_judges_tells_and_is_done(call: Call, shop: Path, receiver: Receiver) -> None:
    """The silent hour is told to its team; the same instant again changes nothing."""
    assert shop.exists()
    said = call("tick", "--at", "2026-03-10T10:06")
    assert said.code == 0
    assert "--- to team checkout (opened)" in said.out
    assert "1 anomalous; 1 sent" in said.out
    assert [got.path.strip("/") for got in receiver.received] == ["checkout"]
    assert "nothing was due" in call("tick", "--at", "2026-03-10T10:06").out
    told = call("tick", "--at", "2026-03-10T10:06+01:00", "--json").json
    assert (told["outcomes"], told["notifications"], told["sent"]) == ([], [], 0)


def test_tick_over_a_span_is_one_list(call: Call, shop: Path, receiver: Receiver) -> None:
    """A replay ticks wherever something falls due."""
    assert shop.exists()
    told = call("tick", "--from", "2026-03-10T08:00", "--to", "2026-03-10T11:10", "--json").json
    assert [one["at"] for one in told] == [f"2026-03-10T{hour:02}:05:00+00:00" for hour in (7, 8, 9, 10)]
    assert [len(one["notifications"]) for one in told] == [0, 0, 1, 0]
    assert len(receiver.received) == 1


def test_tick_over_a_span_ends_with_what_it_came_to(call: Call, shop: Path) -> None:
    """One line that counts, also where nothing happened."""
    assert shop.exists()
    said = call("tick", "--from", "2026-03-10T08:00", "--to", "2026-03-10T11:10")
    assert said.out.splitlines()[-1] == "4 ticks, 4 outcomes: 2 anomalous, 2 normal; 1 message"
    assert (
        call("tick", "--from", "2026-03-10T08:00", "--to", "2026-03-10T08:01").out
        == "0 ticks, 0 outcomes; 0 messages\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--at", "tomorrow"], "'tomorrow' is no time"),
        (["--at", "0001-01-01"], "outside the years"),
        (["--at", "9999-12-31T23:59"], "outside the years"),
        (["--from", "2026-03-10"], "say --at TIME"),
        (["--to", "2026-03-10"], "say --at TIME"),
        (["--at", "2026-03-10", "--from", "2026-03-10", "--to", "2026-03-11"], "say --at TIME"),
        (["--from", "2026-03-10", "--to", "2026-03-09"], "is before --from"),
    ],
)
def test_tick_refuses_times_that_cannot_be(call: Call, shop: Path, options: list[str], words: str) -> None:
    """A wrong call, in words."""
    assert shop.exists()
    said = call("tick", *options)
    assert said.code == 2
    assert words in said.err


def test_what_fails_ends_a_tick_with_1_and_the_rest_is_done(call: Call, shop: Path, receiver: Receiver) -> None:
    """A broken rule, a source without the table and a channel that refuses are told; revenue is judged all the same."""
    add_rule(
        shop,
        "team: checkout\nmetrics:\n  gone: {source: shop, table: gone, time: at}\n"
        "  odd: {source: shop, table: t, time: at, every: 7m}\n",
    )
    receiver.script(Reply(500))
    said = call("tick", "--at", "2026-03-10T10:06")
    assert said.code == 1
    assert "rules/more.yml:4:" in said.err
    assert "more/gone: " in said.err
    assert "team checkout, channel 1: " in said.err
    assert "1 anomalous, 1 error; 1 could not be sent" in said.out


def test_two_ticks_at_once_are_refused_in_words(call: Call, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits, gives up, and ends with 1."""
    url = f"sqlite:///{shop / 'detector.db'}"
    monkeypatch.setattr("detector.adapters.store.open_store", lambda text: open_store(text, patience_s=0.0))
    with closing(open_store(url)) as other, other.exclusive():
        for command in (["tick", "--at", "2026-03-10T10:06"], ["incident", "ack", "1"]):
            said = call(*command)
            assert said.code == 1
            assert "another" in said.err
            assert "try again" in said.err


def test_status_tells_what_every_metric_does_and_what_is_wrong(call: Call, shop: Path, set_clock: SetClock) -> None:
    """Before and after a tick; what is wrong ends with 1, and what was wrong with a rule that is gone does not."""
    set_clock(TEN + timedelta(minutes=7))
    said = call("status")
    assert said.code == 1
    assert "checkout/revenue: not judged yet" in said.out
    assert "wrong: nothing has ever been judged" in said.out
    add_rule(shop, "team: checkout\nmetrics:\n  gone: {source: shop, table: gone, time: at}\n")
    call("tick", "--at", "2026-03-10T10:06")
    said = call("status")
    assert said.code == 1
    assert "checkout/revenue: anomalous 0 €, usually about 1,100 € in" in said.out
    assert "last judged: 2026-03-10T10:06+01:00, 1 min ago" in said.out
    assert "newest data unknown" in said.out
    assert "incidents going on: 1" in said.out
    assert "wrong: more/gone: fails since 2026-03-10T10:06+01:00" in said.out
    (shop / "rules" / "more.yml").unlink()
    told = call("status", "--json")
    assert (told.code, told.json["wrong"], told.json["incidents"]) == (0, [], [1])
    assert call("status").out.endswith("the detector itself is well\n")


def test_status_notices_that_nobody_ticks(call: Call, shop: Path, set_clock: SetClock) -> None:
    """Buckets that wait for hours, and a folder without rules, are wrong: nothing is being watched."""
    call("tick", "--at", "2026-03-10T10:06")
    set_clock(TEN + timedelta(hours=16, minutes=6))
    said = call("status")
    assert said.code == 1
    assert "overdue since 2026-03-10T11:05+01:00" in said.out
    assert "wrong: checkout/revenue: 16 buckets are due since 2026-03-10T11:05+01:00; is the detector run" in said.out
    (shop / "rules" / "checkout.yml").unlink()
    said = call("status")
    assert (said.code, "wrong: no metric is watched" in said.out) == (1, True)


# deploy


def test_a_deploy_is_reported_once_and_listed(call: Call, shop: Path) -> None:
    """The same report again is known already; every option is kept."""
    assert shop.exists()
    report = ["--service", "checkout-api", "--version", "v412", "--at", "2026-03-10T07:52"]
    more = ["--started-at", "2026-03-10T07:50", "--actor", "alice", "--url", "https://ci.example/412", "--commit", "c0"]
    scope = ["--kind", "flag", "--rollback-of", "d-411", "--scope", "country=DE,country=AT,percent=10"]
    first = call("deploy", "add", *report, *more, *scope, "--environment", "staging", "--json")
    assert first.code == 0
    assert first.json["new"] is True
    assert first.json["received_at"] == "2026-03-10T06:52:00+00:00"
    assert first.json["scope"] == {"by": {"country": ["DE", "AT"]}, "percent": 10.0}
    again = call("deploy", "add", *report, *more, *scope, "--environment", "staging")
    assert (again.code, "(known already)" in again.out) == (0, True)
    listed = call("deploy", "list", "--since", "2026-03-01")
    assert "2026-03-10T07:52+01:00  checkout-api v412 by alice  flag success  staging" in listed.out
    assert len(call("deploy", "list", "--since", "2026-03-01", "--json").json) == 1
    assert "No deploy has been reported since" in call("deploy", "list", "--since", "2026-03-11").out


def test_a_repeated_step_of_a_pipeline_is_one_deploy(call: Call, shop: Path, set_clock: SetClock) -> None:
    """The same words within minutes are known already; another status, or the same words later, are news."""
    assert shop.exists()
    report = ["deploy", "add", "--service", "payments", "--version", "v7", "--json"]
    said = []
    for minutes, more in ((0, []), (5, []), (6, ["--status", "failure"]), (7, ["--kind", "config"]), (30, [])):
        set_clock(TEN + timedelta(minutes=minutes))
        said.append(call(*report, *more).json)
    assert [one["new"] for one in said] == [True, False, True, True, True]
    assert said[1]["id"] == said[0]["id"]
    assert "(known already)" in call(*report[:-1]).out


def test_a_doubtful_deploy_is_kept_with_a_warning(call: Call, shop: Path, set_clock: SetClock) -> None:
    """A time to come and an id never heard of are told; what takes something back is a rollback."""
    assert shop.exists()
    set_clock(TEN)
    report = ["deploy", "add", "--service", "payments", "--json", "--version"]
    ahead = call(*report, "v8", "--at", "2026-03-10T10:06")
    assert (ahead.code, "warning: --at is ahead" in ahead.err, ahead.json["kind"]) == (0, True, "deploy")
    first = call(*report, "v9")
    assert first.err == ""
    back = call(*report, "v7", "--rollback-of", first.json["id"])
    assert (back.err, back.json["kind"]) == ("", "rollback")
    lost = call(*report, "v6", "--rollback-of", "nothing")
    assert (lost.code, "no deploy with the id 'nothing'" in lost.err) == (0, True)


def test_a_deploy_of_an_unknown_service_is_kept_with_a_warning(call: Call, shop: Path) -> None:
    """It might be the culprit, whatever detector.yml knows."""
    assert shop.exists()
    said = call("deploy", "add", "--service", "chekout", "--version", "1", "--at", "2026-03-10T07:52")
    assert said.code == 0
    assert "'chekout' is no service" in said.err
    assert "chekout 1 success" in said.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--service"),
        (["--service", "a"], "--version"),
        (["--service", "", "--version", "1"], "--service is empty"),
        (["--service", "a" * 201, "--version", "1"], "201 characters"),
        (["--service", "a\x07", "--version", "1"], "control character"),
        (["--service", "a", "--version", "1", "--at", "noon"], "'noon' is no time"),
        (["--service", "a", "--version", "1", "--at", "0001-01-01"], "outside the years"),
        (["--service", "a", "--version", "1", "--status", "done"], "'done'"),
        (["--service", "a", "--version", "1", "--kind", "patch"], "'patch'"),
        (["--service", "a", "--version", "1", "--url", "javascript:x"], "http:// or https://"),
        (["--service", "a", "--version", "1", "--scope", "DE"], "country=DE"),
        (["--service", "a", "--version", "1", "--scope", "percent=0"], "between 0 and 100"),
        (["--service", "a", "--version", "1", "--scope", "percent=nan"], "between 0 and 100"),
        (["--service", "a", "--version", "1", "--at", "2026-03-10", "--started-at", "2026-03-11"], "is after --at"),
    ],
)
def test_a_deploy_that_cannot_be_is_refused(call: Call, shop: Path, options: list[str], words: str) -> None:
    """With the option and what is wrong with it; nothing is stored."""
    said = call("deploy", "add", *options)
    assert said.code == 2
    assert words in said.err
    with closing(open_store(f"sqlite:///{shop / 'detector.db'}")) as store:
        assert store.last_heard_at(TEN + timedelta(days=36500)) is None


# incident


def test_an_incident_is_listed_shown_acknowledged_and_closed(call: Call, shop: Path) -> None:
    """Its life as a person sees it; what is over cannot be closed again."""
    assert shop.exists()
    assert call("incident", "list").out == "No incident is going on\n"
    assert call("incident", "list", "--all").out == "There has been no incident\n"
    call("tick", "--at", "2026-03-10T10:06")
    assert call("incident", "list").out.startswith("1  open  checkout  checkout/revenue")
    shown = call("incident", "show", "1")
    assert "usually about" in shown.out
    assert "decided to tell (opened): " in shown.out
    assert "  2026-03-10T10:06+01:00  opened, to team checkout, channel 1: sent\n" in shown.out
    assert call("incident", "ack", "1", "--by", "alice").out == "incident 1 is acknowledged by alice\n"
    assert call("incident", "close", "1", "--by", "bob", "--why", "maintenance").code == 0
    over = call("incident", "close", "1")
    assert (over.code, "is over already" in over.err) == (2, True)
    assert call("incident", "list", "--json").json == []
    (row,) = call("incident", "list", "--all", "--json").json
    assert (row["state"], row["closed_by"], row["why"]) == ("resolved", "bob", "maintenance")
    closed = call("incident", "show", "1").out
    assert "Closed by bob: maintenance. It was:\nrevenue is 0 €" in closed
    assert "back to usual" not in closed
    assert "detector incident ack" not in closed
    events = call("incident", "show", "1", "--json").json["events"]
    assert [event["what"] for event in events][-2:] == ["acknowledged", "closed"]


def test_a_new_level_is_said_when_closing_or_later(call: Call, shop: Path) -> None:
    """It stays so: the history says that, and what is over cannot be called a level twice."""
    assert shop.exists()
    call("tick", "--at", "2026-03-10T10:06")
    assert call("incident", "close", "1", "--by", "bob").code == 0
    said = call("incident", "close", "1", "--new-level", "--by", "bob", "--why", "new prices")
    assert (said.code, said.out) == (0, "incident 1 is closed by bob, for this is how it is now: new prices\n")
    (row,) = call("incident", "list", "--all", "--json").json
    assert [part["level_since"] for part in row["metrics"]] == [part["span"]["start_at"] for part in row["metrics"]]
    again = call("incident", "close", "1", "--new-level")
    assert (again.code, "nothing of it goes on" in again.err) == (2, True)


def test_the_verdict_of_a_person_is_kept_and_shown(call: Call, shop: Path) -> None:
    """Of a deploy that was looked at, or of none; it may be changed, also when all is over."""
    assert shop.exists()
    add = ("deploy", "add", "--service", "checkout-api", "--at", "2026-03-10T08:52")
    assert call(*add, "--version", "v412", "--id", "run-7").code == 0
    call("tick", "--at", "2026-03-10T10:06")
    unknown = call("incident", "verdict", "1", "--deploy", "run-8")
    assert (unknown.code, "looked at are: run-7 (checkout-api v412)" in unknown.err) == (2, True)
    said = call("incident", "verdict", "1", "--deploy", "run-7", "--by", "bob", "--why", "logs say so")
    assert (said.code, said.out) == (0, "incident 1: checkout-api v412, confirmed by bob: logs say so\n")
    shown = call("incident", "show", "1").out
    assert " - confirmed by bob\n  logs say so\n" in shown
    assert "verdict: checkout-api v412, confirmed by bob: logs say so" in shown
    assert call("incident", "list").out.endswith(", confirmed checkout-api v412\n")
    (row,) = call("incident", "list", "--json").json
    assert (row["confirmed"]["deploy"], row["confirmed"]["by"]) == ("run-7", "bob")
    assert call("incident", "close", "1").code == 0
    assert call("incident", "verdict", "1", "--no-deploy", "--by", "eve").out == (
        "incident 1: no deploy, confirmed by eve\n"
    )
    assert "No deploy stands out: confirmed by eve" in call("incident", "show", "1").out


def test_an_incident_shows_messages_that_were_not_sent(call: Call, shop: Path, receiver: Receiver) -> None:
    """To have decided to tell is not to have told."""
    assert shop.exists()
    receiver.script(Reply(500))
    call("tick", "--at", "2026-03-10T10:06")
    shown = call("incident", "show", "1").out
    assert "opened, to team checkout, channel 1: not sent yet: " in shown
    (row,) = call("incident", "show", "1", "--json").json["deliveries"]
    assert (row["status"], row["attempts"], row["reason"]) == ("pending", 1, "opened")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["ack", "1", "--by", ""], "--by is empty"),
        (["verdict", "1", "--no-deploy", "--why", "a\nb"], "--why holds a control character"),
        (["verdict", "1", "--no-deploy", "--deploy", "x"], "say either --deploy ID or --no-deploy"),
        (["verdict", "1"], "say either --deploy ID or --no-deploy"),
        (["ack", "1", "--by", "a\x1b[2J"], "--by holds a control character"),
        (["close", "1", "--why", "a\nb"], "--why holds a control character"),
        (["close", "1", "--why", "a" * 201], "--why has 201 characters"),
        (["close", "1", "--by", "a" * 201], "--by has 201 characters"),
    ],
)
def test_what_people_say_of_an_incident_is_plain_text(call: Call, shop: Path, options: list[str], words: str) -> None:
    """It stands in messages and on terminals."""
    assert shop.exists()
    said = call("incident", *options)
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize("number", ["7", "0", "99999999999999999999", "one"])
@pytest.mark.parametrize("command", ["show", "ack", "close"])
def test_an_incident_that_does_not_exist_is_a_wrong_call(call: Call, shop: Path, command: str, number: str) -> None:
    """Whatever is asked of it."""
    assert shop.exists()
    assert call("incident", command, number).code == 2


def test_a_login_without_a_name_can_react(call: Call, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user has a number and no name."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    assert shop.exists()
    monkeypatch.setattr("getpass.getuser", nameless)
    call("tick", "--at", "2026-03-10T10:06")
    assert call("incident", "ack", "1").out == "incident 1 is acknowledged by somebody\n"


# notify


def test_notify_sends_a_test_to_every_channel(call: Call, shop: Path, receiver: Receiver) -> None:
    """What became of each is told, and no address with it."""
    assert shop.exists()
    said = call("notify", "checkout", "--test")
    assert (said.code, said.out.endswith("sent\n")) == (0, True)
    (got,) = receiver.received
    assert "test" in got.json["title"].lower()
    receiver.script(Reply(500))
    failed = call("notify", "checkout", "--test")
    assert failed.code == 1
    assert "500" in failed.err
    assert str(receiver.port) not in failed.err
    assert "there are: checkout, platform" in call("notify", "nobody", "--test").err
    assert call("notify", "nobody", "--test").code == 2
    assert call("notify", "checkout").code == 2
