"""An environment for each peer, made with pip from whatever index this machine is set to."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Missing", "Peer", "commit", "peer_environment", "run_module", "versions"]

ROOT = Path(__file__).resolve().parents[2]
_REQUIREMENTS = Path(__file__).resolve().parent / "peers"
_PATIENCE_S = 1800


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that can be asked."""

    name: str
    python: Path


@dataclass(frozen=True, slots=True)
class Missing:
    """A peer that could not be had, and why."""

    name: str
    why: str


def peer_environment(name: str, cache: Path) -> Peer | Missing:
    """The peer's environment below the cache, made on the first call and whenever its requirements change."""
    wanted = _REQUIREMENTS / f"{name}.txt"
    key = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:10]
    folder = cache.absolute() / f"{name}-{key}"
    python, stamp = folder / "bin" / "python", folder / ".made"
    if not stamp.exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(wanted)],
        ):
            why = _failed(command)
            if why:
                return Missing(name, why)
        stamp.touch()
    return Peer(name, python)


def _failed(command: list[str]) -> str:
    try:
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
    return "" if ran.returncode == 0 else (errors or ["pip failed"])[-1]


def run_module(python: Path | str, module: str, *arguments: object) -> str:
    """What a module prints, run by that Python from the root of the project, on one core.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [str(python), "-m", module, *(str(argument) for argument in arguments)]
    return subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True).stdout


def versions(python: Path | str, *packages: str) -> str:
    """Names and versions, as that Python has them."""
    code = "import sys; from importlib.metadata import version; print(*(version(name) for name in sys.argv[1:]))"
    ran = subprocess.run([str(python), "-c", code, *packages], check=True, capture_output=True, text=True)
    return ", ".join(f"{name} {number}" for name, number in zip(packages, ran.stdout.split(), strict=True))


def commit() -> str:
    """What is measured; with a plus sign where the detector has changes that are not committed."""
    git = ["git", "-c", "safe.directory=*"]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True)
    state = subprocess.run(
        [*git, "status", "--porcelain", "detector/stats"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return f"{head.stdout.strip() or 'unknown'}{'+' if state.stdout.strip() else ''}"
