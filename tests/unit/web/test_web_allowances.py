"""How much may be asked for."""

import pytest

from detector.web.allowances import Allowance


def test_burst_then_pace() -> None:
    """So many at once, then one for each that has become free, and the answer says how long that takes."""
    allowance = Allowance(per_s=2, burst=3)
    assert [allowance.take({"a": 1}, 0.0) for _ in range(4)] == [{}, {}, {}, {"a": 0.5}]
    assert allowance.take({"a": 1}, 0.5) == {}
    assert allowance.take({"a": 1}, 0.5) == {"a": 0.5}


def test_each_has_its_own() -> None:
    """One key that has used up its share takes nothing from another one."""
    allowance = Allowance(per_s=1, burst=1)
    assert allowance.take({"a": 1}, 0.0) == {}
    assert allowance.take({"a": 1}, 0.0) == {"a": 1.0}
    assert allowance.take({"b": 1}, 0.0) == {}


def test_all_or_nothing() -> None:
    """Where one key has too little left, none is charged."""
    allowance = Allowance(per_s=1, burst=2)
    assert allowance.take({"a": 2}, 0.0) == {}
    assert set(allowance.take({"a": 1, "b": 1}, 0.0)) == {"a"}
    assert allowance.take({"b": 2}, 0.0) == {}


def test_what_is_full_is_forgotten() -> None:
    """A million keys used once leave nothing behind after the time it takes to fill one."""
    allowance = Allowance(per_s=1, burst=10)
    for number in range(100):
        allowance.take({str(number): 1}, 0.01 * number)
    assert len(allowance) == 100
    allowance.take({"last": 1}, 100.0)
    assert len(allowance) == 1


@pytest.mark.parametrize("count", [11, 1000])
def test_more_than_the_burst_is_never_granted(count: int) -> None:
    """Nothing is lent."""
    assert Allowance(per_s=1, burst=10).take({"a": count}, 0.0) == {"a": count - 10.0}
