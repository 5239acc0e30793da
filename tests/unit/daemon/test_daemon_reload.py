"""A reload builds new and then swaps; what cannot be used changes nothing, and the admins hear of it."""

from dataclasses import replace

from builders import a_metric
from daemons import ScriptedEngine, a_daemon
from detector.daemon.changes import Change
from detector.errors import ConfigError, Fault
from detector.model.notification import Reason
from worlds import a_book

REVENUE, ORDERS = a_metric(), a_metric("checkout/orders")
FAULT = Fault("rules/checkout.yml", 3, 5, "unknown key `tabel`: did you mean table?")


def test_new_rules_hold_from_the_next_tick() -> None:
    """What changed is told."""
    engine = ScriptedEngine(book=a_book(REVENUE), next_book=a_book(REVENUE, ORDERS))
    daemon, heard, _ = a_daemon(engine)
    daemon.reload()
    assert set(engine.book.metrics) == {REVENUE.name, ORDERS.name}
    (told,) = heard.of("reloaded")
    assert told[1] == (Change("rule", "checkout/orders", "added"),)


def test_a_mistake_in_a_rule_changes_nothing() -> None:
    """Not even the rules that have none: half of a change may be worse than none."""
    engine = ScriptedEngine(book=a_book(REVENUE), next_book=replace(a_book(ORDERS), faults=(FAULT,)))
    daemon, heard, _ = a_daemon(engine)
    daemon.reload()
    daemon.minutes.tick()
    assert set(engine.book.metrics) == {REVENUE.name}
    assert heard.of("reload_refused") == [((FAULT,),)]
    (news,) = engine.news
    assert (news.team, news.reason) == ("platform", Reason.RULES_FAILING)
    assert "rules/checkout.yml:3" in news.body


def test_a_mistake_in_the_settings_changes_nothing() -> None:
    """And when it is put right, the admins hear of that as well, once."""
    engine = ScriptedEngine(book=a_book(REVENUE), next_book=ConfigError((FAULT,)))
    daemon, _, _ = a_daemon(engine)
    daemon.reload()
    engine.next_book = None
    daemon.reload()
    daemon.reload()
    daemon.minutes.tick()
    assert [one.reason for one in engine.news] == [Reason.RULES_FAILING, Reason.RULES_BACK]


def test_mistakes_that_are_there_at_the_start_are_told() -> None:
    """The rules without any are watched."""
    engine = ScriptedEngine(book=replace(a_book(REVENUE), faults=(FAULT,)))
    daemon, _, _ = a_daemon(engine)
    daemon.minutes.tick()
    assert [one.reason for one in engine.news] == [Reason.RULES_FAILING]


def test_what_cannot_change_while_it_runs_is_named() -> None:
    """The address to listen at and the store hold from the next start."""
    before, after = a_book(REVENUE), a_book(REVENUE)
    http = replace(after.settings.http, listen="127.0.0.1:9")
    engine = ScriptedEngine(book=before, next_book=replace(after, settings=replace(after.settings, http=http)))
    daemon, heard, _ = a_daemon(engine)
    daemon.reload()
    assert heard.of("holds_later") == [(("http.listen",),)]
