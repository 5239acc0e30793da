"""A private MariaDB server for tests: made in a temporary folder, loopback only, gone at the end.

In tests: the fixtures `mariadb_server` (one server per session and worker) and `mariadb_url` (a fresh, empty database
per test), both in tests/conftest.py. As a command:

    python tests/servers/mariadb.py                    prints the URL of an empty database, serves until end of input
    python tests/servers/mariadb.py COMMAND [ARG...]   runs the command with that URL in $MARIADB_URL, ends with it

It needs mariadbd and the SQL of its system tables. Where they are missing, root with apt-get gets Debian's own
`mariadb-server-core` package. The server refuses to run as root, so root hands it to `mysql` or `nobody`. The data is
not made safe against a crash (nothing is synced): it does not outlive the test run anyway.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Any, Self

import pymysql

__all__ = ["MariadbServer", "NoMariadb", "find_programs"]

SUPERUSER = "detector"
STARTS = 3  # a port that was free may be taken before the server has it
READY = "ready for connections"
SHARES = ("/usr/share/mysql", "/usr/share/mariadb", "/usr/local/share/mysql", "/usr/local/share/mariadb")
SYSTEM_TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
KEEPER = """read -r _
if [ -s "$1/pid" ]; then
    kill -9 "$(cat "$1/pid")"
    while kill -0 "$(cat "$1/pid")" 2>/dev/null; do sleep 0.1; done
fi
rm -rf "$1"
"""
LAUNCH = 'echo $$ > "$1/pid"; shift; exec "$@"'  # the number is there before there is anything to end
SETTINGS = (
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-fast-shutdown=2",
    "--innodb-log-file-size=4M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-autoextend-increment=1",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--innodb-temp-data-file-path=ibtmp1:2M:autoextend",
    "--aria-pagecache-buffer-size=8M",
    "--performance-schema=off",
    "--max-connections=60",
    "--secure-file-priv=",  # so that a role with the right to write files could
    "--default-time-zone=-05:00",  # of nobody's: what a session does not set itself shows at once
)


class NoMariadb(Exception):
    """There is no server here, and none can be had."""


def find_programs(*, may_install: bool = True) -> tuple[Path, Path]:
    """The server program, and the folder with the SQL of its system tables.

    Raises:
        NoMariadb: there is none, and Debian's package cannot be installed.
    """
    program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec:/usr/local/sbin")
    share = next((Path(share) for share in SHARES if (Path(share) / SYSTEM_TABLES[0]).is_file()), None)
    if program and share:
        return Path(program), share
    if may_install and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        return find_programs(may_install=False)
    raise NoMariadb("no mariadbd with its system tables' SQL on the PATH or where Debian has them: install MariaDB")


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "mariadb-server-core"]
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode and command is install:
            raise NoMariadb(f"apt-get could not install mariadb-server-core: {done.stderr.strip()[-300:]}")


class MariadbServer:
    """A running server; use it as a context, or call `stop`. Without a password it trusts everybody on loopback."""

    def __init__(self, password: str = "") -> None:
        self._password = password
        self._program, self._share = find_programs()
        self._owner = _ordinary_user()
        self._folder = Path(tempfile.mkdtemp(prefix="detector-mariadb-"))
        self._numbers = count(1)
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None
        self._log: deque[str] = deque(maxlen=20)
        self.port = 0
        (self._folder / "data").mkdir()
        for path in (self._folder, self._folder / "data"):
            if self._owner:
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
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

    def url(self, database: str = "mysql", *, role: str = SUPERUSER) -> str:
        """What the detector connects to."""
        user = f"{role}:{self._password}" if self._password else role
        return f"mysql://{user}@127.0.0.1:{self.port}/{database}"

    @property
    def folder(self) -> Path:
        """Where the server may write."""
        return self._folder

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield self.url(name)
        finally:
            self._execute(f"DROP DATABASE {name}")

    def pause(self) -> None:
        """Stop with whoever is connected; what was committed stays."""
        self._end(self._process)

    def resume(self) -> None:
        """Start again on the same port."""
        if not self._serve(self.port):
            raise NoMariadb(f"mariadbd did not start again: {self._told}")

    def stop(self) -> None:
        """End the server and remove its data."""
        if self._process is not None:
            self._process.kill()
            self._end(self._process)
        self._keeper.communicate()

    @property
    def _told(self) -> str:
        return " ".join(self._log)[-500:]

    @property
    def _as_owner(self) -> dict[str, Any]:
        owner = self._owner
        return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}

    def _execute(self, statement: str) -> None:
        opened = pymysql.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, password=self._password, ssl_disabled=True
        )
        with closing(opened) as connection:
            cursor = connection.cursor()
            cursor.execute("SET lock_wait_timeout = 10")  # a forgotten transaction shall fail a test, not hang it
            cursor.execute(statement)

    def _keep(self) -> "subprocess.Popen[bytes]":
        """A shell that waits for its input to end, as it does when tests are killed, and then cleans up."""
        return subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", str(self._folder)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_owner,
        )

    def _command(self, *arguments: str) -> list[str]:
        # Temporary tables as well: servers that share a folder for them clear away each other's when they start.
        folders = [f"--datadir={self._folder / 'data'}", f"--tmpdir={self._folder}"]
        server = [str(self._program), *SETTINGS, *folders, *arguments]
        return ["/bin/sh", "-c", LAUNCH, "launch", str(self._folder), *server]

    def _initialise(self) -> None:
        tables = "\n".join((self._share / name).read_text(encoding="utf-8") for name in SYSTEM_TABLES)
        statements = f"""CREATE DATABASE mysql;
USE mysql;
SET @auth_root_socket=NULL;
{tables}
FLUSH PRIVILEGES;
CREATE USER {SUPERUSER}@'%' IDENTIFIED BY '{self._password}';
GRANT ALL ON *.* TO {SUPERUSER}@'%' WITH GRANT OPTION;
"""
        done = subprocess.run(
            self._command("--bootstrap"),
            cwd="/",
            input=statements,
            capture_output=True,
            text=True,
            check=False,
            **self._as_owner,
        )
        (self._folder / "pid").unlink(missing_ok=True)
        if done.returncode:
            raise NoMariadb(f"mariadbd --bootstrap failed: {done.stderr.strip()[-500:]}")

    def _start(self) -> None:
        for _ in range(STARTS):
            self.port = _free_port()
            if self._serve(self.port):
                return
        raise NoMariadb(f"mariadbd did not start: {self._told}")

    def _serve(self, port: int) -> bool:
        process = subprocess.Popen(
            self._command(f"--port={port}", f"--socket={self._folder}/socket", f"--pid-file={self._folder}/own"),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self._as_owner,
        )
        assert process.stderr is not None
        for line in process.stderr:
            self._log.append(line.strip())
            if READY in line:
                self._process = process
                self._reader = Thread(target=self._read, args=(process.stderr,), daemon=True)
                self._reader.start()
                return True
        self._end(process)
        process.stderr.close()
        return False

    def _read(self, told: IO[str]) -> None:
        with told:
            self._log.extend(told)

    def _end(self, process: "subprocess.Popen[str] | None") -> None:
        if process is not None:
            process.terminate()
            process.wait()
        if self._reader is not None:
            self._reader.join()
            self._reader = None
        (self._folder / "pid").unlink(missing_ok=True)  # the number may be somebody else's from now on
        self._process = None


def _ordinary_user() -> pwd.struct_passwd | None:
    """Whom root hands the server to; None where we are no root."""
    if os.geteuid() != 0:
        return None
    for name in ("mysql", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoMariadb("root may not run MariaDB, and there is neither a user mysql nor nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(command: Sequence[str]) -> int:
    with MariadbServer() as server, server.database() as url:
        if command:
            return subprocess.run(command, env={**os.environ, "MARIADB_URL": url}, check=False).returncode
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
