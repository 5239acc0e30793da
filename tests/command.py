"""The product as a process, called as a user calls it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Answer", "detector"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def detector(*arguments: str, config: Path | None = None, environ: dict[str, str] | None = None) -> Answer:
    """Run `detector` with the interpreter of this test run."""
    called = [sys.executable, "-m", "detector", *arguments, *(["-c", str(config)] if config else [])]
    done = subprocess.run(
        called, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **(environ or {})}
    )
    return Answer(done.returncode, done.stdout, done.stderr)
