"""What a steady tick costs the owners' database, counted: 30 metrics on three tables."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from detector.adapters.sources import SqlSource
from detector.app import App, open_app
from worlds import Postbox, Quiet

TABLES = ("orders", "payments", "users")
METRICS_PER_TABLE = 10
REVISABLE_HOURS = 48


def write_shop(url: str) -> None:
    """Three tables with a row every ten minutes of eleven weeks."""
    engine = create_engine(url)
    seconds = "strftime('%Y-%m-%d %H:%M:%S', '2025-12-23', '+' || (n * 600) || ' seconds')"
    stamp, series = "text", "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 11200)"
    if engine.dialect.name == "postgresql":
        seconds, stamp = "timestamptz '2025-12-23 00:00+00' + n * interval '10 minutes'", "timestamptz"
        series = "WITH s AS (SELECT generate_series(0, 11200) AS n)"
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"CREATE TABLE {table} (at {stamp}, kind integer)"))
            connection.execute(text(f"INSERT INTO {table} {series} SELECT {seconds}, n % 10 FROM s"))  # noqa: S608 - our own words
    engine.dispose()


def write_config(folder: Path, source: str) -> Path:
    (folder / "rules").mkdir()
    metrics = "\n".join(
        f"  {table}_{kind}: {{source: shop, table: {table}, time: at, where: kind <> {kind}}}"
        for table in TABLES
        for kind in range(METRICS_PER_TABLE)
    )
    (folder / "rules" / "shop.yml").write_text(f"team: shop\nmetrics:\n{metrics}\n", encoding="utf-8")
    config = folder / "detector.yml"
    config.write_text(
        f'store: sqlite:///detector.db\nsources: {{shop: {{url: "{source}"}}}}\n'
        'teams: {shop: {notify: ["json://127.0.0.1:9/"]}}\n',
        encoding="utf-8",
    )
    return config


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_steady_tick_scans_once_per_metric(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """One statement per metric that is due, and no more rows than new and revisable buckets."""
    url = f"sqlite:///{tmp_path / 'shop.db'}" if dialect == "sqlite" else request.getfixturevalue("postgres_url")
    write_shop(url)
    with open_app(write_config(tmp_path, url), progress=Quiet(), notifier=Postbox()) as app:
        app.tick(datetime(2026, 3, 10, 8, 6, tzinfo=UTC))
        first = counted(app)
        report = app.tick(datetime(2026, 3, 10, 9, 6, tzinfo=UTC))
        steady = [after - before for before, after in zip(first, counted(app), strict=True)]
        assert len(report.outcomes) == len(TABLES) * METRICS_PER_TABLE
        assert steady[0] == steady[1] == len(TABLES) * METRICS_PER_TABLE
        assert steady[2] <= len(TABLES) * METRICS_PER_TABLE * (REVISABLE_HOURS + 1)

        again = app.tick(datetime(2026, 3, 10, 9, 7, tzinfo=UTC))
        assert again.outcomes == ()
        assert [after - before for before, after in zip(first, counted(app), strict=True)] == steady


def counted(app: App) -> tuple[int, int, int]:
    """Statements, scans and rows so far."""
    source = app.world.sources["shop"]
    assert isinstance(source, SqlSource)
    return source.counters.statements, source.counters.scans, source.counters.rows
