"""Checkers that the development lock installs beside the interpreter of the tests."""

import os
import shutil
import sys
from pathlib import Path

import pytest

__all__ = ["installed"]


def installed(name: str) -> str:
    """The path of a program; where there is none the test is skipped by name, and in CI it fails."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found:
        return found
    missing = f"{name} is not installed; `make check` installs the development lock"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
