"""Several reports of one change become one deploy."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import groupby

from detector.model.deploy import Deploy, DeployStatus

__all__ = ["live_at", "merge_reports"]

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_FILLED = ("version", "commit", "actor", "url", "rollback_of", "scope", "finished_at")


def merge_reports(reports: Iterable[Deploy]) -> tuple[Deploy, ...]:
    """One deploy per (source, id), whatever the order of the reports, sorted by (live time, id, source).

    A final report holds against one that says `in_progress`; of two final ones that with the later `finished_at`. What
    the holding report leaves open is taken from the next best one; `started_at` and `received_at` are the earliest of
    all.
    """
    ordered = sorted(reports, key=_identity)
    merged = [_merge(list(group)) for _, group in groupby(ordered, key=_identity)]
    return tuple(sorted(merged, key=lambda deploy: (_sort_at(deploy), deploy.id, deploy.source)))


def live_at(deploy: Deploy) -> datetime | None:
    """When everybody it was meant for had the change; None: not yet, or never.

    A success that does not say when it finished was live when we heard of it at the latest.
    """
    if deploy.status is not DeployStatus.SUCCESS:
        return None
    return deploy.finished_at or deploy.received_at


def _identity(report: Deploy) -> tuple[str, str]:
    return report.source, report.id


def _rank(report: Deploy) -> tuple[bool, datetime, datetime, str]:
    """Grows with how much a report holds; the text at the end only breaks ties, so that order never matters."""
    text = repr([str(getattr(report, field.name)) for field in fields(report) if field.name != "scope"])
    scope = report.scope
    reach = repr((sorted(scope.by.items()), scope.percent)) if scope is not None else ""
    return report.status.is_final, report.finished_at or _BEGINNING, report.received_at, text + reach


def _merge(reports: list[Deploy]) -> Deploy:
    if len(reports) == 1:
        return reports[0]
    reports = sorted(reports, key=_rank, reverse=True)
    best = reports[0]
    gaps = {}
    for name in _FILLED:
        if not getattr(best, name):
            known = [getattr(report, name) for report in reports if getattr(report, name)]
            gaps[name] = known[0] if known else getattr(best, name)
    started = [report.started_at for report in reports if report.started_at is not None]
    return replace(
        best,
        **gaps,
        started_at=min(started, default=None),
        received_at=min(report.received_at for report in reports),
    )


def _sort_at(deploy: Deploy) -> datetime:
    return deploy.finished_at or deploy.started_at or deploy.received_at
