"""Suspects in words. A deploy is a suspect, never said to be the cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from detector.alerting.inert import inert, link
from detector.alerting.numbers import chance, duration
from detector.alerting.wording_times import LocalTimes
from detector.model.deploy import Answer, Deploy, DeployKind, DeployStatus, Ranking, Scope, Suspect
from detector.model.grid import DAY_S, HOUR_S
from detector.model.incident import Confirmed, IncidentMetric

__all__ = ["SuspectWords", "name_of"]

_WORTH_A_LINE = 0.05  # of the probability of the first
_AT_MOST = 3  # suspects, rejected ones and grounds; the incident's page has them all
_OLD = timedelta(days=1)  # teams that deploy at all do it more often
_TIMING = (
    "live ",
    "failed ",
    "begun ",
    "still rolling out",
    "rolling out for ",
)  # how grounds about the time begin (linking.grounds)


def name_of(deploy: Deploy) -> str:
    """Service and version, as short as people say them."""
    service, version = inert(deploy.service, 60), inert(deploy.version, 60)
    match deploy.kind:
        case DeployKind.DEPLOY:
            return f"{service} {version}".strip()
        case DeployKind.ROLLBACK:
            return f"rollback of {service} to {version}"
        case DeployKind.FLAG | DeployKind.CONFIG | DeployKind.MIGRATION:
            return f"{service} {deploy.kind.value} {version}".strip()


@dataclass(frozen=True, slots=True)
class SuspectWords:
    """Tells what the ranking lets us say about one metric's anomaly.

    Attributes:
        ranking: the suspects.
        part: the metric in the title.
        every_s: length of its buckets.
        times: of the reader.
        confirmed: what a person has said of them.
    """

    ranking: Ranking
    part: IncidentMetric
    every_s: int
    times: LocalTimes
    confirmed: Confirmed | None = None

    def full(self) -> list[str]:
        """For the opening message: suspects with grounds, and who else was looked at."""
        if self.confirmed is not None:
            return self._as_confirmed(self.confirmed)
        match self.ranking.answer:
            case Answer.NAMED:
                first, *others = self.ranking.suspects
                lines = [f"Suspect: {self._described(first)} - {chance(first.probability)}", *self._grounds(first)]
                return [*lines, *self._also(others), *self._ruled_out()]
            case Answer.ONE_OF:
                some, others = self._several()
                lines = [f"  {self._described(one)} - {chance(one.probability)}" for one in some]
                return [f"{self._one_of(some)}:", *lines, *self._also(others), *self._ruled_out(), *self._last_heard()]
            case Answer.NONE:
                return [self._nobody(self._not_rejected()), *self._ruled_out(), *self._last_heard()]

    def brief(self) -> list[str]:
        """One line for later messages."""
        if self.confirmed is not None:
            return self._as_confirmed(self.confirmed)[:1]
        match self.ranking.answer:
            case Answer.NAMED:
                first = self.ranking.suspects[0]
                return [f"Suspect: {self._identified(first.deploy)} - {chance(first.probability)}"]
            case Answer.ONE_OF:
                some, _ = self._several()
                return [f"{self._one_of(some)}: {', '.join(_with_chance(one) for one in some)}"]
            case Answer.NONE:
                return [self._nobody([])]

    def certainty(self, suspect: Suspect) -> str:
        """How sure it is: by a person's word, or with which probability."""
        said = self.confirmed
        return chance(suspect.probability) if said is None else f"confirmed by {inert(said.by, 60)}"

    def _as_confirmed(self, said: Confirmed) -> list[str]:
        """Nobody else is of interest any more; what the person said stands below."""
        why = [f"  {inert(said.why)}"] if said.why else []
        first = self.ranking.named
        if said.deploy is None or first is None:
            return [f"No deploy stands out: confirmed by {inert(said.by, 60)}", *why]
        return [f"Suspect: {self._described(first)} - {self.certainty(first)}", *why, *self._grounds(first)]

    def _several(self) -> tuple[list[Suspect], list[Suspect]]:
        """Those worth a line: at most three, and no one beside whom another is twenty times as likely."""
        possible = self._not_rejected()
        some = [one for one in possible[:_AT_MOST] if one.probability >= _WORTH_A_LINE * possible[0].probability]
        return some, possible[len(some) :]

    def _one_of(self, some: Sequence[Suspect]) -> str:
        return "One of" if len(some) > 1 else f"One of {len(self._not_rejected())} deploys or none, most likely"

    def _not_rejected(self) -> list[Suspect]:
        out = {(one.deploy.source, one.deploy.id) for one in self.ranking.rejected}
        return [one for one in self.ranking.suspects if (one.deploy.source, one.deploy.id) not in out]

    def _identified(self, deploy: Deploy) -> str:
        who = f" by {inert(deploy.actor, 60)}" if deploy.actor else ""
        where = "" if deploy.environment.casefold() == "production" else f" in {inert(deploy.environment, 40)}"
        return f"{name_of(deploy)}{who}{where}, {self._when(deploy)}"

    def _described(self, suspect: Suspect) -> str:
        timing = next((ground for ground in suspect.grounds if ground.startswith(_TIMING)), "")
        relation = (
            inert(timing.removeprefix("live ").removeprefix("failed ")) if timing else self._relation(suspect.deploy)
        )
        parts = (self._identified(suspect.deploy), relation, _reach(suspect.deploy.scope))
        return ", ".join(part for part in parts if part)

    def _when(self, deploy: Deploy) -> str:
        if deploy.finished_at is not None:
            verb = "failed" if deploy.status is DeployStatus.FAILURE else "live"
            return f"{verb} {self.times.at(deploy.finished_at)}"
        if deploy.started_at is not None:
            return f"begun {self.times.at(deploy.started_at)}"
        return f"heard of {self.times.at(deploy.received_at)}"

    def _relation(self, deploy: Deploy) -> str:
        """How the deploy lies to the beginning, as finely as that is known."""
        live_at, onset = deploy.finished_at, self.part.onset
        if live_at is None:
            return ""
        if (onset.latest - onset.earliest).total_seconds() < self.every_s:
            side = "before" if live_at <= onset.likely else "after"
            return f"{duration(onset.likely - live_at)} {side} it began"
        gap = self.part.span.start_at - live_at
        side = "before" if gap >= timedelta(0) else "into"
        return f"{duration(gap)} {side} the first {self._bucket()}"

    def _bucket(self) -> str:
        empty = self.part.value == 0 and self.part.is_drop
        looks = "empty" if empty else "low" if self.part.is_drop else "high"
        noun = {HOUR_S: "hour", DAY_S: "day"}.get(self.every_s) or duration(timedelta(seconds=self.every_s))
        return f"{looks} {noun}"

    @staticmethod
    def _grounds(suspect: Suspect) -> list[str]:
        others = [inert(ground) for ground in suspect.grounds if not ground.startswith(_TIMING)]
        address = link(suspect.deploy.url)
        return [f"  {line}" for line in (*others[:_AT_MOST], address) if line]

    def _also(self, others: Sequence[Suspect]) -> list[str]:
        out = {(one.deploy.source, one.deploy.id) for one in self.ranking.rejected}
        possible = [one for one in others if (one.deploy.source, one.deploy.id) not in out]
        return [f"  also looked at: {self._with_none(possible)}"]

    def _nobody(self, looked_at: Sequence[Suspect]) -> str:
        if self.ranking.last_heard_at is None:
            return "No deploy has been reported yet"
        if looked_at:
            return f"No deploy stands out; looked at: {self._with_none(looked_at)}"
        if not self.ranking.suspects:
            return f"No deploy stands out; none is known in the {self.ranking.looked_back_h:g} h before"
        return "No deploy stands out"

    def _with_none(self, possible: Sequence[Suspect]) -> str:
        """The first few with their chances, and what is left for everything that is no deploy."""
        named = [_with_chance(one) for one in possible[:_AT_MOST]]
        more = [f"{len(possible) - _AT_MOST} more"] if len(possible) > _AT_MOST else []
        return ", ".join([*named, *more, f"no deploy ({chance(self.ranking.no_deploy)})"])

    def _ruled_out(self) -> list[str]:
        if not self.ranking.rejected:
            return []
        why: dict[str, list[str]] = {}
        for one in self.ranking.rejected[:_AT_MOST]:
            why.setdefault(inert(one.why, 80), []).append(name_of(one.deploy))
        groups = ", ".join(f"{', '.join(names)} ({reason})" for reason, names in why.items())
        return [f"  ruled out: {groups}{_and_more(len(self.ranking.rejected))}"]

    def _last_heard(self) -> list[str]:
        heard_at = self.ranking.last_heard_at
        if heard_at is None or self.times.now - heard_at <= _OLD:
            return []
        return [f"  last deploy heard of: {duration(self.times.now - heard_at)} ago"]


def _with_chance(suspect: Suspect) -> str:
    return f"{name_of(suspect.deploy)} ({chance(suspect.probability)})"


def _and_more(count: int) -> str:
    return f" and {count - _AT_MOST} more" if count > _AT_MOST else ""


def _reach(scope: Scope | None) -> str:
    """Whom it reached, where that was not everybody."""
    if scope is None:
        return ""
    parts = [
        f"{inert(dimension, 40)} {inert(', '.join(values[:_AT_MOST]), 60)}{_and_more(len(values))}"
        for dimension, values in sorted(scope.by.items())
        if values
    ]
    share = [f"{scope.percent:g} % of traffic"] if scope.percent < 100 else []  # noqa: PLR2004 - percent
    return f"for {', '.join([*parts, *share])}" if parts or share else ""
