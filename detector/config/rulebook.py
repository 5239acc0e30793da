"""rules/*.yml, loaded: what works is in the book, and what does not is a fault beside it."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from detector.config.complaints import Complaint, Shape, complaints, empty_values
from detector.config.known import Known
from detector.config.metrics import Owner, read_metric
from detector.config.reading import FileReport, read_document
from detector.config.rule_files import find_rule_files, shown_path
from detector.config.rule_schema import MetricEntry, RuleFile
from detector.config.settings import known_from
from detector.config.single_values import name as checked_name
from detector.config.value_types import ServiceName, TeamName
from detector.config.words import NotUsable, shown
from detector.errors import Fault
from detector.model.metric import Metric
from detector.model.rulebook import RuleBook, Settings

__all__ = ["RulesRead", "load_rulebook", "read_rules"]

_SHAPE: Shape = {(): RuleFile, ("metrics", "*"): MetricEntry}
_MAY_BE_EMPTY = frozenset({("metrics",)})
_TEAM: TypeAdapter[str] = TypeAdapter(TeamName)
_SERVICE: TypeAdapter[str] = TypeAdapter(ServiceName)

RulesRead = tuple[dict[str, Metric], tuple[Fault, ...], tuple[Fault, ...]]


def load_rulebook(settings: Settings) -> RuleBook:
    """All rules; never raises for what stands in a rule file.

    Places in faults are relative to the folder of detector.yml.
    """
    metrics, faults, warnings = read_rules(settings.rules, known_from(settings), settings.timezone, Path())
    return RuleBook(settings, metrics, faults, warnings)


def read_rules(root: Path, known: Known, timezone: str, shown_in: Path) -> RulesRead:
    """Metrics by full name, faults and warnings.

    Args:
        root: the rules folder.
        known: names of detector.yml.
        timezone: the default zone.
        shown_in: the folder of detector.yml as messages shall name it.
    """
    shown_root = str(shown_in / shown_path(root, known.folder))
    files = find_rule_files(root, shown_root)
    faults, warnings = list(files.faults), list(files.warnings)
    if not (files.paths or faults or warnings):
        warnings.append(Fault(shown_root, 0, 0, "no rules in this folder: `detector init` writes some to begin with"))
    metrics: dict[str, Metric] = {}
    names: dict[str, str] = {}
    for file, path in files.paths.items():
        place = shown_path(path, known.folder)
        report = FileReport(str(shown_in / place), read_document(path))
        for metric in _read_file(file, place, report, known, timezone):
            _add(metric, metrics, names, report)
        faults += report.faults
        warnings += report.warnings
    for name, metric in metrics.items():
        if metric.witness is not None and metric.witness.metric is not None and metric.witness.metric not in metrics:
            metrics[name] = replace(metric, witness=None)
            file, _, line = metric.place.rpartition(":")
            message = f"{name} runs without its witness {metric.witness.metric}, which has a fault of its own"
            warnings.append(Fault(str(shown_in / file), int(line), 1, message))
    return dict(sorted(metrics.items())), tuple(sorted(faults)), tuple(sorted(warnings))


def _add(metric: Metric, metrics: dict[str, Metric], names: dict[str, str], report: FileReport) -> None:
    """Names that only differ in case or in how a letter is encoded are one name to most people and file systems."""
    same = unicodedata.normalize("NFC", metric.name).casefold()
    if (name := names.get(same)) is None:
        names[same] = metric.name
        metrics[metric.name] = metric
        return
    path = ("metrics", metric.name.rpartition("/")[2])
    message = f"metric {shown(metric.name)} is there already: {shown(name)} in {metrics[name].place}"
    report.complain(Complaint(path, message, is_about_key=True))


def _read_file(file: str, place: str, report: FileReport, known: Known, timezone: str) -> Iterator[Metric]:
    document = report.document
    if not document.is_readable:
        return
    if document.value is None:
        report.warn((), "no rules in this file")
        return
    if not isinstance(document.value, dict):
        report.complain(Complaint((), f"{shown(document.value)} is not a rule file: write `team:` and `metrics:`"))
        return
    report.complain_all(empty_values(document.value, _MAY_BE_EMPTY))
    raw = document.value.get("metrics")
    owner = _owner(file, place, report, known, timezone)
    if isinstance(raw, dict) and raw:
        for name, entry in raw.items():
            if _is_name(name, report) and (metric := read_metric(name, entry, owner, known, report)) is not None:
                yield metric
    elif (raw is None and "metrics" in document.value) or raw == {}:
        report.warn((), "no rules in this file: `metrics:` is empty")


def _is_name(name: str, report: FileReport) -> bool:
    try:
        checked_name(name)
    except NotUsable as why:
        report.complain(Complaint(("metrics", name), str(why), is_about_key=True))
        return False
    return True


def _owner(file: str, place: str, report: FileReport, known: Known, timezone: str) -> Owner:
    """The head of a file. Without a team nothing in it can be told to anybody; other mistakes there stop no metric."""
    value = report.document.value
    raw = value.get("metrics")
    has_metrics = isinstance(raw, dict) or (raw is None and "metrics" in value)
    head = {**value, "metrics": {}} if has_metrics else value  # metrics are checked one by one
    try:
        RuleFile.model_validate(head, context=known)
    except ValidationError as error:
        report.complain_all(complaints(error, _SHAPE))
    team = _valid(_TEAM, value.get("team"), known)
    own = tuple(sorted(name for name, owner in known.services.items() if owner == team))
    named = value.get("services")
    services = tuple(named) if isinstance(named, list) else own
    good = tuple(dict.fromkeys(found for one in services if (found := _valid(_SERVICE, one, known)) is not None))
    siblings = frozenset(raw) if isinstance(raw, dict) else frozenset()
    return Owner(file, place, team, good, timezone, siblings)


def _valid(kind: TypeAdapter[str], value: object, known: Known) -> str | None:
    try:
        return kind.validate_python(value, context=known)
    except ValidationError:
        return None
