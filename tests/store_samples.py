"""Things to put into a store, and strategies for any incident and deploy there can be."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import sqlalchemy as sa
from hypothesis import strategies as st

from detector.adapters.store.engines import make_engine
from detector.adapters.store.place import place_of
from detector.model.deploy import Answer, Deploy, Ranking, Rejected, Scope, Suspect
from detector.model.incident import Incident, IncidentEvent, IncidentMetric, IncidentState, Told
from detector.model.notification import Notification, Reason
from detector.model.span import Span, epoch_s
from detector.model.state import DayOff, DaysOfMonth, HistoryBlock, MetricState, Seasons, SourceHealth, TickChanges
from detector.model.verdict import Loss, Onset, Outcome, OutcomeKind

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
SEASONS = Seasons(
    True,
    False,
    0.9,
    0.1,
    (DayOff(20_768, 7, (4000.0, 0.5), (1.0, 0.0), (0.1, 0.2), (None, 3.0)),),
    DaysOfMonth(20_774, (), (2.5, *(0.96,) * 29, 1 / 3)),
    (DayOff(20_767, 8, (4000.0, 0.5), (1.0, 0.0), (0.1, 0.2), (2000.0, None)),),
)


def hour(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def hours(first: float, last: float) -> Span:
    return Span(hour(first), hour(last))


def state(metric: str = "checkout/revenue", **more: Any) -> MetricState:
    return MetricState(metric, "f1", hour(0), **more)


def outcome(number: float = 8, metric: str = "checkout/revenue", **more: Any) -> Outcome:
    given: dict[str, Any] = {"kind": OutcomeKind.ANOMALOUS, "judged_at": hour(number + 1), "value": 0.0, **more}
    return Outcome(metric, hours(number, number + 1), **given)


def block(first: int, values: list[float], metric: str = "checkout/revenue", *, weights: bool = False) -> HistoryBlock:
    numbers = np.array(values, dtype=np.float64)
    return HistoryBlock(
        metric,
        epoch_s(hour(first)) + 3600 * np.arange(numbers.size, dtype=np.int64),
        numbers,
        ~np.isnan(numbers),
        np.ones(numbers.size, dtype=bool),
        numbers * 2 if weights else None,
    )


def deploy(name: str = "d1", live: float | None = 7.9, **more: Any) -> Deploy:
    heard = hour(8 if live is None else live)
    given: dict[str, Any] = {"service": "checkout-api", "version": "v412", "received_at": heard, **more}
    return Deploy(id=name, finished_at=None if live is None else hour(live), **given)


def incident(number: int = 1, **more: Any) -> Incident:
    onset = Onset(hour(7.9), hour(8), hour(8.2), ((hours(7.9, 8), 0.25), (hours(8, 8.2), 0.75)))
    part = IncidentMetric("checkout/revenue", hours(8, 9), 0.0, 4000.0, Loss(4000.0, 3200.0, 4900.0, 4000.0), onset)
    part = replace(part, chance_per_h=0.001, ends=((hours(8.5, 8.75), 0.25), (hours(8.75, 9), 12.5)))
    suspect = Suspect(deploy(scope=Scope({"country": ("DE", "AT")}, 10.0)), 0.86, ("the only deploy in 6 h",))
    ranking = Ranking(Answer.NAMED, (suspect,), 0.11, (Rejected(deploy("d0", 1), "too early"),), hour(7.9))
    told = Told(hour(9), 1, 4000.0, "d1")
    given: dict[str, Any] = {"state": IncidentState.OPEN, "told": told, **more}
    return Incident(number=number, team="checkout", opened_at=hour(9), metrics=(part,), ranking=ranking, **given)


def event(number: int = 1, what: str = "opened") -> IncidentEvent:
    return IncidentEvent(number, hour(9), what, "opened: 4,000 € missing")


def notification(key: str = "incident/1/1", **more: Any) -> Notification:
    given: dict[str, Any] = {"incident": 1, **more}
    return Notification(key, "checkout", Reason.OPENED, "Revenue is 0 €", "Missing so far: 4,000 €", hour(9), **given)


def tick() -> TickChanges:
    """One of everything, as a tick at nine would leave it."""
    return TickChanges(
        at=hour(9),
        metrics=(state(judged_until=hour(9), seasons=SEASONS, refitted_at=hour(0)),),
        history=(block(0, [1.0, 2.0, 3.0]),),
        outcomes=(outcome(7, kind=OutcomeKind.NORMAL, value=4000.0), outcome(8)),
        incidents=(incident(),),
        events=(event(),),
        notifications=((notification(), 2),),
        sources=(SourceHealth("shop", hour(8), 1, "no route to host"),),
    )


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def write_to(url: str, statement: str, **values: object) -> None:
    """Change a store behind its back."""
    engine = make_engine(place_of(url))
    with engine.begin() as connection:
        connection.execute(sa.text(statement), values)
    engine.dispose()


_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
_OF: dict[Any, st.SearchStrategy[Any]] = {
    datetime: _TIMES,
    Span: st.tuples(_TIMES, _TIMES).map(lambda ends: Span(min(ends), max(ends))),
    float: st.floats(allow_nan=False),
    str: st.text(max_size=12),
    int: st.integers(0, 2**31 - 1),
    bool: st.booleans(),
    type(None): st.none(),
}


def _any(kind: Any) -> st.SearchStrategy[Any]:
    """Whatever the annotation allows; a field that is added to the model is filled as well, and missed in a codec."""
    if kind in _OF:
        return _OF[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        return st.builds(kind, **{name: _any(part) for name, part in get_type_hints(kind).items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    parts = [_any(part) for part in get_args(kind) if part is not Ellipsis]
    if get_origin(kind) is tuple and Ellipsis in get_args(kind):
        return st.lists(parts[0], max_size=3).map(tuple)
    ways: dict[Any, Callable[..., st.SearchStrategy[Any]]] = {
        tuple: st.tuples,
        Mapping: lambda *both: st.dictionaries(*both, max_size=3),
        UnionType: lambda *either: st.one_of(*reversed(either)),
    }
    return ways[get_origin(kind)](*parts)


any_deploy: st.SearchStrategy[Deploy] = _any(Deploy)
any_seasons: st.SearchStrategy[Seasons] = _any(Seasons)
any_incident: st.SearchStrategy[Incident] = _any(Incident)
