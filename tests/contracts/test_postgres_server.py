"""The server that tests of PostgreSQL run against."""

import psycopg


def test_database_is_fresh(postgres_url: str) -> None:
    """A test starts without any table."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (x int)")
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("mine",)]


def test_database_is_not_shared(postgres_url: str) -> None:
    """What another test made is not there."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (x int)")
