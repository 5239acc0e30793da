"""Which keys of a metric go together: the short form, the long form, and what each kind needs."""

from collections.abc import Iterator, Mapping

from detector.config.complaints import Complaint
from detector.config.words import listed, shown
from detector.config.yaml_strict import Path

__all__ = ["form_complaints"]

_ONLY_SHORT = ("table", "time", "value", "numerator", "denominator", "where", "split", "each", "limit")
_PARTS = ("numerator", "denominator")


def form_complaints(entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    """Keys that are missing or cannot stand together; looks at what is there, not at what it says.

    Args:
        entry: a metric as written.
        at: its path in the file.
    """
    if "sql" in entry:
        yield from _long_form(entry, at)
    elif "table" in entry or "time" in entry:
        yield from _short_form(entry, at)
    else:
        yield Complaint((*at, "table"), "nothing to read: write `table` and `time` (short form), or `sql` (long form)")
    alert = entry.get("alert")
    below, above = (alert.get("below"), alert.get("above")) if isinstance(alert, dict) else (None, None)
    if isinstance(below, int | float) and isinstance(above, int | float) and below >= above:
        message = f"alert.below: {shown(below)} is not less than alert.above, {shown(above)}: no value would be normal"
        yield Complaint((*at, "alert", "below"), message)


def _long_form(entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    for key in _ONLY_SHORT:
        if key in entry:
            message = f"{shown(key)} belongs to the short form and cannot stand beside `sql`: put it into the SELECT"
            yield Complaint((*at, key), message, is_about_key=True)


def _short_form(entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    for key in ("table", "time"):
        if key not in entry:
            yield Complaint((*at, key), f"{shown(key)} is missing: the short form needs `table` and `time`")
    if "limit" in entry and "each" not in entry and "split" not in entry:
        message = "'limit' limits the segments of `each` or `split`: there is neither"
        yield Complaint((*at, "limit"), message, is_about_key=True)
    kind = entry.get("kind", "count")
    if kind == "ratio":
        yield from _ratio(entry, at)
        return
    for key in _PARTS:
        if key in entry:
            message = f"{shown(key)} is for kind ratio; this metric is a {kind if isinstance(kind, str) else 'count'}"
            yield Complaint((*at, key), message, is_about_key=True)
    if isinstance(kind, str) and kind in {"revenue", "gauge"} and "value" not in entry:
        example = "sum(amount)" if kind == "revenue" else "avg(duration_s)"
        yield Complaint((*at, "value"), f"'value' is missing: kind {kind} needs an aggregate such as {example}")


def _ratio(entry: Mapping[str, object], at: Path) -> Iterator[Complaint]:
    if "value" in entry:
        message = "'value' cannot stand in a ratio: write `numerator` and `denominator`"
        yield Complaint((*at, "value"), message, is_about_key=True)
    if missing := [key for key in _PARTS if key not in entry]:
        are = "are" if len(missing) > 1 else "is"
        names = listed(shown(key) for key in missing)
        yield Complaint((*at, missing[0]), f"{names} {are} missing: a ratio is numerator over denominator")
