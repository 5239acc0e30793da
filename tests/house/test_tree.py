"""What may lie in the repository."""

import re
from importlib.metadata import version

import pytest

import detector
from tree import ROOT, project_files

LOCKS = ("requirements.lock", "requirements-dev.lock")
# Put together here, so that this file does not hold what it looks for.
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.deb" + "ian.org")
LOCKS_WITH_HOSTS = {"uv.lock", "pylock.toml", "poetry.lock", "package-lock.json"}
HOME = re.compile(r"(?<![\w.:/$}-])/(?:home|Users|root|work)/[\w.-]+")


def texts() -> dict[str, str]:
    found = {}
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            found[str(path.relative_to(ROOT))] = content.decode("utf-8", errors="replace")
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_place(name: str) -> None:
    """A lock holds names, versions and hashes: no address, and no option of an index."""
    lines = (ROOT / "deploy" / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-")] == []
    assert all(line.startswith("    --hash=sha256:") for line in lines if line.startswith(" "))


def test_locks_agree() -> None:
    """What the runtime lock pins is pinned to the same version for development."""
    pins = [
        {
            line.split(" \\")[0]
            for line in (ROOT / "deploy" / name).read_text(encoding="utf-8").splitlines()
            if "==" in line
        }
        for name in LOCKS
    ]
    assert pins[0] <= pins[1]


def test_no_file_of_one_machine() -> None:
    """No file holds a path below somebody's home, or where this clone happens to lie."""
    found = texts()
    assert [name for name, text in found.items() if str(ROOT) + "/" in text] == []
    assert [f"{name}: {match[0]}" for name, text in found.items() for match in HOME.finditer(text)] == []


def test_no_host_of_a_package_index() -> None:
    """No file names a package index, and no lock that records one is tracked."""
    found = texts()
    assert [f"{name}: {host}" for name, text in found.items() for host in INDEX_HOSTS if host in text] == []
    assert [path for path in project_files() if path.name in LOCKS_WITH_HOSTS] == []


def test_changelog_knows_this_version() -> None:
    """The version of the package, of its metadata and of the changelog are the same."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {detector.__version__}" in changelog
    assert version("detector") == detector.__version__


def test_links_of_the_pages_lead_somewhere() -> None:
    """A relative link in a Markdown page points to a file of the repository."""
    pages = {path: path.read_text(encoding="utf-8") for path in project_files() if path.suffix == ".md"}
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path, text in pages.items()
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        if not (path.parent / target).exists()
    ]
    assert dead == []
