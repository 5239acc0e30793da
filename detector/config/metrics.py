"""One metric of a rule file: checked as a whole, then built."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from detector.config.complaints import Complaint, Shape, complaints, meant_keys, spelled
from detector.config.doubts import doubts_of
from detector.config.forms import form_complaints
from detector.config.known import Known
from detector.config.reading import FileReport
from detector.config.rule_schema import AlertEntry, MetricEntry, WitnessTable
from detector.config.sql_gate import SqlFlaw, fragment_flaws, long_form_flaws
from detector.config.sql_window import time_column
from detector.config.words import did_you_mean, shown
from detector.config.yaml_strict import Path
from detector.config.zones import abbreviation_warning
from detector.model.metric import AlertPolicy, EmptyMeans, Kind, LongForm, Metric, ShortForm, Witness

__all__ = ["Owner", "read_metric"]

_SHAPE: Shape = {(): MetricEntry, ("alert",): AlertEntry, ("witness",): WitnessTable}
_AGGREGATES = ("value", "numerator", "denominator")


@dataclass(frozen=True, slots=True)
class Owner:
    """What a rule file says for all of its metrics.

    Attributes:
        file: the FILE part of full names.
        place: the file as `Metric.place` names it.
        team: the owner; None where the file does not say a valid one.
        services: first suspects.
        timezone: the default of detector.yml.
        siblings: names of all metrics of the file.
    """

    file: str
    place: str
    team: str | None
    services: tuple[str, ...]
    timezone: str
    siblings: frozenset[str]


def read_metric(name: str, raw: object, owner: Owner, known: Known, report: FileReport) -> Metric | None:
    """One metric; None when it has a fault, which then is in the report."""
    at: Path = ("metrics", name)
    entry: MetricEntry | None = None
    try:
        entry = MetricEntry.model_validate(raw, context=known)
    except ValidationError as error:
        report.complain_all(complaints(error, _SHAPE, at))
    if isinstance(raw, dict):
        misspelled = {(*at, key) for key in meant_keys(raw, _SHAPE) if key not in raw}
        report.complain_all(told for told in form_complaints(raw, at) if told.path not in misspelled)
        _check_sql(raw, known, report, at)
        _check_witness(name, raw, owner, report, at)
    if entry is None or owner.team is None or report.is_spoiled(at):
        return None
    if entry.timezone is not None and (warning := abbreviation_warning(entry.timezone)) is not None:
        report.warn((*at, "timezone"), f"timezone: {warning}")
    for path, doubt in doubts_of(entry):
        report.warn((*at, *path), doubt)
    line = report.document.key_place(at).line
    return _metric(name, entry, owner, known, f"{owner.place}:{line}")


def _check_sql(raw: dict[str, Any], known: Known, report: FileReport, at: Path) -> None:
    source = raw.get("source")
    dialect = known.sources.get(source) if isinstance(source, str) else None
    if dialect is None:
        return
    for key in (*_AGGREGATES, "where"):
        if isinstance(text := raw.get(key), str) and not report.is_spoiled((*at, key)):
            _place_flaws(fragment_flaws(text, dialect, is_aggregate=key != "where"), text, (*at, key), report)
    if isinstance(text := raw.get("sql"), str) and not report.is_spoiled((*at, "sql")):
        _place_flaws(long_form_flaws(text, dialect), text, (*at, "sql"), report)


def _place_flaws(flaws: tuple[SqlFlaw, ...], text: str, path: Path, report: FileReport) -> None:
    for flaw in flaws:
        place = report.document.inside(path, text, flaw.line, flaw.column)
        report.complain_at(path, place, f"{spelled(path[-1:])}{flaw.message}")


def _check_witness(name: str, raw: dict[str, Any], owner: Owner, report: FileReport, at: Path) -> None:
    witness = raw.get("witness")
    if not isinstance(witness, str):
        return
    other = _short_name(witness, owner)
    if other == name:
        report.complain(Complaint((*at, "witness"), "witness: a metric cannot be its own witness"))
    elif other not in owner.siblings:
        guess = did_you_mean(other, owner.siblings - {name})
        report.complain(Complaint((*at, "witness"), f"witness: no metric {shown(witness)} in this file{guess}"))


def _short_name(witness: str, owner: Owner) -> str:
    """A witness is a metric of the same file; its full name will do as well."""
    return witness.strip().removeprefix(f"{owner.file}/")


def _metric(name: str, entry: MetricEntry, owner: Owner, known: Known, place: str) -> Metric:
    alert = entry.alert
    return Metric(
        name=f"{owner.file}/{name}",
        title=entry.title or name,
        team=owner.team or "",
        services=owner.services,
        source=entry.source,
        query=_query(entry, known),
        kind=entry.kind,
        unit=entry.unit or "",
        every_s=entry.every,
        timezone=entry.timezone or owner.timezone,
        lateness_s=entry.lateness,
        revise_s=entry.revise,
        empty=entry.empty or (EmptyMeans.ZERO if entry.kind.adds_up else EmptyMeans.MISSING),
        holidays=entry.holidays,
        calendar=tuple(entry.calendar),
        alert=AlertPolicy(alert.on, alert.false_alarms, alert.at_least, alert.below, alert.above),
        witness=_witness(entry, owner),
        runbook=entry.runbook,
        place=place,
    )


def _query(entry: MetricEntry, known: Known) -> ShortForm | LongForm:
    if entry.sql is not None:
        table, time = time_column(entry.sql, known.sources[entry.source] or "")
        return LongForm(entry.sql.strip().rstrip(";").rstrip(), table, time)
    return ShortForm(
        table=entry.table or "",
        time=entry.time or "",
        value=None if entry.kind is Kind.RATIO else entry.value or "count(*)",
        numerator=entry.numerator,
        denominator=entry.denominator,
        where=entry.where,
        split=tuple(dict.fromkeys(entry.split)),
        each=entry.each,
        limit=entry.limit,
    )


def _witness(entry: MetricEntry, owner: Owner) -> Witness | None:
    if isinstance(entry.witness, WitnessTable):
        return Witness(table=entry.witness.table, time=entry.witness.time)
    return Witness(metric=f"{owner.file}/{_short_name(entry.witness, owner)}") if entry.witness is not None else None
