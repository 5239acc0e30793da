"""Changed files are noticed, however they were changed, and only once they have settled."""

import errno
import os
from pathlib import Path

import pytest

from detector.daemon.files import FileWatch, fingerprint


def watch(folder: Path) -> FileWatch:
    return FileWatch(lambda: (folder / "detector.yml", folder / "rules"))


def some_files(folder: Path) -> None:
    (folder / "rules" / "sub").mkdir(parents=True)
    (folder / "detector.yml").write_text("a: 1\n")
    (folder / "rules" / "one.yml").write_text("one\n")
    (folder / "rules" / "sub" / "two.yml").write_text("two\n")


def told(files: FileWatch, looks: int = 3) -> list[bool]:
    return [files.has_changed() for _ in range(looks)]


def test_nothing_changed(tmp_path: Path) -> None:
    """Looking changes nothing."""
    some_files(tmp_path)
    assert told(watch(tmp_path)) == [False, False, False]


def test_a_change_is_told_once_it_has_settled(tmp_path: Path) -> None:
    """A file that is written to in two goes is loaded once, after the second."""
    some_files(tmp_path)
    files = watch(tmp_path)
    (tmp_path / "rules" / "sub" / "two.yml").write_text("first half\n")
    assert not files.has_changed()
    (tmp_path / "rules" / "sub" / "two.yml").write_text("first half\nsecond half\n")
    assert told(files) == [False, True, False]


def test_added_and_removed_files_are_changes(tmp_path: Path) -> None:
    """So are files that come and go, in folders that come and go."""
    some_files(tmp_path)
    files = watch(tmp_path)
    (tmp_path / "rules" / "new").mkdir()
    (tmp_path / "rules" / "new" / "three.yml").write_text("three\n")
    assert told(files) == [False, True, False]
    (tmp_path / "rules" / "one.yml").unlink()
    assert told(files) == [False, True, False]


def test_a_swapped_link_is_a_change(tmp_path: Path) -> None:
    """A ConfigMap's files are links through a folder that is exchanged as a whole: `..data` points elsewhere."""
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "detector.yml").write_text("same size\n")
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "detector.yml").symlink_to("..data/detector.yml")
    files = FileWatch(lambda: (tmp_path / "detector.yml",))
    (tmp_path / "..new").symlink_to("v2")
    os.replace(tmp_path / "..new", tmp_path / "..data")  # noqa: PTH105 - as Kubernetes does it: rename(2) over the link
    assert told(files) == [False, True, False]


def test_what_cannot_be_read_is_no_end(tmp_path: Path) -> None:
    """A folder that is gone for a moment, and a link that leads nowhere, are changes like others."""
    some_files(tmp_path)
    files = watch(tmp_path)
    (tmp_path / "rules").rename(tmp_path / "elsewhere")
    assert told(files) == [False, True, False]
    (tmp_path / "rules").symlink_to("nowhere")
    assert told(files) == [False, False, False]
    (tmp_path / "rules").unlink()
    (tmp_path / "elsewhere").rename(tmp_path / "rules")
    assert told(files) == [False, True, False]


def test_what_git_keeps_for_itself_is_none_of_the_files(tmp_path: Path) -> None:
    """A fetch changes nothing that is loaded."""
    some_files(tmp_path)
    (tmp_path / "rules" / ".git").mkdir()
    files = watch(tmp_path)
    (tmp_path / "rules" / ".git" / "FETCH_HEAD").write_text("1\n")
    assert told(files) == [False, False, False]


def test_what_is_no_rule_file_is_not_looked_at(tmp_path: Path) -> None:
    """With `rules: .` the store lies beside the rules, and is written to every minute."""
    some_files(tmp_path)
    files = FileWatch(lambda: (tmp_path,))
    (tmp_path / "detector.db-wal").write_text("1\n")
    (tmp_path / "rules" / ".one.yml.swp").write_text("1\n")
    assert told(files) == [False, False, False]


def test_links_that_lead_back_are_no_trap(tmp_path: Path) -> None:
    """Two of them in one folder would be more paths than anybody can walk; rules are not read through them either."""
    some_files(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / "rules" / name).symlink_to(".")
    assert told(watch(tmp_path)) == [False, False, False]


def test_a_folder_that_cannot_be_looked_at_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network mount that answers with errors for a while looks empty; nothing is raised."""
    some_files(tmp_path)
    files = watch(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, "stale file handle")

    with monkeypatch.context() as broken:
        broken.setattr(os, "stat", fail)
        broken.setattr(os, "scandir", fail)
        assert told(files) == [False, True, False]


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """A checkout that goes on while the daemon starts is not left half loaded."""
    some_files(tmp_path)
    before = fingerprint((tmp_path / "rules",))
    (tmp_path / "rules" / "late.yml").write_text("late\n")
    assert told(FileWatch(lambda: (tmp_path / "rules",), before)) == [False, True, False]
