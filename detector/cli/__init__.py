"""The command line: thin, and quick to start."""

from detector.cli.main import main

__all__ = ["main"]
