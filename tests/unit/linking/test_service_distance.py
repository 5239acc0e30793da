from collections.abc import Mapping, Sequence

import pytest

from detector.linking.services import Relation, reach, relations
from unit.linking.morning import GRAPH

LOOP: Mapping[str, tuple[str, ...]] = {"a": ("b",), "b": ("c",), "c": ("a", "d")}


def distance(services: Sequence[str], graph: Mapping[str, tuple[str, ...]], service: str) -> int | None:
    return relations(services, graph, [service])[service].hops


@pytest.mark.parametrize(
    ("service", "hops"), [("checkout-api", 0), ("payments", 1), ("ledger", 2), ("vault", 3), ("search", None)]
)
def test_hops_follow_depends_on(service: str, hops: int | None) -> None:
    """The rule's service is 0 hops away, what it needs 1, and so on; without a way there is no distance."""
    assert distance(["checkout-api"], GRAPH, service) == hops


def test_the_nearest_of_the_rules_services_counts() -> None:
    """With payments in the rule too, its dependency is one hop away."""
    assert distance(["checkout-api", "payments"], GRAPH, "ledger") == 1


def test_callers_are_no_dependencies() -> None:
    """The metric does not depend on who calls its service."""
    assert distance(["checkout-api"], GRAPH, "shop-front") is None
    assert relations(["checkout-api"], GRAPH)["shop-front"] == Relation(None, "checkout-api", is_caller=True)


def test_cycles_end() -> None:
    """Services that need each other have the shorter way as their distance."""
    assert [distance(["a"], LOOP, name) for name in "abcd"] == [0, 1, 2, 3]
    assert distance(["a"], LOOP, "e") is None


def test_unknown_names_are_fine() -> None:
    """A rule may name a service without an entry; a graph may name one, too."""
    assert distance(["new"], {}, "new") == 0
    assert distance([], GRAPH, "payments") is None
    assert relations(["new"], {"new": ("newer",)}, ["other"]) == {
        "new": Relation(0),
        "newer": Relation(1, "new"),
        "other": Relation(None),
    }


def test_reach_falls_with_distance_and_never_to_zero() -> None:
    """Starting values of the prior: rule's service, one hop, caller, two hops, further, strangers."""
    places = [Relation(0), Relation(1), Relation(None, "x", is_caller=True), Relation(2), Relation(3), Relation(9)]
    assert [reach(one) for one in places] == pytest.approx([1.0, 0.3, 0.2, 0.1, 0.1 / 3, 0.02])
    assert reach(Relation(None)) == pytest.approx(0.02)
