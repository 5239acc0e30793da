"""Fixtures that every test may use."""

import os
from collections.abc import Iterator

import pytest

from servers.mariadb import MariadbServer, NoMariadb
from servers.postgres import NoPostgres, PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL server; one per session, and so per xdist worker."""
    try:
        server = PostgresServer()
    except NoPostgres as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test PostgreSQL: {missing}")
        pytest.skip(f"PostgreSQL: {missing}")
    with server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh and empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    """A private MariaDB server; one per session, and so per xdist worker."""
    try:
        server = MariadbServer()
    except NoMariadb as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test MariaDB: {missing}")
        pytest.skip(f"MariaDB: {missing}")
    with server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: MariadbServer) -> Iterator[str]:
    """The URL of a fresh and empty MariaDB database."""
    with mariadb_server.database() as url:
        yield url
