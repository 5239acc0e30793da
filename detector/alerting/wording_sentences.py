"""The sentences that messages about an incident are made of."""

from dataclasses import dataclass
from datetime import datetime

from detector.alerting.incidents import leading_loss
from detector.alerting.inert import inert, link
from detector.alerting.numbers import Measure, chance, measure_of
from detector.alerting.wording_suspects import SuspectWords
from detector.alerting.wording_times import LocalTimes
from detector.model.grid import HOUR_S
from detector.model.incident import Incident, IncidentMetric, Whereabouts
from detector.model.metric import Metric
from detector.model.rulebook import RuleBook
from detector.model.verdict import Loss

__all__ = ["Sentences"]

_MOST_METRICS = 5
_MOST_SEGMENTS = 3


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences that messages are made of."""

    incident: Incident
    book: RuleBook
    now: datetime

    def metric(self, part: IncidentMetric) -> Metric | None:
        """The rule; None when it was removed."""
        return self.book.metrics.get(part.metric)

    def title(self, part: IncidentMetric) -> str:
        """The metric's title, inert; of a member with its column and name."""
        metric = self.metric(part)
        title = inert(part.metric if metric is None else metric.title, 80)
        if part.member is None:
            return title
        return f"{title} for {inert(part.member.column, 40)}={inert(part.member.name, 60)}"

    def measure(self, part: IncidentMetric) -> Measure:
        """How its numbers are written."""
        return measure_of(self.metric(part))

    def times(self, part: IncidentMetric) -> LocalTimes:
        """How its times are written."""
        metric = self.metric(part)
        return LocalTimes(self.book.settings.timezone if metric is None else metric.timezone, self.now)

    def every_s(self, part: IncidentMetric) -> int:
        """The length of its buckets; an hour when its rule was removed."""
        metric = self.metric(part)
        return HOUR_S if metric is None else metric.every_s

    def state(self, part: IncidentMetric) -> str:
        """Value against what is usual, when, and how much that is: `0 € - usually about 4,000 € from ...`."""
        measure = self.measure(part)
        value, when = measure.exact(part.value, part.expected), self.times(part).over(part.span, self.every_s(part))
        if part.bound is not None:
            side = "below" if part.is_drop else "above"
            return f"{value} - {side} its limit of {measure.exact(part.bound, part.value)} {when}"
        usual, change = measure.about(part.expected, part.value), measure.change(part.value, part.expected)
        return f"{value} - usually {usual} {when} ({change})"

    def missing(self, part: IncidentMetric) -> str:
        """What it costs; a share or a level has no sum, so only since when."""
        measure, since = self.measure(part), f"since {self.times(part).at(part.span.start_at)}{self.zone(part)}"
        word = "Missing" if part.is_drop else "Above usual"
        if not measure.kind.adds_up:
            return f"{'Below' if part.is_drop else 'Above'} usual {since}"
        amount, low, high = self.lost(part)
        interval = "" if low == high else f" ({measure.between(low, high, amount)})"
        return f"{word} so far: {measure.about(amount)}{interval} {since}"

    def zone(self, part: IncidentMetric) -> str:
        """The zone, where a reader could take the times for those of another."""
        own = self.times(part).zone
        zones = {metric.timezone for metric in self.book.metrics.values() if metric.team == self.incident.team}
        return f" ({own})" if zones - {own} or own != self.book.settings.timezone else ""

    def suspects(self) -> SuspectWords:
        """The suspects, told for the metric in the title."""
        part = self.incident.worst
        times, confirmed = self.times(part), self.incident.confirmed
        return SuspectWords(self.incident.ranking, part, self.every_s(part), times, confirmed)

    def where(self, part: IncidentMetric) -> str:
        """Which segments carry the loss, or that all do."""
        if part.member is not None:  # its title says where
            return ""
        alike = [inert(one.column, 40) for one in part.where if one.everywhere]
        apart = [_segments(one) for one in part.where if not one.everywhere and one.segments]
        if not alike and not apart:  # no split column, or nothing that could be said of any
            return ""
        if not apart:
            return f"Where: everywhere alike ({', '.join(alike)})"
        return f"Where: {'; '.join([*apart, *(f'alike over {column}' for column in alike)])}"

    def also(self) -> list[str]:
        """The incident's other metrics, a line each; members of a metric in the title are its `Where`."""
        told = self.incident.worst
        others = [part for part in self.incident.metrics[1:] if told.member is not None or part.metric != told.metric]
        lines = [f"Also: {self.title(part)} is {self._standing(part)}" for part in others[:_MOST_METRICS]]
        more = len(others) - _MOST_METRICS
        if told.member is not None and more + self.incident.more_members > 0:
            return [*lines, f"Also: {max(more, 0) + self.incident.more_members} more"]
        return [*lines, f"Also: {more} more metrics"] if more > 0 else lines

    def more(self) -> str:
        """For a title: how many members of the metric broke with the one that stands there."""
        told = self.incident.worst
        if told.member is None:
            return ""
        alive = [part for part in self.incident.metrics[1:] if part.metric == told.metric and part.ended_at is None]
        count = len(alive) + self.incident.more_members
        return f"; {count} more with it" if count else ""

    def lost(self, part: IncidentMetric) -> tuple[float, float, float]:
        """Amount and interval of the loss; of the metric in the title with all of its members that stand beside it."""
        loss = leading_loss(self.incident) if part is self.incident.worst else part.loss
        return _as_told(loss, is_drop=part.is_drop)

    def _standing(self, part: IncidentMetric) -> str:
        if part.ended_at is None:
            return self.state(part)
        return f"{'back to usual' if part.level_since is None else 'at a new level'} - {self.outcome(part)}"

    def outcome(self, part: IncidentMetric) -> str:
        """What it came to, for a metric that is over."""
        measure = self.measure(part)
        if measure.kind.adds_up:
            amount, _, _ = self.lost(part)
            return f"{measure.about(amount)} {'missing' if part.is_drop else 'above usual'} in all"
        usual = measure.about(part.expected, part.value)
        return f"it was {measure.exact(part.value, part.expected)} instead of {usual}"

    def came_back(self, part: IncidentMetric) -> str:
        """How much of what was missing people bought right after it; "" where that cannot be told."""
        loss = leading_loss(self.incident) if part is self.incident.worst else part.loss
        if loss.came_back <= 0:
            return ""
        return f"Of that {self.measure(part).about(loss.came_back)} came back right after it"

    def runbook(self, part: IncidentMetric) -> str:
        """The owner's link, if it is one."""
        metric = self.metric(part)
        address = link(metric.runbook) if metric is not None else ""
        return f"Runbook: {address}" if address else ""

    def address(self, *, with_ack: bool) -> str:
        """One line: where to look, and how to say that somebody is on it."""
        number, base = self.incident.number, self.book.settings.http.url
        page = f": {base.rstrip('/')}/incidents/{number}" if base else ""
        ack = f" - acknowledge: detector incident ack {number}" if with_ack else ""
        return f"Incident {number}{page}{ack}" if page or ack else ""


def _as_told(loss: Loss, *, is_drop: bool) -> tuple[float, float, float]:
    """Amount and interval, positive on the side that is bad for a drop and for a rise alike."""
    if not is_drop and loss.amount < 0:
        return -loss.amount, -loss.high, -loss.low
    return loss.amount, loss.low, loss.high


def _segments(where: Whereabouts) -> str:
    shown = [f"{inert(name, 40)} ({chance(share)})" for name, share in where.segments[:_MOST_SEGMENTS]]
    more = len(where.segments) - _MOST_SEGMENTS
    return f"{inert(where.column, 40)} {', '.join(shown)}{f' and {more} more' if more > 0 else ''}"
