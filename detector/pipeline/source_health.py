"""A source that fails is the admins' business, after three ticks the owners' too, and never an outage of the shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.errors import SourceUnavailable
from detector.model.metric import Metric
from detector.model.notification import Notification, Reason
from detector.model.rulebook import RuleBook
from detector.model.state import SourceHealth
from detector.pipeline.messages import about_source
from detector.pipeline.pulled import Failed, Pulled, named_for_reading

__all__ = ["OWNERS_HEAR_AFTER", "Checkup", "check_sources"]

OWNERS_HEAR_AFTER = 3
"""Failed ticks in a row after which the owners are told (product.md), and the admins of a single query that fails."""

ADMINS_HEAR_AGAIN_AFTER = timedelta(days=1)
"""Nobody may forget a source that has been down for weeks."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """Health that changed, and who is told."""

    health: tuple[SourceHealth, ...]
    notifications: tuple[Notification, ...]


def check_sources(
    pulled: Sequence[Pulled],
    failed: Sequence[Failed],
    before: Mapping[str, SourceHealth],
    book: RuleBook,
    now: datetime,
    last_at: datetime | None = None,
) -> Checkup:
    """Compare how sources answered with how they did before.

    A source that cannot be reached fails as a whole; a query that is refused, too slow or unreadable fails by itself,
    under the name of its metric. `last_at` is when the tick before was: the admins hear again from the tick with which
    another day of a failure is full.
    """
    errors: dict[str, str] = {}
    for one in failed:
        whole = isinstance(one.error, SourceUnavailable)
        errors.setdefault(one.metric.source if whole else one.metric.name, str(one.error))
    answered = {name for one in pulled for name in (one.metric.source, one.metric.name)}
    answered |= {named_for_reading(one.metric) for one in pulled if one.members is not None}
    # A source that refuses one query has answered.
    answered |= {one.metric.source for one in failed if not isinstance(one.error, SourceUnavailable)}
    changed: list[SourceHealth] = []
    messages: list[Notification] = []
    for name, error in sorted(errors.items()):
        health, told = _failing(before.get(name, SourceHealth(name)), error, book, now)
        changed.append(health)
        messages.extend(told or _again(health, book, now, last_at))
    for name in sorted(answered - errors.keys()):
        if name in before and before[name].failing_since is not None:
            changed.append(SourceHealth(name))
            messages.extend(_back(before[name], book, now))
    return Checkup(tuple(changed), tuple(messages))


def _metrics_of(name: str, book: RuleBook) -> list[Metric]:
    for metric in book.metrics.values():
        if name == named_for_reading(metric):
            return [replace(metric, name=name, title=f"{metric.title} for each {metric.each}")]
    return [metric for metric in book.metrics.values() if name in {metric.source, metric.name}]


def _failing(
    before: SourceHealth, error: str, book: RuleBook, now: datetime
) -> tuple[SourceHealth, list[Notification]]:
    health = replace(
        before, failing_since=before.failing_since or now, failed_ticks=before.failed_ticks + 1, error=error
    )
    metrics = _metrics_of(health.source, book)
    admins = book.settings.admins
    messages: list[Notification] = []
    is_whole = health.source in book.settings.sources
    if admins is not None and not health.told_admins and (is_whole or health.failed_ticks >= OWNERS_HEAR_AFTER):
        messages += about_source(health, Reason.SOURCE_FAILING, [admins], metrics, now)
        health = replace(health, told_admins=True)
    if health.failed_ticks >= OWNERS_HEAR_AFTER and not health.told_owners:
        owners = sorted({metric.team for metric in metrics} - {admins})
        messages += about_source(health, Reason.SOURCE_FAILING, owners, metrics, now)
        health = replace(health, told_owners=True)
    return health, messages


def _again(health: SourceHealth, book: RuleBook, now: datetime, last_at: datetime | None) -> list[Notification]:
    admins, since = book.settings.admins, health.failing_since
    if admins is None or since is None or last_at is None or not health.told_admins:
        return []
    day = (now - since) // ADMINS_HEAR_AGAIN_AFTER
    if not day > (last_at - since) // ADMINS_HEAR_AGAIN_AFTER >= 0:
        return []
    return about_source(health, Reason.SOURCE_FAILING, [admins], _metrics_of(health.source, book), now, day)


def _back(before: SourceHealth, book: RuleBook, now: datetime) -> list[Notification]:
    """Those who heard of the failure hear of its end."""
    metrics = _metrics_of(before.source, book)
    admins = book.settings.admins
    teams = {admins} if admins is not None and before.told_admins else set()
    if before.told_owners:
        teams |= {metric.team for metric in metrics}
    return about_source(before, Reason.SOURCE_BACK, sorted(teams), metrics, now)
