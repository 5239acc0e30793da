"""The files of the project, as git knows them."""

import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@lru_cache
def project_files() -> tuple[Path, ...]:
    """Tracked files, and new ones that are not ignored; those just deleted are left out."""
    # A clone may belong to another user than the one who runs the tests, as in CI.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files(*folders: str) -> tuple[Path, ...]:
    """Python files below these folders; written by hand, so without database migrations."""
    return tuple(
        path
        for path in project_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders and "versions" not in path.parts
    )
