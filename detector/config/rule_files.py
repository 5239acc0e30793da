"""Which files below the rules folder are rule files, and what their metrics' names begin with."""

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from detector.config.words import shown
from detector.errors import Fault

__all__ = ["RuleFiles", "find_rule_files", "shown_path"]

_PART = re.compile(r"[^\W_][\w.-]{0,79}")
_TEST = ".test.yml"


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """Rule files by the FILE part of their metrics' names, in alphabetical order, and what is wrong with others."""

    paths: dict[str, Path]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def shown_path(path: Path, folder: Path) -> str:
    """A path relative to the folder of detector.yml if it lies in it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def find_rule_files(root: Path, shown_root: str) -> RuleFiles:
    """Every *.yml below `root` but tests; hidden files and folders are not looked at.

    A mounted Kubernetes volume keeps its files a second time in hidden folders, and links to them.
    """
    paths: dict[str, Path] = {}
    faults: list[Fault] = []
    warnings: list[Fault] = []
    if not root.is_dir():
        state = "is not a folder" if root.exists() else "does not exist"
        return RuleFiles({}, (Fault(shown_root, 0, 0, f"the rules folder {state}: make it, or change `rules:`"),), ())
    for folder, folders, files in os.walk(root):
        for linked in [name for name in folders if (Path(folder) / name).is_symlink() and not name.startswith(".")]:
            shown_as = str(Path(shown_root) / (Path(folder) / linked).relative_to(root))
            warnings.append(Fault(shown_as, 0, 0, "a linked folder is not looked into: link the files, or move it"))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(name for name in files if not name.startswith(".")):
            path = Path(folder) / file
            relative = path.relative_to(root)
            shown_as = str(Path(shown_root) / relative)
            if path.suffix.lower() in {".yaml", ".yml"} and path.suffix != ".yml":
                warnings.append(Fault(shown_as, 0, 0, "not read: rule files end in .yml; rename it"))
            elif path.suffix == ".yml" and not file.endswith(_TEST):
                complaint = _complaint(path, relative, root)
                name = unicodedata.normalize("NFC", str(relative.with_suffix("")).replace(os.sep, "/"))
                if complaint:
                    faults.append(Fault(shown_as, 0, 0, complaint))
                else:
                    paths[name] = path
    return RuleFiles(dict(sorted(paths.items())), tuple(faults), tuple(warnings))


def _complaint(path: Path, relative: Path, root: Path) -> str | None:
    for part in relative.with_suffix("").parts:
        if not _PART.fullmatch(part):
            return f"{shown(part)} cannot begin a metric's name: use letters, digits, `_`, `-` and `.`; rename it"
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        return "this link leads out of the rules folder: copy the file instead"
    return None
