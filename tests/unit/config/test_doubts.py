"""Rules that load and are hardly meant so."""

from pathlib import Path

import pytest

from config_files import load_rules

RULE = """
team: checkout
metrics:
  watched:
    kind: {kind}
    source: shop
    table: payments
    time: paid_at
    {rest}
"""


def warnings(tmp_path: Path, kind: str, rest: str) -> list[str]:
    book = load_rules(tmp_path, RULE.format(kind=kind, rest=rest))
    assert not book.faults
    return [one.message for one in book.warnings]


@pytest.mark.parametrize(
    ("kind", "value", "fix"),
    [
        ("revenue", "avg(amount)", "take `kind: gauge`, or sum(…)"),
        ("count", "MAX(n)", "take `kind: gauge`, or sum(…)"),
        (
            "revenue",
            "sum(amount) / nullif(count(*), 0)",
            "take `kind: ratio` with `numerator` and `denominator`, or `kind: gauge`",
        ),
    ],
)
def test_what_does_not_add_up_is_doubted(tmp_path: Path, kind: str, value: str, fix: str) -> None:
    """A mean or a quotient is no revenue and no count."""
    said = f"value: '{value}' does not add up from hour to hour as {kind} does: {fix}"
    assert warnings(tmp_path, kind, f"value: {value}") == [said]


@pytest.mark.parametrize("value", ["sum(amount)", "sum(cents) / 100", "count(distinct id)", "sum(max(amount, 0))"])
def test_what_adds_up_is_not_doubted(tmp_path: Path, value: str) -> None:
    """Sums stay sums when they are scaled, or when their parts are bounded."""
    assert warnings(tmp_path, "revenue", f"value: {value}") == []


def test_a_gauge_may_be_a_mean(tmp_path: Path) -> None:
    """Levels are not added up."""
    assert warnings(tmp_path, "gauge", "value: avg(length)") == []


def test_percent_beside_a_share_is_doubted(tmp_path: Path) -> None:
    """A ratio is shown in percent and compared as a share."""
    rest = "numerator: sum(ok)\n    denominator: count(*)\n    alert: {{below: {}}}"
    said = "alert.below: 90 is compared with numerator over denominator: write 0.9 for 90 %"
    assert warnings(tmp_path / "a", "ratio", rest.format(90)) == [said]
    assert warnings(tmp_path / "b", "ratio", rest.format(0.9)) == []
