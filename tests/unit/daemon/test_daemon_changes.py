"""What a reload changed is told rule by rule, without secrets, and without what only moved."""

from dataclasses import replace

from builders import a_metric
from detector.daemon.changes import Change, changes, needs_restart
from detector.model.metric import AlertPolicy
from detector.model.rulebook import Http, RuleBook, Source, Team
from detector.model.secret import Secret
from worlds import a_book

REVENUE = a_metric()
ORDERS = a_metric("checkout/orders")


def with_settings(book: RuleBook, **said: object) -> RuleBook:
    return replace(book, settings=replace(book.settings, **said))  # type: ignore[arg-type]  # names fields of Settings


def test_added_removed_and_changed_rules() -> None:
    """With the keys that are different."""
    louder = replace(REVENUE, alert=AlertPolicy(at_least=500.0), runbook="https://wiki.example/checkout")
    assert changes(a_book(REVENUE, ORDERS), a_book(louder, a_metric("growth/signups"))) == (
        Change("rule", "checkout/orders", "removed"),
        Change("rule", "checkout/revenue", "changed", ("alert", "runbook")),
        Change("rule", "growth/signups", "added"),
    )


def test_a_line_that_moved_is_no_change() -> None:
    """A rule that stands elsewhere is the same rule."""
    assert changes(a_book(REVENUE), a_book(replace(REVENUE, place="rules/checkout.yml:9"))) == ()


def test_sections_of_the_settings() -> None:
    """A team's channel, a source's address and a single value."""
    before = a_book(REVENUE)
    team = Team("checkout", (Secret("json://elsewhere/", "${NEW}"),))
    after = with_settings(
        before,
        teams={**before.settings.teams, "checkout": team},
        sources={"shop": Source("shop", Secret("sqlite:///other.db"))},
        keep_s=100.0 * 86_400,
    )
    told = changes(before, after)
    assert told == (
        Change("keep_s", "", "changed"),
        Change("sources", "shop", "changed", ("url",)),
        Change("teams", "checkout", "changed", ("notify",)),
    )
    assert "elsewhere" not in repr(told)


def test_what_holds_from_the_next_start_only() -> None:
    """The store and the address to listen at are not exchanged while the daemon runs."""
    book = a_book(REVENUE)
    after = with_settings(book, store=Secret("sqlite:///x.db"), http=Http(listen="127.0.0.1:9"))
    assert needs_restart(book.settings, after.settings) == ("store", "http.listen")
    assert needs_restart(book.settings, with_settings(book, http=Http(tokens=(Secret("t"),))).settings) == ()
