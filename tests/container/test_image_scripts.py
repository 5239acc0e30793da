"""The scripts that the image is made with, and the one that asks the daemon how it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from container.engine import SCRIPTS
from receiver import Receiver, Reply, Reset


def ask(url: str) -> "subprocess.CompletedProcess[str]":
    """The health check as the image calls it."""
    return subprocess.run(
        [sys.executable, "-I", "-S", SCRIPTS / "healthcheck.py"],
        capture_output=True,
        text=True,
        check=False,
        env={"DETECTOR_HEALTH_URL": url},
    )


def pip_settings(folder: Path, *arguments: str, **environ: str) -> str:
    """What a build would be lent, with this environment and nobody's files."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        [sys.executable, SCRIPTS / "pip_settings.py", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**mine, "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull, **environ},
    ).stdout


def test_health_is_the_daemons_answer() -> None:
    """200 is healthy; anything else is not, and is shown."""
    with Receiver() as daemon:
        daemon.script(Reply(200, body=b'{"is_alive": true}'), Reply(503, body=b"no sign of life for 300 s"), Reset())
        well, unwell, cut = (ask(f"{daemon.url}/healthz") for _ in range(3))
        assert [got.path for got in daemon.received] == ["/healthz"] * 3
    assert (well.returncode, well.stdout) == (0, '200 {"is_alive": true}\n')
    assert (unwell.returncode, unwell.stdout) == (1, "503 no sign of life for 300 s\n")
    assert (cut.returncode, cut.stderr) == (1, "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/healthz", "127.0.0.1:8080", "https://x/", "http://:x/healthz"])
def test_health_says_what_to_set(url: str) -> None:
    """Nobody there, or no address: unhealthy, with the variable or the key to look at, and no traceback."""
    answer = ask(url)
    assert answer.returncode == 1
    assert "listen" in answer.stdout or "DETECTOR_HEALTH_URL" in answer.stdout
    assert answer.stderr == ""


def test_build_is_lent_what_pip_is_told_here(tmp_path: Path) -> None:
    """The index and its password, and not the folders of this machine, which a build cannot see."""
    lent = pip_settings(
        tmp_path,
        PIP_INDEX_URL="https://user:secret@index.example/simple",
        PIP_FIND_LINKS="/srv/wheels https://wheels.example/ file:///srv/more",
        PIP_CERT="/etc/own/ca.pem",
    )
    assert lent.splitlines() == [
        "[global]",
        "index-url = https://user:secret@index.example/simple",
        "find-links = https://wheels.example/",
        "cert = /run/secrets/ca.pem",
    ]
    assert pip_settings(tmp_path, "--cert", PIP_CERT="/etc/own/ca.pem") == "/etc/own/ca.pem"


def test_build_without_settings_is_lent_none(tmp_path: Path) -> None:
    """Where pip has no settings the build gets an empty file."""
    assert pip_settings(tmp_path, SSL_CERT_FILE="") == "[global]\n"
