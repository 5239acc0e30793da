"""Removes from an image in the making what a running detector never reads.

slim.py packages ENVIRONMENT   from a virtual environment: programs, tests, headers, type stubs, samples
slim.py base                   from the system: pip and what comes with it, set-user-id bits, caches, manuals
"""  # noqa: INP001 - a script of the image, no package

import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

# Whose folders `tests` nothing else imports.
TESTED = ("formulaic", "narwhals", "numpy", "pandas", "patsy", "scipy", "statsmodels")
# numpy/f2py stays: `from numpy import *`, which scipy says, imports it.
COMPILERS = ("numpy/distutils", "numpy/_core/include", "scipy/special/_precompute")
SOURCES = {".a", ".c", ".cpp", ".f", ".f90", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"}
SAMPLES = "statsmodels/datasets"

INSTALLERS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence")
PROGRAMS = ("pip*", "wheel*", "idle*", "2to3*")
STANDARD_LIBRARY = ("ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtledemo")
SYSTEM = (
    "etc/apt/sources.list.d",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/python-wheels",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
)
SET_ID = 0o6000


def slim_packages(environment: Path) -> None:
    """Take from an environment what only tests, compilers and type checkers read."""
    (site,) = environment.glob("lib/python3*/site-packages")
    for name in COMPILERS:
        remove(site / name)
    for unwanted in (programs(environment), tests(site), sources(site), samples(site)):
        for path in sorted(unwanted):
            remove(path)


def programs(environment: Path) -> Iterator[Path]:
    """Commands that packages bring along."""
    yield from (path for path in (environment / "bin").iterdir() if not path.name.startswith("python"))


def tests(site: Path) -> Iterator[Path]:
    """Folders of tests."""
    for package in TESTED:
        yield from (site / package).rglob("tests")


def sources(site: Path) -> Iterator[Path]:
    """What compilers and type checkers read."""
    yield from (path for path in site.rglob("*") if path.suffix in SOURCES and path.is_file())


def samples(site: Path) -> Iterator[Path]:
    """Data that textbooks use."""
    yield from (path for path in (site / SAMPLES).rglob("*") if path.suffix != ".py" and path.is_file())


def slim_base(root: Path = Path("/")) -> None:
    """Take from the system what installs, what explains, and what runs as somebody else."""
    for name in STANDARD_LIBRARY:
        remove(Path(sysconfig.get_path("stdlib")) / name)
    for place in sorted(site_folders(root)):
        remove_all(place, *INSTALLERS, *(f"{name}[-.]*" for name in INSTALLERS))
    for place in (root / "usr/bin", root / "usr/local/bin"):
        remove_all(place, *PROGRAMS)
    for name in SYSTEM:
        remove_all(root / name, "*")
    for top in ("bin", "sbin", "lib", "usr"):
        drop_set_id_bits(root / top)


def site_folders(root: Path) -> Iterator[Path]:
    """Where Debian and the public Python images keep installed packages."""
    yield from root.glob("usr/lib/python3*/dist-packages")
    yield from root.glob("usr/lib/python3/dist-packages")
    yield from root.glob("usr/local/lib/python3*/*-packages")


def drop_set_id_bits(top: Path) -> None:
    """No program of the image changes who it runs as."""
    for path in [] if top.is_symlink() else top.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & SET_ID:
            path.chmod(path.stat().st_mode & 0o777)


def remove_all(place: Path, *patterns: str) -> None:
    """What a folder holds by these names."""
    for pattern in patterns:
        for path in sorted(place.glob(pattern)):
            remove(path)


def remove(path: Path) -> None:
    """Whatever it is, and whether or not it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def main(arguments: list[str]) -> None:
    """Do what the call says."""
    match arguments:
        case ["packages", environment]:
            slim_packages(Path(environment))
        case ["base"]:
            slim_base()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
