"""Some twenty situations that teams are written to about; the letters stand beside this file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from detector.alerting.wording import write_incident, write_late, write_source, write_test
from detector.alerting.wording_admins import (
    ChannelTrouble,
    clock_stepped,
    judged_ahead,
    rules_load_again,
    rules_not_loading,
    store_failing,
    store_works_again,
    ticks_broken,
    ticks_late,
    write_channel,
    write_channel_back,
)
from detector.errors import Fault
from detector.model.deploy import Answer, Deploy, DeployKind, Ranking, Rejected, Scope, Suspect
from detector.model.incident import Incident, IncidentMetric, IncidentState, Told, Whereabouts
from detector.model.metric import Kind, Metric, ShortForm
from detector.model.notification import Notification, Reason
from detector.model.rulebook import Http, RuleBook, Settings
from detector.model.secret import Secret
from detector.model.span import Span
from detector.model.state import SourceHealth
from detector.model.verdict import Loss, Onset, Outcome, OutcomeKind

Letter = tuple[str, str]


def at(clock: str, day: int = 10) -> datetime:
    """A time in Berlin on a day of March 2026 (before the clock change: UTC+1)."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


NOW = at("09:10")
EIGHT = Span(at("08:00"), at("09:00"))
QUERY = ShortForm("payments", "paid_at", "sum(amount)")
REVENUE = Metric(
    name="checkout/revenue",
    title="Checkout revenue",
    team="checkout",
    services=("checkout-api",),
    source="shop",
    query=QUERY,
    kind=Kind.REVENUE,
    unit="EUR",
    timezone="Europe/Berlin",
    runbook="https://wiki.example/checkout",
)
SUCCESS = replace(REVENUE, name="checkout/success", title="Payment success", kind=Kind.RATIO, unit="%", runbook=None)
SIGNUPS = replace(REVENUE, name="checkout/signups", title="Sign-ups", kind=Kind.COUNT, unit="", runbook=None)
LATENCY = replace(REVENUE, name="checkout/latency", title="API latency", kind=Kind.GAUGE, unit="ms", runbook=None)
REFUNDS = replace(REVENUE, name="checkout/refunds", title="Refunds", unit="USD", runbook=None)
TAKINGS = replace(REVENUE, name="checkout/takings", title="Daily takings", unit="CHF", every_s=86400, runbook=None)


def book(*metrics: Metric, url: str | None = "https://detector.example", timezone: str = "Europe/Berlin") -> RuleBook:
    settings = Settings(Path("detector.yml"), Secret(""), timezone, Path("rules"), {}, {}, {}, http=Http(url=url))
    return RuleBook(settings, {metric.name: metric for metric in metrics})


def coarse(span: Span, every_s: int = 3600) -> Onset:
    """All that is known is the bucket."""
    end = span.start_at + timedelta(seconds=every_s)
    return Onset(span.start_at, span.start_at + (end - span.start_at) / 2, end)


def part(metric: Metric, value: float, expected: float, loss: Loss, span: Span = EIGHT) -> IncidentMetric:
    return IncidentMetric(
        metric.name, span, value, expected, loss, coarse(span, metric.every_s), is_drop=value <= expected
    )


def deploy(service: str, version: str, live: str, **more: object) -> Deploy:
    fields: dict[str, object] = {"finished_at": at(live), "received_at": at(live)}
    return Deploy(id=f"{service}-{version}", service=service, version=version, **{**fields, **more})  # type: ignore[arg-type]  # as given


ALONE = "the only deploy in 6 h of a service that this metric depends on"
V412 = deploy("checkout-api", "v412", "07:52", actor="alice", url="https://ci.example/412")
SEARCH = deploy("search", "v98", "06:30", actor="bob")
NAMED = Ranking(
    Answer.NAMED,
    (Suspect(V412, 0.86, ("live 8 min before the first empty hour", ALONE)), Suspect(SEARCH, 0.03)),
    no_deploy=0.11,
    last_heard_at=at("07:53"),
)
SPLIT = Ranking(
    Answer.ONE_OF,
    (
        Suspect(V412, 0.48),
        Suspect(
            deploy("payments", "new-cart", "08:20", kind=DeployKind.FLAG, scope=Scope({"country": ("DE",)}, 25)), 0.41
        ),
        Suspect(deploy("cms", "v7", "05:00"), 0.01),
    ),
    no_deploy=0.10,
    rejected=(Rejected(deploy("cms", "v7", "05:00"), "failed, never live"),),
    last_heard_at=at("08:20"),
)
NOBODY = Ranking(
    Answer.NONE,
    (Suspect(SEARCH, 0.18), Suspect(deploy("cms", "v7", "07:00"), 0.06), Suspect(deploy("mail", "v3", "07:10"), 0.05)),
    no_deploy=0.71,
    rejected=tuple(
        Rejected(deploy(f"svc-{n}", "v1", "07:00", environment="staging"), "staging, not production") for n in range(7)
    ),
    last_heard_at=at("07:10"),
)
STALE = Ranking(Answer.NONE, (), no_deploy=1.0, last_heard_at=at("09:00", day=7))
NEVER = Ranking(Answer.NONE, (), no_deploy=1.0)

ZERO = part(REVENUE, 0.0, 4012.37, Loss(4012.37, 3187.0, 4876.0, 4012.37))
EVERYWHERE = (Whereabouts("country", everywhere=True), Whereabouts("method", everywhere=True))
OPEN = Incident(12, "checkout", IncidentState.OPEN, NOW, (replace(ZERO, where=EVERYWHERE),), NAMED)
TOLD = Told(NOW, 1, 4012.37, "cli/checkout-api-v412")


def opened(incident: Incident, *metrics: Metric, now: datetime = NOW, **kwargs: str) -> Letter:
    return write_incident(incident, Reason.OPENED, book(*(metrics or (REVENUE,)), **kwargs), now)


def with_part(*parts: IncidentMetric, ranking: Ranking = NAMED) -> Incident:
    return replace(OPEN, metrics=parts, ranking=ranking)


def two_segments() -> Letter:
    where = (
        Whereabouts("country", everywhere=False, segments=(("DE", 0.81), ("AT", 0.15), ("CH", 0.03), ("LI", 0.01))),
        Whereabouts("method", everywhere=True),
    )
    lower = part(REVENUE, 812.5, 3950.0, Loss(3137.5, 2480.0, 3760.0, 3137.5))
    return opened(with_part(replace(lower, where=where), ranking=SPLIT))


def ratio_with_others() -> Letter:
    success = part(SUCCESS, 0.1234, 0.9312, Loss(0.81, 0.7, 0.9, 0.81))
    revenue = part(REVENUE, 540.0, 4012.0, Loss(3472.0, 2700.0, 4300.0, 3472.0))
    signups = part(SIGNUPS, 3.0, 118.0, Loss(115.0, 92.0, 140.0, 115.0))
    over = replace(signups, ended_at=signups.span.end_at)
    return opened(with_part(success, revenue, over, ranking=NOBODY), SUCCESS, REVENUE, SIGNUPS)


def night() -> Letter:
    span = Span(at("22:00", day=9), at("02:00"))
    lower = part(REVENUE, 95.0, 1480.0, Loss(1385.0, 1010.0, 1790.0, 240.0), span)
    return opened(with_part(lower, ranking=STALE), now=at("02:06"), timezone="UTC")


def rise() -> Letter:
    refunds = part(REFUNDS, 5230.4, 698.0, Loss(4532.4, 4100.0, 5010.0, 4532.4))
    return opened(with_part(refunds, ranking=NEVER), REFUNDS, url="")


def fine_onset() -> Letter:
    span = Span(at("08:00"), at("08:15"))
    signups = replace(SIGNUPS, every_s=900)
    onset = Onset(at("08:00"), at("08:04"), at("08:08"))
    lower = replace(part(signups, 2.0, 31.0, Loss(29.0, 21.0, 38.0, 116.0), span), onset=onset)
    return opened(with_part(lower, ranking=replace(NAMED, suspects=(Suspect(V412, 0.997),))), signups, now=at("08:21"))


def hard_bound() -> Letter:
    lower = replace(part(REVENUE, 80.0, 100.0, Loss(20.0, 20.0, 20.0, 20.0)), bound=100.0)
    return opened(with_part(lower, ranking=NEVER))


def latency() -> Letter:
    slow = part(LATENCY, 943.6, 121.3, Loss(822.0, 700.0, 950.0, 822.0))
    rollback = deploy(
        "gateway", "v40", "08:10", kind=DeployKind.ROLLBACK, rollback_of="gateway-v41", environment="eu-1"
    )
    return opened(with_part(slow, ranking=replace(NAMED, suspects=(Suspect(rollback, 0.83),))), LATENCY)


def daily() -> Letter:
    span = Span(at("00:00", day=9), at("00:00"))
    lower = part(TAKINGS, 61_203.0, 98_450.0, Loss(37_247.0, 29_900.0, 45_100.0, 1552.0), span)
    return opened(with_part(lower, ranking=NOBODY), TAKINGS)


def hostile() -> Letter:
    nasty = "<!channel> @everyone\n\u202e**<https://evil.example|bank>** `x`"
    bad = deploy("checkout-api", nasty, "07:52", actor=nasty, url="javascript:alert(1)")
    ranking = replace(NAMED, suspects=(Suspect(bad, 0.9, (nasty,)), Suspect(replace(bad, id="other"), 0.05)))
    where = (Whereabouts("country", everywhere=False, segments=((nasty, 1.0),)),)
    metric = replace(REVENUE, title=nasty, runbook="https://wiki.example/<!here>")
    return opened(with_part(replace(ZERO, where=where), ranking=ranking), metric)


LONGER = part(REVENUE, 310.0, 12_411.0, Loss(12_101.0, 9_870.0, 14_390.0, 8020.0), Span(at("08:00"), at("11:00")))


def worse() -> Letter:
    incident = replace(
        with_part(LONGER),
        told=TOLD,
        acknowledged_at=at("09:20"),
        acknowledged_by="bob",
        state=IncidentState.ACKNOWLEDGED,
    )
    return write_incident(incident, Reason.WORSE, book(REVENUE), at("11:10"))


def named() -> Letter:
    incident = replace(with_part(LONGER), told=replace(TOLD, named=None))
    return write_incident(incident, Reason.NAMED, book(REVENUE), at("11:10"))


def no_longer_named() -> Letter:
    incident = replace(with_part(LONGER, ranking=SPLIT), told=TOLD)
    return write_incident(incident, Reason.NO_LONGER_NAMED, book(REVENUE), at("11:10"))


def no_reaction() -> Letter:
    incident = replace(with_part(LONGER, ranking=SPLIT), told=TOLD)
    return write_incident(incident, Reason.NO_REACTION, book(REVENUE), at("13:10"))


def resolved() -> Letter:
    over = replace(LONGER, ended_at=LONGER.span.end_at, normal_in_a_row=2)
    success = part(SUCCESS, 0.1234, 0.9312, Loss(0.81, 0.7, 0.9, 0.81), LONGER.span)
    incident = with_part(over, replace(success, ended_at=over.ended_at))
    closed = replace(incident, state=IncidentState.RESOLVED, resolved_at=at("13:05"), told=TOLD)
    return write_incident(closed, Reason.RESOLVED, book(REVENUE, SUCCESS), at("13:10"))


def resolved_with_return() -> Letter:
    loss = replace(LONGER.loss, came_back=3100.0)
    over = replace(LONGER, ended_at=LONGER.span.end_at, normal_in_a_row=2, loss=loss)
    closed = replace(with_part(over), state=IncidentState.RESOLVED, resolved_at=at("13:05"), told=TOLD)
    return write_incident(closed, Reason.RESOLVED, book(REVENUE), at("13:10"))


def rule_removed() -> Letter:
    return write_incident(replace(OPEN, told=TOLD), Reason.RULE_REMOVED, book(SUCCESS), at("11:10"))


FAILING = SourceHealth("shop", at("08:05"), 3, 'connection to server at "db.example" failed: Connection refused')


def source_failing() -> Letter:
    return write_source(FAILING, Reason.SOURCE_FAILING, [REVENUE, SUCCESS], NOW)


def source_back() -> Letter:
    return write_source(replace(FAILING, failing_since=None), Reason.SOURCE_BACK, [REVENUE, SUCCESS], NOW)


def data_late() -> Letter:
    reason = "its witness checkout/orders has no newer row either"
    return write_late(REVENUE, Outcome(REVENUE.name, EIGHT, OutcomeKind.LATE, NOW, reason=reason), NOW)


ADMINS = replace(book().settings, admins="platform")
TROUBLE = ChannelTrouble(
    team="checkout",
    channel=0,
    since=at("08:52"),
    waiting=4,
    given_up=0,
    attempts=5,
    error="slack: 404, the channel does not exist",
    titles=("Checkout revenue is 0 €", "Payment success is 12 %", "Sign-ups are 3", "Refunds are 5,230 $"),
    others=2,
    others_failing=1,
)
GIVEN_UP = replace(TROUBLE, waiting=0, given_up=1, attempts=1, titles=TROUBLE.titles[:1], others=0, others_failing=0)
FAULTS = (
    Fault("detector.yml", 0, 0, "no such file; run `detector init`, or name it with -c or $DETECTOR_CONFIG"),
    *(Fault("rules/checkout.yml", line, 5, "unknown key 'tabel'; did you mean 'table'?") for line in range(3, 15)),
)


def only(told: tuple[Notification, ...]) -> Letter:
    """The words of the one message."""
    (message,) = told
    return message.title, message.body


SITUATIONS: dict[str, Callable[[], Letter]] = {
    "opened_zero_revenue": lambda: opened(OPEN),
    "opened_two_segments_one_of": two_segments,
    "opened_ratio_with_other_metrics_no_deploy_stands_out": ratio_with_others,
    "opened_at_night_other_zone_last_deploy_days_ago": night,
    "opened_rise_in_dollars_no_deploy_ever": rise,
    "opened_fine_onset_in_quarter_hours": fine_onset,
    "opened_hard_bound_while_learning": hard_bound,
    "opened_gauge_after_rollback": latency,
    "opened_daily": daily,
    "opened_hostile_text": hostile,
    "worse": worse,
    "named": named,
    "no_longer_named": no_longer_named,
    "no_reaction": no_reaction,
    "resolved": resolved,
    "resolved_with_return": resolved_with_return,
    "rule_removed": rule_removed,
    "source_failing": source_failing,
    "source_back": source_back,
    "data_late": data_late,
    "channel_failing": lambda: write_channel(TROUBLE, "Europe/Berlin", NOW),
    "channel_given_up_on_the_only_one": lambda: write_channel(GIVEN_UP, "Europe/Berlin", NOW),
    "channel_back": lambda: write_channel_back("checkout", 0, at("08:52"), "Europe/Berlin", NOW),
    "rules_failing": lambda: only(rules_not_loading(FAULTS, ADMINS, NOW)),
    "rules_back": lambda: only(rules_load_again(ADMINS, NOW)),
    "clock_ahead": lambda: only(clock_stepped(timedelta(hours=1), ADMINS, NOW)),
    "ticks_broken": lambda: only(ticks_broken("ZeroDivisionError", ADMINS, NOW)),
    "judged_ahead": lambda: only(judged_ahead(12, NOW + timedelta(days=60), ADMINS, NOW)),
    "ticks_late": lambda: only(ticks_late(6, ADMINS, NOW)),
    "clock_back": lambda: only(clock_stepped(timedelta(days=-1), ADMINS, NOW)),
    "store_failing": lambda: only(
        store_failing(
            "cannot write outcomes: the store (sqlite:///detector.db) says: database or disk is full; free some space",
            ADMINS,
            NOW,
        )
    ),
    "store_back": lambda: only(store_works_again(at("07:40"), ADMINS, NOW)),
    "test": lambda: write_test("checkout", NOW),
}
