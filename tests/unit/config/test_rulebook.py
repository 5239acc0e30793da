"""Rule files: names, defaults, folders, owners."""

from pathlib import Path

import pytest

from config_files import ENVIRON, lay_out, load_folder, load_rules, said
from detector.config.load import load_settings
from detector.config.rulebook import load_rulebook
from detector.model.grid import DAY_S, HOUR_S
from detector.model.metric import AlertPolicy, Direction, EmptyMeans, FalseAlarms, Kind, LongForm, ShortForm, Witness

HEAD = "team: checkout\nmetrics:\n"
ORDERS = "  orders:\n    source: shop\n    table: orders\n    time: created_at\n"


def test_defaults_suit_a_web_shop(tmp_path: Path) -> None:
    """A count with nothing but a table and a time has every default of the guide."""
    metric = load_rules(tmp_path, HEAD + ORDERS).metrics["checkout/orders"]
    assert metric.title == "orders"
    assert metric.services == ("checkout-api",)
    assert metric.query == ShortForm("orders", "created_at", "count(*)")
    assert (metric.kind, metric.unit, metric.every_s, metric.timezone) == (Kind.COUNT, "", HOUR_S, "Europe/Berlin")
    assert (metric.lateness_s, metric.revise_s, metric.empty) == (300, 2 * DAY_S, EmptyMeans.ZERO)
    assert metric.alert == AlertPolicy(Direction.DROP, FalseAlarms(1.0, "month"), 0.0, None, None)
    assert (metric.holidays, metric.calendar, metric.witness, metric.runbook) == (None, (), None, None)
    assert metric.place == "rules/checkout.yml:3"


@pytest.mark.parametrize(
    ("kind", "rest", "empty"),
    [
        ("revenue", "value: sum(a)", EmptyMeans.ZERO),
        ("count", "value: count(distinct a)", EmptyMeans.ZERO),
        ("gauge", "value: avg(a)", EmptyMeans.MISSING),
        ("ratio", "numerator: count(a)\n    denominator: count(*)", EmptyMeans.MISSING),
    ],
)
def test_what_an_empty_bucket_means_follows_from_the_kind(
    kind: str, rest: str, empty: EmptyMeans, tmp_path: Path
) -> None:
    """No rows are no sales, but no level and no ratio."""
    text = f"{HEAD}{ORDERS}    kind: {kind}\n    {rest}\n"
    assert load_rules(tmp_path, text).metrics["checkout/orders"].empty is empty


def test_a_ratio_has_no_value(tmp_path: Path) -> None:
    """A ratio is read as two sums."""
    text = f"{HEAD}{ORDERS}    kind: ratio\n    numerator: count(a)\n    denominator: count(*)\n"
    query = load_rules(tmp_path, text).metrics["checkout/orders"].query
    assert query == ShortForm("orders", "created_at", None, "count(a)", "count(*)")


def test_names_follow_folders(tmp_path: Path) -> None:
    """eu/checkout.yml makes eu/checkout/orders; tests, hidden files and other files are no rules."""
    files = {
        "checkout.yml": HEAD + ORDERS,
        "eu/checkout.yml": HEAD + ORDERS,
        "eu/checkout.test.yml": "not: rules",
        ".hidden/checkout.yml": HEAD + ORDERS,
        "..2026_11_20/checkout.yml": HEAD + ORDERS,
        ".draft.yml": HEAD + ORDERS,
        "notes.txt": "hello",
        "rules.schema.json": "{}",
    }
    book = load_folder(lay_out(tmp_path, files))
    assert list(book.metrics) == ["checkout/orders", "eu/checkout/orders"]
    assert book.faults == book.warnings == ()


def test_a_file_with_another_ending_is_not_overlooked_in_silence(tmp_path: Path) -> None:
    """Who writes checkout.yaml hears that nobody reads it."""
    book = load_folder(lay_out(tmp_path, {"checkout.yaml": HEAD + ORDERS, "orders.YML": HEAD + ORDERS}))
    assert said(tmp_path, book.warnings) == [
        "rules/checkout.yaml: not read: rule files end in .yml; rename it",
        "rules/orders.YML: not read: rule files end in .yml; rename it",
    ]


def test_file_names_are_half_of_a_name(tmp_path: Path) -> None:
    """A file whose name cannot stand in a metric's name is refused."""
    book = load_folder(lay_out(tmp_path, {"my rules.yml": HEAD + ORDERS}))
    assert not book.metrics
    assert "'my rules' cannot begin a metric's name" in said(tmp_path, book.faults)[0]


def test_one_name_twice_names_both_places(tmp_path: Path) -> None:
    """Two files that differ in case only give one name; the first keeps it."""
    book = load_folder(lay_out(tmp_path, {"Checkout.yml": HEAD + ORDERS, "checkout.yml": HEAD + ORDERS}))
    assert list(book.metrics) == ["Checkout/orders"]
    assert said(tmp_path, book.faults) == [
        "rules/checkout.yml:3:3: metric 'checkout/orders' is there already: 'Checkout/orders' in rules/Checkout.yml:3"
    ]


def test_links_stay_inside(tmp_path: Path) -> None:
    """A link to a file outside of the rules folder is refused unread; one inside is followed, as volumes need it."""
    path = lay_out(tmp_path, {"..data/checkout.yml": HEAD + ORDERS})
    (tmp_path / "secret.yml").write_text("postgresql://u:hunter2@h/d: [", encoding="utf-8")
    (tmp_path / "rules" / "checkout.yml").symlink_to("..data/checkout.yml")
    (tmp_path / "rules" / "outside.yml").symlink_to(tmp_path / "secret.yml")
    (tmp_path / "rules" / "linked").symlink_to(tmp_path, target_is_directory=True)
    book = load_folder(path)
    assert list(book.metrics) == ["checkout/orders"]
    assert said(tmp_path, book.faults) == [
        "rules/outside.yml: this link leads out of the rules folder: copy the file instead"
    ]
    assert said(tmp_path, book.warnings) == [
        "rules/linked: a linked folder is not looked into: link the files, or move it"
    ]


def test_a_file_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    """A link to nowhere is a fault of its own file."""
    path = lay_out(tmp_path, {"checkout.yml": HEAD + ORDERS})
    (tmp_path / "rules" / "gone.yml").symlink_to("nowhere.yml")
    (tmp_path / "rules" / "folder.yml").mkdir()
    book = load_folder(path)
    assert list(book.metrics) == ["checkout/orders"]
    assert "rules/gone.yml:1:1: cannot be read" in said(tmp_path, book.faults)[0]


def test_services_default_to_the_teams_own(tmp_path: Path) -> None:
    """Without `services:` the team's services are the first suspects; an unknown one leaves the others."""
    given = load_rules(tmp_path / "a", HEAD.replace("metrics", "services: [payments, nope]\nmetrics") + ORDERS)
    assert given.metrics["checkout/orders"].services == ("payments",)
    assert len(given.faults) == 1
    assert load_rules(tmp_path / "b", HEAD + ORDERS).metrics["checkout/orders"].services == ("checkout-api",)


def test_without_a_team_nobody_would_hear(tmp_path: Path) -> None:
    """A file whose team is unknown has no metrics, and all its other mistakes are reported."""
    book = load_rules(tmp_path, HEAD.replace("checkout", "chekout") + ORDERS + "    every: 5\n")
    assert not book.metrics
    assert len(book.faults) == 2


@pytest.mark.parametrize(
    ("written", "witness"),
    [
        ("visits", Witness(metric="checkout/visits")),
        ("checkout/visits", Witness(metric="checkout/visits")),
        ("{table: public.visits, time: seen_at}", Witness(table="public.visits", time="seen_at")),
    ],
)
def test_witnesses(written: str, witness: Witness, tmp_path: Path) -> None:
    """A witness is another metric of the file, or a table with its time."""
    text = HEAD + ORDERS + f"    witness: {written}\n" + ORDERS.replace("orders", "visits")
    assert load_rules(tmp_path, text).metrics["checkout/orders"].witness == witness


def test_long_form_says_what_it_compares(tmp_path: Path) -> None:
    """The table and column behind `:start` are found, and the semicolon at the end is dropped."""
    sql = "SELECT a AS bucket, 1 AS value FROM public.users u WHERE u.at >= :start AND u.at < :end;"
    query = load_rules(tmp_path, f"{HEAD}  users:\n    source: shop\n    sql: {sql}\n").metrics["checkout/users"].query
    assert query == LongForm(sql[:-1], "public.users", "at")


def test_load_rulebook_starts_from_settings(tmp_path: Path) -> None:
    """The rules alone can be loaded again; places are then relative to detector.yml."""
    path = lay_out(tmp_path, {"a.yml": HEAD + ORDERS, "b.yml": "team: nope\nmetrics: {}\n"})
    book = load_rulebook(load_settings(path, ENVIRON))
    assert list(book.metrics) == ["a/orders"]
    assert str(book.faults[0]).startswith("rules/b.yml:1:7: team: no team is called 'nope'")
    assert str(book.warnings[0]) == "rules/b.yml:1:1: no rules in this file: `metrics:` is empty"


def test_a_source_with_a_mistake_is_complained_about_once(tmp_path: Path) -> None:
    """Rules that read from a source whose address is wrong have no mistake of their own."""
    settings = 'sources:\n  shop: {url: "${NOPE}"}\nteams:\n  checkout: {notify: ["json://x"]}\nadmins: checkout\n'
    with pytest.raises(Exception, match="NOPE") as caught:
        load_folder(lay_out(tmp_path, {"a.yml": HEAD + ORDERS}, settings))
    assert len(str(caught.value).splitlines()) == 1
