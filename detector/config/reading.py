"""Files into documents, and mistakes into faults."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from detector.config.complaints import Complaint
from detector.config.yaml_strict import MAX_BYTES, Document, Flaw, Place, parse_yaml
from detector.config.yaml_strict import Path as KeyPath
from detector.errors import Fault

__all__ = ["FileReport", "read_document"]

_TOP = Place(1, 1)


def read_document(path: Path) -> Document:
    """A file's document; one that cannot be read is a document with that flaw. Never raises."""
    try:
        if path.exists() and not path.is_file():
            return _unreadable(f"{path.name} is not a file")
        with path.open("rb") as file:
            return parse_yaml(file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return _unreadable(f"cannot be read: {why.lower()}")


def _unreadable(message: str) -> Document:
    return Document(flaws=[Flaw((), _TOP, message)], is_readable=False)


@dataclass(slots=True)
class FileReport:
    """What was found in one file: each path is complained about once, by the first who sees it.

    Attributes:
        shown_as: the file's name in messages.
        document: its content.
        faults, warnings: what was found so far.
        spoiled: paths whose value must not be used.
        parents: those paths and all above them.
    """

    shown_as: str
    document: Document
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    spoiled: set[KeyPath] = field(default_factory=set)
    parents: set[KeyPath] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with what the YAML itself has."""
        for flaw in self.document.flaws:
            self._add(flaw.path, flaw.place, flaw.message)

    def complain(self, complaint: Complaint) -> None:
        """Keep a complaint, unless the same value was complained about before."""
        if complaint.path not in self.spoiled or not complaint.path:
            self._add(complaint.path, complaint.place(self.document), complaint.message)

    def complain_all(self, complaints: Iterable[Complaint]) -> None:
        """Keep several."""
        for complaint in complaints:
            self.complain(complaint)

    def complain_at(self, path: KeyPath, place: Place, message: str) -> None:
        """Keep a mistake inside of a value."""
        self._add(path, place, message)

    def warn(self, path: KeyPath, message: str) -> None:
        """Keep a warning about a value."""
        place = self.document.place(path)
        self.warnings.append(Fault(self.shown_as, place.line, place.column, message))

    def is_spoiled(self, path: KeyPath) -> bool:
        """Whether the value of a path, or anything in it, has a fault."""
        return path in self.parents

    def _add(self, path: KeyPath, place: Place, message: str) -> None:
        self.spoiled.add(path)
        self.parents.update(path[:length] for length in range(len(path) + 1))
        self.faults.append(Fault(self.shown_as, place.line, place.column, message))
