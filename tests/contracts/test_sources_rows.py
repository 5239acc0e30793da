"""Tables of deploys as every source reads them."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import EIGHT, HOUR, hours
from detector.errors import BadRows, QueryRejected, SourceUnavailable
from detector.linking.announced import Arrival
from detector.linking.mapping import mapped_deploys
from detector.model.feed import Feed, FeedKind, FeedTable, Take
from detector.ports import TableSource
from servers.time_styles import MARIADB, POSTGRES, SQLITE, STYLES, Style, execute, opened, url_for

ALL = pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.database} {style.name}")
ONE_OF_EACH = pytest.mark.parametrize("style", [POSTGRES[0], MARIADB[0], SQLITE[0]], ids=lambda it: it.database)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def url(style: Style, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_for(style, request, tmp_path)


def fill(url: str, style: Style, *rows: tuple[datetime, int, str | None]) -> None:
    execute(url, f"CREATE TABLE deploys (changed_at {style.sql_type}, id integer, tag text)")
    if rows:
        written = [(style.write(at, BERLIN), number, tag) for at, number, tag in rows]
        execute(url, "INSERT INTO deploys VALUES (?, ?, ?)", written)


@ALL
def test_rows_of_a_span_in_order(style: Style, url: str) -> None:
    """From the start of the span to before its end, by time, with the columns that were asked for."""
    fill(url, style, *((EIGHT + hour * HOUR, n, f"v{n}") for n, hour in enumerate([1, -1, 0, 2, 0.5])))
    with opened(url, "Europe/Berlin") as source:
        port: TableSource = source
        found = port.rows("deploys", ["tag", "id"], "changed_at", hours(0, 2), 10)
    assert [(row.at, dict(row.values)) for row in found] == [
        (EIGHT, {"tag": "v2", "id": 2}),
        (EIGHT + HOUR / 2, {"tag": "v4", "id": 4}),
        (EIGHT + HOUR, {"tag": "v0", "id": 0}),
    ]


@ONE_OF_EACH
def test_of_too_many_the_earliest(style: Style, url: str) -> None:
    """So that the next look goes on behind the last of them."""
    fill(url, style, *((EIGHT + timedelta(seconds=n), n, None) for n in reversed(range(9))))
    with opened(url, "Europe/Berlin") as source:
        found = source.rows("deploys", ["id", "tag"], "changed_at", hours(0, 1), 4)
    assert [row.values["id"] for row in found] == [0, 1, 2, 3]
    assert {row.values["tag"] for row in found} == {None}


@ONE_OF_EACH
def test_empty_table(style: Style, url: str) -> None:
    """No rows are no trouble."""
    fill(url, style)
    with opened(url) as source:
        assert source.rows("deploys", ["id"], "changed_at", hours(0, 1), 4) == ()


@ONE_OF_EACH
@pytest.mark.parametrize(
    "said", [("other", "id", "changed_at"), ("deploys", "ids", "changed_at"), ("deploys", "id", "at")]
)
def test_names_that_are_none(style: Style, url: str, said: tuple[str, str, str]) -> None:
    """What the database does not know is told as for a metric, in errors of our own."""
    fill(url, style, (EIGHT, 1, "v1"))
    table, column, time = said
    with opened(url) as source, pytest.raises((QueryRejected, BadRows)) as caught:
        source.rows(table, [column], time, hours(0, 1), 4)
    assert str(caught.value).startswith(f"source shop: reading the deploys in {table}: ")


def test_file_that_is_none(tmp_path: Path) -> None:
    """A source that is not there is told as unavailable."""
    with opened(f"sqlite:///{tmp_path}/none.db") as source, pytest.raises(SourceUnavailable):
        source.rows("deploys", ["id"], "changed_at", hours(0, 1), 4)


def test_types_of_postgres(postgres_url: str) -> None:
    """UUIDs, numerics, times, lists and JSON become a deploy by the mapping; a wall time is in the source's zone."""
    execute(
        postgres_url,
        """CREATE TABLE deploys (changed_at timestamptz, id uuid, build numeric, at timestamp, countries text[],
                                 more jsonb);
        INSERT INTO deploys VALUES ('2026-03-10 08:00+01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 412.5,
                                    '2026-03-10 07:59', '{DE,AT}', '{"app": {"name": "checkout"}}')""",
    )
    columns = ("id", "build", "at", "countries", "more")
    with opened(postgres_url, "Europe/Berlin") as source:
        (row,) = source.rows("deploys", columns, "changed_at", hours(0, 1), 4)
    assert row.values["build"] == Decimal("412.5")
    places = {"id": "id", "version": "build", "finished_at": "at", "scope.country": "countries"}
    fields = {name: (Take((column,)),) for name, column in places.items()}
    fields["service"] = (Take(("more", "app", "name")),)
    table = FeedTable("shop", "deploys", "changed_at")
    feed = Feed("rows", FeedKind.TABLE, fields=fields, table=table, timezone="Europe/Berlin")
    (deploy,) = mapped_deploys(row.values, feed, Arrival(EIGHT, "x"))
    assert (deploy.id, deploy.version, deploy.service) == ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "412.5", "checkout")
    assert deploy.finished_at == EIGHT - timedelta(minutes=1)
    assert deploy.scope is not None
    assert deploy.scope.by == {"country": ("DE", "AT")}
