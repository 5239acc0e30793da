"""URLs of stores, right and wrong, and what is said about them."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from detector.adapters.store import open_store
from detector.adapters.store.place import place_of
from detector.errors import StoreBusy, StoreError
from servers.postgres import PostgresServer
from store_samples import sqlite_url, tick, write_to

SECRET = "s3cr3t-pa55"  # noqa: S105 - what must not be seen


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "not a URL"),
        ("postgresql://u:p@host:port/db", "not a URL"),
        ("mysql://u:p@host/db", "cannot be 'mysql'"),
        ("postgresql://u:p@ss@host/db", "`store` has more than one @: write %40"),
        ("sqlite:///file:x.db?mode=ro&uri=true", "plain path"),
        ("sqlite:////nowhere/at/all/detector.db", "there is no directory /nowhere/at/all; make it first"),
    ],
)
def test_addresses_that_cannot_be(url: str, said: str) -> None:
    """Each says what is wrong with it."""
    with pytest.raises(StoreError, match=re.escape(said)):
        open_store(url)


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    """Told as what it is: a place that cannot be opened."""
    with pytest.raises(StoreError, match=r"cannot open the store: .*unable to open database file"):
        open_store(sqlite_url(tmp_path))


def test_an_unreachable_server_is_told_without_secrets() -> None:
    """Where it was looked for and what to do; not the password, wherever it stands in the URL."""
    url = f"postgresql://detector:{SECRET}@127.0.0.1:1/detector?sslpassword={SECRET}"
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "cannot open the store: " in str(caught.value)
    assert "PostgreSQL database detector at 127.0.0.1:1" in str(caught.value)
    assert "the server must be up and reachable" in str(caught.value)
    assert SECRET not in repr(caught.value)
    assert SECRET not in repr(place_of(url))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: re.sub(r"/\w+$", "/nowhere", url), "make the database first"),
        (lambda url: url + "?options=-csearch_path%3Dnowhere", "make the schema first"),
        (lambda url: url + "?no_such_option=1", "what stands behind the"),
    ],
)
def test_a_wrong_address_on_a_server(postgres_url: str, change: Callable[[str], str], said: str) -> None:
    """What the server or driver says is there, with what to do about it."""
    with pytest.raises(StoreError, match=said):
        open_store(change(postgres_url))


def test_two_schemas_are_two_stores(postgres_url: str) -> None:
    """Each has its tables and its lock."""
    write_to(postgres_url, "CREATE SCHEMA other")
    one = open_store(postgres_url)
    other = open_store(postgres_url + "?options=-csearch_path%3Dother", patience_s=0.2)
    one.commit(tick())
    assert other.incident(1) is None
    with one.exclusive(), other.exclusive():
        pass
    one.close()
    other.close()


def test_a_restarted_server_is_found_again() -> None:
    """A server that comes back needs no restart of the detector, and what was committed is still there."""
    with PostgresServer() as server, server.database() as url, closing(open_store(url)) as store:
        store.commit(tick())
        server.pause()
        with pytest.raises(StoreError, match="the next attempt connects anew"):
            store.incident(1)
        server.resume()
        with store.exclusive():
            assert store.incident(1) is not None
            server.pause()
            server.resume()
            with pytest.raises(StoreError, match="the next attempt connects anew"):
                store.commit(tick())
        with store.exclusive():
            store.commit(tick())


def test_a_wrong_password_is_told_without_it() -> None:
    """The user is sent to look at it; it is not shown."""
    with PostgresServer(password="right") as server, server.database() as url:  # noqa: S106 - made up
        wrong = url.replace("right", SECRET)
        assert wrong != url
        with pytest.raises(StoreError, match="look at the user and password in `store`") as caught:
            open_store(wrong)
    assert SECRET not in str(caught.value)


def test_a_commit_waits_for_the_servers_disk(postgres_url: str) -> None:
    """Also where the server is set to answer before a commit is on disk."""
    write_to(postgres_url, "ALTER DATABASE " + postgres_url.rsplit("/", 1)[-1] + " SET synchronous_commit TO off")
    with closing(open_store(postgres_url)) as store:
        with store._writing("look") as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        with store._reading("look") as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off"


def test_a_link_and_its_target_are_one_store(filled: Path, tmp_path: Path) -> None:
    """Two names of one file share one lock."""
    link = tmp_path / "link.db"
    link.symlink_to(filled)
    one, other = open_store(sqlite_url(filled)), open_store(sqlite_url(link), patience_s=0.01)
    with closing(one), closing(other), one.exclusive(), pytest.raises(StoreBusy), other.exclusive():
        raise AssertionError("two inside")
