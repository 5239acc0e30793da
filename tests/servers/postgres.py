"""A private PostgreSQL server for tests: made in a temporary folder, loopback only, gone at the end.

In tests: the fixtures `postgres_server` (one server per session and worker) and `postgres_url` (a fresh, empty
database per test), both in tests/conftest.py. As a command:

    python tests/servers/postgres.py                    prints the URL of an empty database, serves until end of input
    python tests/servers/postgres.py COMMAND [ARG...]   runs the command with that URL in $POSTGRES_URL, ends with it

It needs initdb, pg_ctl and postgres, on the PATH or where Debian puts them. Where they are missing, root with apt-get
gets Debian's own `postgresql` package. The server refuses to run as root, so root hands it to `postgres` or `nobody`.
The data is not made safe against a crash (fsync off): it does not outlive the test run anyway.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

__all__ = ["NoPostgres", "PostgresServer", "find_programs"]

SUPERUSER = "detector"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
STARTS = 3  # a port that was free may be taken before the server has it
KEEPER = 'read -r _; "$1" stop --mode immediate --silent --wait --pgdata "$2"; rm -rf "$3"'
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
}


class NoPostgres(Exception):
    """There is no server here, and none can be had."""


def find_programs(*, may_install: bool = True) -> Path:
    """The folder that holds initdb, pg_ctl and postgres.

    Raises:
        NoPostgres: there is none, and Debian's package cannot be installed.
    """
    for folder in _folders():
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
            return folder
    if may_install and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        return find_programs(may_install=False)
    raise NoPostgres("no initdb, pg_ctl and postgres on the PATH or in /usr/lib/postgresql: install PostgreSQL")


def _folders() -> Iterator[Path]:
    # The real files first: a wrapper or link on the PATH may not find its neighbours.
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
        yield Path(on_path).parent


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"]
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode and command is install:
            raise NoPostgres(f"apt-get could not install postgresql: {done.stderr.strip()[-300:]}")


class PostgresServer:
    """A running server; use it as a context, or call `stop`. Without a password it trusts everybody on loopback."""

    def __init__(self, password: str = "") -> None:
        self._password = password
        self._programs = find_programs()
        self._owner = _ordinary_user()
        self._folder = Path(tempfile.mkdtemp(prefix="detector-postgres-"))
        self._numbers = count(1)
        self._left: list[str] = []
        self.port = 0
        if self._owner:
            os.chown(self._folder, self._owner.pw_uid, self._owner.pw_gid)
        self._keeper = self._keep()
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def url(self, database: str = "postgres", *, role: str = SUPERUSER) -> str:
        """What SQLAlchemy and psycopg connect to."""
        user = f"{role}:{self._password}" if self._password else role
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database; it is dropped later, whoever is still connected then."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            while self._left:  # dropped at once, the server would wait a tenth of a second for its last session to end
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._left.pop())))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self._left.append(name)

    def pause(self) -> None:
        """Stop with whoever is connected; what was committed stays."""
        self._run("pg_ctl", "stop", "--mode", "fast", "--silent", "--wait")

    def resume(self) -> None:
        """Start again on the same port."""
        self._serve(self.port)

    def stop(self) -> None:
        """End the server and remove its data."""
        self._keeper.communicate()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _keep(self) -> "subprocess.Popen[bytes]":
        """A shell that waits for its input to end, as it does when tests are killed, and then cleans up."""
        return subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", str(self._programs / "pg_ctl"), str(self._data), str(self._folder)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_owner,
        )

    @property
    def _as_owner(self) -> dict[str, Any]:
        owner = self._owner
        return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}

    def _initialise(self) -> None:
        auth = ["--auth=trust"]
        if self._password:
            file = self._folder / "password"
            file.write_text(self._password)
            if self._owner:
                os.chown(file, self._owner.pw_uid, self._owner.pw_gid)
            auth = ["--auth=scram-sha-256", f"--pwfile={file}"]
        self._run(
            "initdb",
            f"--username={SUPERUSER}",
            *auth,
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        )

    def _start(self) -> None:
        for attempt in range(STARTS):
            self.port = _free_port()
            try:
                self._serve(self.port)
            except NoPostgres:
                if attempt + 1 == STARTS:
                    raise
            else:
                return

    def _serve(self, port: int) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in {**SETTINGS, "port": str(port)}.items())
        self._run("pg_ctl", "start", "--silent", "--wait", f"--log={self._folder / 'log'}", f"--options={options}")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments, f"--pgdata={self._data}"],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            **self._as_owner,
        )
        if done.returncode:
            log = self._folder / "log"
            told = done.stderr.strip() or (log.read_text(errors="replace") if log.exists() else done.stdout)
            raise NoPostgres(f"{program} failed: {told.strip()[-500:]}")


def _ordinary_user() -> pwd.struct_passwd | None:
    """Whom root hands the server to; None where we are no root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("root may not run PostgreSQL, and there is neither a user postgres nor nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(command: Sequence[str]) -> int:
    with PostgresServer() as server, server.database() as url:
        if command:
            return subprocess.run(command, env={**os.environ, "POSTGRES_URL": url}, check=False).returncode
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
