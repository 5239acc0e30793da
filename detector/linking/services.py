"""How near a service is to a metric, by the graph of who depends on whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Relation", "reach", "relations"]

_BY_HOPS = (1.0, 0.3, 0.1)
_STRANGER = 0.02


@dataclass(frozen=True, slots=True)
class Relation:
    """How a service stands to the services of a rule.

    Attributes:
        hops: steps down `depends_on` from a rule's service, 0 for the service itself; None: no known way.
        neighbour: for one hop, the rule's service that depends on it; for a caller, the one that it depends on.
        is_caller: no rule's service needs it, but it depends on one itself: customers come through it.
    """

    hops: int | None
    neighbour: str | None = None
    is_caller: bool = False


def relations(
    services: Sequence[str], graph: Mapping[str, tuple[str, ...]], others: Iterable[str] = ()
) -> Mapping[str, Relation]:
    """Where every service stands that the rule, the graph or `others` name, in alphabetical order.

    The neighbour is the first in alphabetical order, so that the order of lists changes nothing.

    Args:
        services: what the rule names; each is 0 hops away, known to the graph or not.
        graph: service -> what it depends on; cycles and names without an entry are fine.
        others: who may be unknown to both, such as those that were deployed.
    """
    hops = _hops(services, graph)
    names = sorted({*hops, *graph, *others, *(needed for several in graph.values() for needed in several)})
    return {name: _relation(services, graph, name, hops.get(name)) for name in names}


def _hops(services: Sequence[str], graph: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Steps along `depends_on` from the nearest of the rule's services, of those to which there is a way."""
    found = dict.fromkeys(services, 0)
    ring = set(found)
    while ring:
        steps = found[next(iter(ring))] + 1
        ring = {needed for name in ring for needed in graph.get(name, ())} - found.keys()
        found.update(dict.fromkeys(ring, steps))
    return found


def _relation(
    services: Sequence[str], graph: Mapping[str, tuple[str, ...]], service: str, hops: int | None
) -> Relation:
    if hops == 1:
        return Relation(hops, min(name for name in services if service in graph.get(name, ())))
    if hops is not None:
        return Relation(hops)
    called = set(graph.get(service, ())) & set(services)
    return Relation(None, min(called), is_caller=True) if called else Relation(None)


def reach(found: Relation) -> float:
    """How likely a fault of a service is to show in the metric, against a fault of the rule's own services.

    Starting values: 1 for the rule's services, 0.3 for one hop, 0.1 for two, a third of that for each further one; a
    service without a known way keeps 0.02, never 0, since graphs written by hand are incomplete. A direct caller (a
    shop front before a checkout) lies between one hop and two: 0.2. ChangeRCA (FSE 2024) and Dynatrace's documentation
    put dependency beside or before time as well, but publish no such shares: these are guesses.
    """
    if found.is_caller:
        return 0.2
    if found.hops is None:
        return _STRANGER
    if found.hops < len(_BY_HOPS):
        return _BY_HOPS[found.hops]
    return max(_BY_HOPS[-1] / 3.0 ** (found.hops - len(_BY_HOPS) + 1), _STRANGER)
