"""What is in the image, and what is not."""

import json
import re
import subprocess
from typing import Any

import pytest

from container.engine import SCRIPTS, VOLUME_PATH, Image
from tree import ROOT

# Tried by the user of the image in every folder there is; what it could write to is printed.
WRITE_PROBE = """
import os
for folder, folders, _ in os.walk("/"):
    if folder == "/":
        folders[:] = sorted(set(folders) - {"proc", "sys", "dev"})  # the kernel's, not the image's
    try:
        with open(os.path.join(folder, "probe"), "w"):
            print(folder)
    except OSError:
        pass
"""
IMPORT_ALL = """
import importlib, pkgutil, sys
import detector
names = [m.name for m in pkgutil.walk_packages(detector.__path__, "detector.")]
others = ["psycopg", "pymysql", "statsmodels.tsa.seasonal", "statsmodels.api", "scipy.stats", "numpy.testing"]
for name in [*names, *others]:
    if not name.startswith(("detector.adapters.store.migrations", "detector.__main__")):
        importlib.import_module(name)
print(len(names), sys.modules["psycopg"].pq.__impl__)
"""
TOOLS = ("pip", "pip3", "gcc", "cc", "c++", "ld", "as", "make", "hatchling", "easy_install", "git", "f2py", "uvicorn")


@pytest.fixture(scope="module")
def told(image: Image) -> Any:
    (found,) = json.loads(image.engine.call("image", "inspect", image.name).stdout)
    return found


def python(image: Image, script: str) -> str:
    return image.run("-c", script, entrypoint="python3")


def test_image_says_how_it_is_run(told: Any) -> None:
    """The daemon is the entry point and process 1, runs as an ordinary user, and one volume holds its state."""
    config = told["Config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["detector"], ["run"])
    assert config["User"] == "10001:10001"
    assert list(config["Volumes"]) == [VOLUME_PATH]
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert "DETECTOR_CONFIG=/etc/detector/detector.yml" in config["Env"]
    assert config["Labels"]["org.opencontainers.image.title"] == "detector"
    health = config.get("Healthcheck") or told.get("HealthCheck") or told.get("Healthcheck")
    assert health["Test"][0] == "CMD"


def test_nobody_in_the_image_is_root(image: Image) -> None:
    """The user has a number and a name, no capability and no way to become another."""
    said = python(
        image,
        "import os, pwd; print(os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name);"
        "print([line for line in open('/proc/self/status') if line.startswith(('CapEff', 'NoNewPrivs'))])",
    )
    assert said.splitlines()[0] == "10001 10001 detector"
    assert "CapEff:\\t0000000000000000" in said
    assert "NoNewPrivs:\\t1" in said
    assert image.run("-c", "find / -xdev -perm /6000 -type f 2>/dev/null || true", entrypoint="sh") == ""


def test_only_the_volume_can_be_written_to(image: Image) -> None:
    """With a read-only root and no temporary file systems there is one place left, and temporary files go there."""
    said = python(image, WRITE_PROBE).splitlines()
    assert said == [VOLUME_PATH]
    assert python(image, "import tempfile; print(tempfile.gettempdir())").strip() == VOLUME_PATH


def test_no_tool_to_build_or_fetch_with(image: Image) -> None:
    """No compiler, no pip and no set-up code is left, neither as a program nor as a module."""
    found = python(image, f"import shutil; print([tool for tool in {TOOLS!r} if shutil.which(tool)])")
    assert found.strip() == "[]"
    modules = ("pip", "ensurepip", "setuptools", "wheel", "hatchling", "editables", "lib2to3")
    script = f"""
import importlib
for name in {modules!r}:
    try:
        importlib.import_module(name)
        print(name)
    except ImportError:
        pass
"""
    assert image.run("-W", "ignore", "-c", script, entrypoint="python3") == ""


def test_everything_can_be_imported(image: Image) -> None:
    """What was cut out of the packages is used by nothing: every module of the product and its drivers load."""
    said = python(image, IMPORT_ALL).split()
    assert int(said[0]) > 100
    assert said[1] == "binary"


def test_nothing_is_compiled_at_start(image: Image) -> None:
    """Every module is there compiled, whatever its time stamp: a read-only image could not keep what it compiles."""
    said = image.call("-v", "-m", "detector", "--version", entrypoint="python3").stderr
    assert "matches" in said
    assert re.findall(r"could not create|wrote '", said) == []
    sources = [line for line in said.splitlines() if re.search(r"code object from '?/.*\.py'?$", line)]
    assert sources == []


def test_no_package_index_is_known_inside(image: Image, told: Any) -> None:
    """Where packages came from is in no file of pip or apt, in no variable and in no line of the image's history."""
    places = ("/etc/pip*", "/etc/apt/sources.list*/*", "/run/secrets/*", "/*/.config/*")
    assert python(image, f"import glob; print([found for place in {places} for found in glob.glob(place)])") == "[]\n"
    kept = json.dumps(told) + image.engine.call("history", "--no-trunc", image.name).stdout
    assert re.findall(r"(?i)index-url|PIP_|find-links|https?://(?!127\.0\.0\.1)[\w.]+", kept) == []


def test_zones_are_there(image: Image) -> None:
    """Time zones come with the packages, whatever the base image has."""
    script = "import zoneinfo; zoneinfo.reset_tzpath([]); print(zoneinfo.ZoneInfo('Europe/Berlin'))"
    assert python(image, script).strip() == "Europe/Berlin"


def test_no_configuration_is_told_with_what_to_do(image: Image) -> None:
    """A container that was given no configuration says which file it wants, and ends as a wrong call does."""
    done = image.call(check=False)
    assert done.returncode == 2
    assert "/etc/detector/detector.yml" in done.stderr


def test_demo_plays_inside(image: Image) -> None:
    """The whole product works with what is left of its packages: shop, judge, suspects, messages over HTTP."""
    said = image.run("demo")
    assert "Suspect: checkout-api v412" in said


def test_size_is_told(image: Image) -> None:
    """The image's size and its largest parts are written where CI shows them."""
    said = subprocess.run([SCRIPTS / "size", image.name], capture_output=True, text=True, check=True).stdout
    (ROOT / ".build" / "image-size.txt").write_text(said, encoding="utf-8")
    total, *parts = said.splitlines()
    assert 0 < int(total.split(" MB ")[0]) < 600
    assert len(parts) == 21
