"""`${NAME}` and `${file:PATH}` in the text values of detector.yml."""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detector.config import yaml_strict
from detector.config.words import NotUsable, Resolved, shown

__all__ = ["Interpolation", "interpolate"]

_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_BYTES = 64 << 10

# Container engines mount secrets here for one container alone, readable for every user inside of it.
_MOUNTED = "/run/secrets/"


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Where references come from; what went wrong or is worth a warning is collected by path.

    Attributes:
        folder: of detector.yml; files are relative to it.
        environ: the environment variables.
        faults, warnings: path of the value, and the message.
        files: those that were asked for, there or not.
    """

    folder: Path
    environ: Mapping[str, str]
    faults: list[tuple[yaml_strict.Path, str]] = field(default_factory=list)
    warnings: list[tuple[yaml_strict.Path, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def interpolate(value: object, how: Interpolation, path: yaml_strict.Path = ()) -> object:
    """The same tree with every reference replaced; texts that had one are `Resolved`."""
    if isinstance(value, dict):
        return {key: interpolate(item, how, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, how, (*path, index)) for index, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    try:
        return Resolved(_REFERENCE.sub(lambda found: _looked_up(found, how, path), value), value)
    except NotUsable as why:
        how.faults.append((path, str(why)))
        return value


def _looked_up(found: re.Match[str], how: Interpolation, path: yaml_strict.Path) -> str:
    inside, closed = found.groups()
    if not closed:
        raise NotUsable("`${` without its `}`")
    if inside.startswith("file:"):
        return _file_content(inside.removeprefix("file:"), how, path)
    if not _VARIABLE.fullmatch(inside):
        raise NotUsable(f"{shown('${' + inside + '}')} is no reference: write ${{NAME}} or ${{file:PATH}}")
    if not (content := how.environ.get(inside)):
        state = "empty" if inside in how.environ else "not set"
        raise NotUsable(f"the environment variable {inside} is {state}: set it where the detector is started")
    return content


def _file_content(name: str, how: Interpolation, path: yaml_strict.Path) -> str:
    file = how.folder / name
    how.files.append(file)
    try:
        is_regular = file.is_file()
        raw = file.read_bytes()[: _MAX_BYTES + 1] if is_regular else b""
        mode = file.stat().st_mode if is_regular else 0
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise NotUsable(f"the file {shown(name)} cannot be read ({why.lower()})") from None
    if not is_regular:
        what = "is no plain file" if file.exists() else "does not exist"
        raise NotUsable(f"the file {shown(name)} {what}: paths are relative to detector.yml")
    content = _text(raw, name)
    if mode & stat.S_IROTH and not str(file).startswith(_MOUNTED):
        how.warnings.append((path, f"every user of this machine can read {shown(name)}: chmod o-r"))
    return content


def _text(raw: bytes, name: str) -> str:
    if len(raw) > _MAX_BYTES:
        raise NotUsable(f"the file {shown(name)} is too large for a secret: at most {_MAX_BYTES >> 10} KiB")
    try:
        content = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise NotUsable(f"the file {shown(name)} is not UTF-8 at byte {error.start}") from None
    if not content or "\0" in content:
        raise NotUsable(f"the file {shown(name)} {'holds a NUL byte' if content else 'is empty'}")
    return content
