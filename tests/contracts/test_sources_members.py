"""What every source keeps of ports.MetricSource for `each`: sizes of members, and all of them in one statement."""

from math import isnan
from pathlib import Path

import numpy as np
import pytest

from builders import EIGHT, HOUR, a_metric, hours
from detector.model.metric import Kind, ShortForm
from servers.time_styles import MARIADB, POSTGRES, SQLITE, Row, Style, execute, fill, opened, url_for

ALL = pytest.mark.parametrize(
    "style", [POSTGRES[0], MARIADB[0], MARIADB[1], SQLITE[3]], ids=["postgres", "datetime", "timestamp", "sqlite"]
)
HOSTILE = ("' OR 1=1 --", 'say "hi"\nand\tbye', "<!channel> @everyone", "100%s :start {x}", "DÜ\u202e", " DE ")
MORNING = [
    Row(EIGHT, 40.0, "DE"),
    Row(EIGHT + 0.5 * HOUR, 2.5, "AT"),
    Row(EIGHT + HOUR, 1.0, None),
    Row(EIGHT + 2 * HOUR, 7.0, "AT"),
    Row(EIGHT + 2.5 * HOUR, None, "de"),
]


@pytest.fixture
def url(style: Style, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_for(style, request, tmp_path)


def by_country(value: str | None = "sum(amount)", **said: object) -> ShortForm:
    return ShortForm("payments", "paid_at", value, each="country", **said)  # type: ignore[arg-type]  # named fields


@ALL
def test_volumes_are_the_largest_first(style: Style, url: str) -> None:
    """What adds up is measured by its sum, the `most` largest; NULL has a name, and letters of both cases are two."""
    fill(url, style, MORNING)
    metric = a_metric(query=by_country())
    with opened(url) as source:
        every = source.volumes(metric, hours(0, 24), 10)
        two = source.volumes(metric, hours(0, 24), 2)
    assert list(every.items()) == [("DE", 40.0), ("AT", 9.5), ("(none)", 1.0), ("de", 0.0)]
    assert list(two) == ["DE", "AT"]


@ALL
def test_volumes_of_other_kinds(style: Style, url: str) -> None:
    """A ratio is measured by its denominators, a gauge by its rows."""
    fill(url, style, MORNING)
    ratio = by_country(None, numerator="count(amount)", denominator="2 * count(*)")
    with opened(url) as source:
        ratios = source.volumes(a_metric(kind=Kind.RATIO, query=ratio), hours(0, 24), 1)
        gauges = source.volumes(a_metric(kind=Kind.GAUGE, query=by_country("avg(amount)")), hours(0, 24), 1)
    assert ratios == {"AT": 4.0}
    assert gauges == {"AT": 2.0}


@ALL
def test_members_come_in_one_statement(style: Style, url: str) -> None:
    """A row for each member in the order asked for, known to have rows or not; others are left out."""
    fill(url, style, MORNING)
    metric = a_metric(query=by_country())
    with opened(url) as source:
        source.read(metric, hours(0, 1))
        before = source.counters.statements
        found = source.read_members(metric, ["AT", "FR", "(none)", "de"], hours(0, 4))
        assert source.counters.statements - before == 1
    assert found.names == ("AT", "FR", "(none)", "de")
    assert found.starts.size == 4
    assert found.seen.tolist() == [
        [True, False, True, False],
        [False, False, False, False],
        [False, True, False, False],
        [False, False, True, False],
    ]
    assert np.nansum(found.values, axis=1).tolist() == [9.5, 0.0, 1.0, 0.0]
    assert isnan(found.values[3, 2])
    assert found.weights is None


@ALL
def test_members_of_a_ratio_have_weights(style: Style, url: str) -> None:
    """Numerator and denominator of every member and bucket."""
    fill(url, style, MORNING)
    ratio = by_country(None, numerator="count(amount)", denominator="2 * count(*)")
    with opened(url) as source:
        found = source.read_members(a_metric(kind=Kind.RATIO, query=ratio), ["AT", "de"], hours(0, 3))
    assert found.weights is not None
    assert found.weights[0, [0, 2]].tolist() == [2.0, 2.0]
    assert found.values[:, 2].tolist() == [0.5, 0.0]


@ALL
def test_hostile_names_are_names(style: Style, url: str) -> None:
    """Quotes, line breaks, percent signs, blanks at the ends: each is bound and told apart, and does nothing."""
    fill(url, style, [Row(EIGHT, float(number), name) for number, name in enumerate((*HOSTILE, "DE"), start=1)])
    metric = a_metric(query=by_country())
    with opened(url) as source:
        volumes = source.volumes(metric, hours(0, 24), 10)
        found = source.read_members(metric, HOSTILE, hours(0, 1))
    assert dict(volumes) == {name: float(number) for number, name in enumerate((*HOSTILE, "DE"), start=1)}
    assert found.values[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@ALL
def test_members_by_a_column_of_numbers(style: Style, url: str) -> None:
    """A column need not be text; its values are their texts."""
    fill(url, style, MORNING)
    execute(url, "ALTER TABLE payments ADD COLUMN shop integer")
    execute(url, "UPDATE payments SET shop = 7 WHERE country = 'AT'")
    metric = a_metric(query=ShortForm("payments", "paid_at", "count(*)", each="shop"), kind=Kind.COUNT)
    with opened(url) as source:
        assert source.volumes(metric, hours(0, 24), 10) == {"(none)": 3.0, "7": 2.0}
        assert source.read_members(metric, ["7"], hours(0, 1)).values.tolist() == [[1.0]]


@ALL
def test_thousands_of_members(style: Style, url: str) -> None:
    """As many as an owner may ask for fit into one statement."""
    fill(url, style, [Row(EIGHT, 1.0, "C7"), Row(EIGHT, 2.0, "C9999")])
    names = [f"C{number}" for number in range(10_000)]
    with opened(url) as source:
        found = source.read_members(a_metric(query=by_country()), names, hours(0, 2))
    assert found.seen.sum() == 2
    assert found.values[9999, 0] == 2.0
