"""History as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.adapters.store.packing import WEEK_S, PackedWeek, pack, unpack
from detector.model.state import HistoryBlock
from store_samples import block

_BUCKETS = st.dictionaries(
    st.integers(0, 5 * WEEK_S),
    st.tuples(st.floats(), st.booleans(), st.booleans(), st.floats()),
    max_size=30,
)


def _block(buckets: dict[int, tuple[float, bool, bool, float]], *, weighted: bool = True) -> HistoryBlock:
    starts = sorted(buckets)
    values, known, teaches, weights = ([buckets[start][part] for start in starts] for part in range(4))
    return HistoryBlock(
        "m",
        np.array(starts, np.int64),
        np.array(values, np.float64),
        np.array(known, bool),
        np.array(teaches, bool),
        np.array(weights, np.float64) if weighted else None,
    )


def _same(one: HistoryBlock | None, other: HistoryBlock) -> None:
    if one is None:
        assert not other.starts.size
        return
    for name in ("starts", "values", "known", "teaches"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.weights is None) == (other.weights is None)
    if one.weights is not None and other.weights is not None:
        np.testing.assert_array_equal(one.weights, other.weights)


@given(_BUCKETS, st.booleans())
def test_a_block_survives_packing(buckets: dict[int, tuple[float, bool, bool, float]], weighted: bool) -> None:
    """Unpacking gives the block again, bit for bit, NaN and infinity included."""
    original = _block(buckets, weighted=weighted)
    _same(unpack(pack(original)).get("m"), original)


@given(_BUCKETS, _BUCKETS, st.integers(0, 5 * WEEK_S))
def test_merging_is_a_dictionary_update(
    old: dict[int, tuple[float, bool, bool, float]],
    new: dict[int, tuple[float, bool, bool, float]],
    since_s: int,
) -> None:
    """Where both have a bucket the newer read wins, flags included; `since_s` cuts off what starts before."""
    stored = {week.week: week for week in pack(_block(old))}
    stored.update({week.week: week for week in pack(_block(new), [stored[week] for week in sorted(stored)])})
    expected = {start: bucket for start, bucket in {**old, **new}.items() if start >= since_s}
    _same(unpack([stored[week] for week in sorted(stored)], since_s).get("m"), _block(expected))


def test_bytes_are_the_documented_ones() -> None:
    """The layout is fixed: little-endian, seconds within the week, known 1 and teaches 2."""
    block = HistoryBlock(
        "m",
        np.array([WEEK_S + 258], np.int64),
        np.array([1.0]),
        np.array([True]),
        np.array([True]),
    )
    (week,) = pack(block)
    assert week == PackedWeek("m", 1, b"\x02\x01\x00\x00", b"\x00\x00\x00\x00\x00\x00\xf0\x3f", b"\x03", None)


def test_metrics_do_not_mix() -> None:
    """Rows of several metrics come back apart, those without weights beside those with."""
    blocks = [block(0, [1.0, 2.0], "a"), block(1, [3.0], "b", weights=True), block(0, [4.0], "c")]
    found = unpack(week for one in blocks for week in pack(one))
    assert {name: one.values.tolist() for name, one in found.items()} == {"a": [1.0, 2.0], "b": [3.0], "c": [4.0]}
    assert found["a"].weights is None
    assert found["b"].weights is not None
    assert found["b"].weights.tolist() == [6.0]


def test_parts_of_different_length_are_refused() -> None:
    """A row that lost a byte is no history."""
    (week,) = pack(block(0, [1.0, 2.0]))
    for damaged in (week._replace(values=week.values[:-1]), week._replace(flags=b""), week._replace(weights=b"")):
        with pytest.raises(ValueError, match="its parts differ in length"):
            unpack([damaged])
