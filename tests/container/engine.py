"""The image, and containers of it as they are meant to be run: read-only, without capabilities, with one volume.

The engine is found, and the image built, by the scripts in deploy/image; building again takes seconds when nothing
has changed.
"""

import fcntl
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import Self
from uuid import uuid4

from tree import ROOT

__all__ = ["HEALTHCHECK", "VOLUME_PATH", "Container", "Engine", "Image", "NoEngine"]

SCRIPTS = ROOT / "deploy" / "image"
BUILT_AS = "localhost/detector:test"
VOLUME_PATH = "/var/lib/detector"
HEALTHCHECK = ("python3", "-I", "-S", "/opt/detector/healthcheck.py")
# podman puts writable file systems over a read-only one unless it is told not to; docker has no such option.
LOCKED_DOWN = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
WITHOUT_TMPFS = "--read-only-tmpfs=false"
# Limits as they are in most places: raising them, which engines do by themselves, is refused inside other sandboxes.
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")


class NoEngine(Exception):
    """There is no container engine here, and none can be had."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The first words of every call."""

    command: tuple[str, ...]

    @classmethod
    def find(cls) -> Self:
        """The engine that deploy/image/engine names.

        Raises:
            NoEngine: there is none.
        """
        found = subprocess.run([SCRIPTS / "engine"], capture_output=True, text=True, check=False)
        if found.returncode:
            raise NoEngine(found.stderr.strip())
        return cls(tuple(found.stdout.split()))

    @property
    def locked_down(self) -> tuple[str, ...]:
        is_podman = self.command[0].endswith("podman")
        return (*LOCKED_DOWN, *LIMITS, *((WITHOUT_TMPFS,) if is_podman else ()))

    def call(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run([*self.command, *words], capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr or done.stdout}")
        return done


@dataclass(frozen=True, slots=True)
class Image:
    """The image of this tree."""

    engine: Engine
    name: str

    @classmethod
    def build(cls, engine: Engine) -> Self:
        """Build it; when several test processes want it at once, one builds and the others find it built."""
        lock = ROOT / ".build" / "image.lock"
        lock.parent.mkdir(exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            built = subprocess.run(
                [SCRIPTS / "build"],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "IMAGE": BUILT_AS},
            )
        assert built.returncode == 0, f"deploy/image/build failed: {built.stderr[-3000:]}"
        return cls(engine, built.stdout.strip())

    def call(
        self, *words: str, entrypoint: str | None = None, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """A short command in a fresh container without a network."""
        called = [*self.engine.locked_down, "--network=none", "--no-healthcheck"]
        if entrypoint is not None:
            called.append(f"--entrypoint={entrypoint}")
        return self.engine.call("run", "--rm", *called, self.name, *words, check=check)

    def run(self, *words: str, entrypoint: str | None = None) -> str:
        """What such a command prints; it must succeed."""
        return self.call(*words, entrypoint=entrypoint).stdout

    @contextmanager
    def volume(self) -> Iterator[str]:
        """The name of a new, empty volume."""
        name = f"detector-test-{uuid4().hex}"
        self.engine.call("volume", "create", name)
        try:
            yield name
        finally:
            self.engine.call("volume", "rm", "--force", name, check=False)


class Container:
    """A daemon in its container on this machine's network, with what it prints, line by line."""

    def __init__(self, image: Image, volume: str, options: Sequence[str]) -> None:
        self.name = f"detector-test-{uuid4().hex}"
        self._engine = image.engine
        self._lines: list[str] = []
        self._said = Condition()
        self._process = subprocess.Popen(
            [
                *image.engine.command,
                "run",
                f"--name={self.name}",
                "--network=host",
                f"--volume={volume}:{VOLUME_PATH}",
                *image.engine.locked_down,
                *options,
                image.name,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.call("rm", "--force", self.name, check=False)
        self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def said(self) -> str:
        with self._said:
            return "".join(self._lines)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def execute(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command inside, beside the daemon."""
        return self._engine.call("exec", self.name, *words, check=False)

    def kill(self) -> int:
        """SIGKILL; the exit code."""
        self._engine.call("kill", "--signal=KILL", self.name)
        return self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when it has not ended after ten seconds; the exit code tells which it was."""
        self._engine.call("stop", "--time=10", self.name)
        return self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._said:
                self._lines.append(line)
                self._said.notify_all()


def readable(path: Path) -> Path:
    """The same file or folder, readable for the user inside."""
    for each in [path, *path.rglob("*")] if path.is_dir() else [path]:
        each.chmod(0o755 if each.is_dir() else 0o644)
    return path
