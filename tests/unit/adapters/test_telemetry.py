"""What Prometheus reads, and what is written about it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from builders import EIGHT, a_metric, an_incident, an_outcome, hours
from detector import __version__
from detector.adapters.store import open_store
from detector.adapters.telemetry import CONTENT_TYPE, Telemetry
from detector.errors import SourceTimeout
from detector.model.deploy import Added, Recorded
from detector.model.notification import Delivery, DeliveryStatus, Notification, Reason, SendResult
from detector.model.secret import Secret
from detector.model.state import TickChanges
from detector.model.tick import TickReport
from tree import ROOT
from worlds import FakeSource, Postbox, a_book

NOTE = Notification("incident/12/1", "checkout", Reason.OPENED, "Revenue is 0", "", EIGHT, 12)
PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
RULES = ROOT / "deploy" / "prometheus-rules.yml"


@pytest.fixture
def telemetry() -> Telemetry:
    seconds = count()
    return Telemetry(lambda: float(next(seconds)))


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(name, labels)


def names(telemetry: Telemetry) -> Iterator[str]:
    """As they are asked for: counters with their `_total`, histograms without their parts."""
    for family in telemetry.registry.collect():
        if family.name.startswith("detector_"):
            yield family.name + ("_total" if family.type == "counter" else "")


def test_a_tick_is_counted(telemetry: Telemetry) -> None:
    """Lag, length, end, outcomes by kind, messages by reason."""
    telemetry.tick_lag(1.5)
    report = TickReport(EIGHT, (an_outcome(0, "a"), an_outcome(1, "n")), notifications=(NOTE,))
    telemetry.tick_ended(replace(report, waiting=("shop", "team checkout, channel 1")), 2.0, EIGHT)
    assert value(telemetry, "detector_tick_lag_seconds") == 1.5
    assert value(telemetry, "detector_tick_duration_seconds_sum") == 2.0
    assert value(telemetry, "detector_last_tick_timestamp_seconds") == EIGHT.timestamp()
    assert value(telemetry, "detector_ticks_total", result="ended") == 1
    assert value(telemetry, "detector_outcomes_total", kind="anomalous") == 1
    assert value(telemetry, "detector_messages_total", reason="opened") == 1
    assert value(telemetry, "detector_busy_lanes", kind="source") == 1
    assert value(telemetry, "detector_busy_lanes", kind="channel") == 1


def test_ticks_that_did_not_end_are_counted(telemetry: Telemetry) -> None:
    """Each kind from zero on, so that the first one is an increase."""
    assert value(telemetry, "detector_ticks_total", result="missed") == 0
    telemetry.tick_failed()
    for how in ("missed", "still_running", "broken"):
        telemetry.tick_overran(how)
    for result in ("failed", "missed", "still_running", "broken"):
        assert value(telemetry, "detector_ticks_total", result=result) == 1


def test_queries_are_timed_by_source(telemetry: Telemetry) -> None:
    """Failed ones too, which are counted by kind; what the source says comes through unchanged."""
    metric, plain = a_metric(), FakeSource()
    source = telemetry.watched("shop", plain)
    assert source.read(metric, hours(0, 1)).starts.size == 1
    assert source.read_segments(metric, "country", [hours(0, 1)])[0].column == "country"
    assert source.newest_row("payments", "paid_at", EIGHT) is None
    assert source.probe(metric) == ()
    plain.down[metric.name] = SourceTimeout("too slow")
    with pytest.raises(SourceTimeout):
        source.read(metric, hours(0, 1))
    assert value(telemetry, "detector_query_duration_seconds_count", source="shop") == 5
    assert value(telemetry, "detector_query_duration_seconds_sum", source="shop") == 5.0
    assert value(telemetry, "detector_source_errors_total", source="shop", kind="SourceTimeout") == 1


def test_sends_are_counted_by_what_became_of_them(telemetry: Telemetry) -> None:
    """Sent, failed, of unknown fate, refused for good."""
    failures = [SendResult(ok=False), SendResult(ok=False, fate_unknown=True), SendResult(ok=False, permanent=True)]
    notifier = telemetry.watched_notifier(Postbox(fail=failures))
    for _ in range(4):
        notifier.send(Secret("json://x"), NOTE, may_repeat=False)
    for result in ("sent", "failed", "unknown", "refused"):
        assert value(telemetry, "detector_sends_total", team="checkout", result=result) == 1
    assert value(telemetry, "detector_send_duration_seconds_count") == 4


def test_what_stands_in_the_store(telemetry: Telemetry, tmp_path: Path) -> None:
    """Open incidents by state, the outbox with its age, and how large it all is."""
    store = open_store(f"sqlite:///{tmp_path / 'detector.db'}")
    try:
        store.commit(TickChanges(EIGHT, incidents=(an_incident(),), notifications=((NOTE, 2),)))
        telemetry.look_at(store, EIGHT + timedelta(minutes=5))
    finally:
        store.close()
    assert value(telemetry, "detector_incidents", state="open") == 1
    assert value(telemetry, "detector_incidents", state="recovering") == 0
    assert value(telemetry, "detector_outbox_deliveries") == 2
    assert value(telemetry, "detector_outbox_oldest_age_seconds") == 300
    assert (value(telemetry, "detector_store_bytes") or 0) > 1000


def test_what_was_given_up_has_left_the_outbox(telemetry: Telemetry) -> None:
    """It will never be sent, and must not age for ever."""
    telemetry.outbox([Delivery(1, NOTE, 0, DeliveryStatus.GIVEN_UP)], EIGHT + timedelta(days=9))
    assert value(telemetry, "detector_outbox_deliveries") == 0
    assert value(telemetry, "detector_outbox_oldest_age_seconds") == 0


def test_deploys_requests_loads_and_pings(telemetry: Telemetry) -> None:
    """Each by what became of it."""
    telemetry.deploys_reported("github", [Added(Recorded.NEW), Added(Recorded.NEW), Added(Recorded.KNOWN)])
    telemetry.request_refused("signature")
    telemetry.loaded(a_book(a_metric()))
    telemetry.not_loaded(3)
    telemetry.pinged("success", "taken")
    assert value(telemetry, "detector_deploy_reports_total", feed="github", result="new") == 2
    assert value(telemetry, "detector_deploy_reports_total", feed="github", result="known") == 1
    assert value(telemetry, "detector_requests_refused_total", reason="signature") == 1
    assert value(telemetry, "detector_reloads_total", result="loaded") == 1
    assert value(telemetry, "detector_reloads_total", result="refused") == 1
    assert value(telemetry, "detector_rules_metrics") == 1
    assert value(telemetry, "detector_rules_faults") == 3
    assert value(telemetry, "detector_pings_total", kind="success", result="taken") == 1


def test_whoever_sends_requests_cannot_fill_the_memory(telemetry: Telemetry) -> None:
    """After two hundred words all others are one."""
    for number in range(1000):
        telemetry.request_refused(f"reason-{number}")
        telemetry.deploys_reported(f"feed-{number}", [Added(Recorded.NEW)])
    assert telemetry.render().count(b"detector_requests_refused_total{") == 201
    assert value(telemetry, "detector_requests_refused_total", reason="other") == 800


def test_no_metric_of_the_business_is_a_label(telemetry: Telemetry) -> None:
    """Names of metrics and titles are many; they belong in the log."""
    outcome = replace(an_outcome(0, "a"), metric="checkout/very-special")
    telemetry.tick_ended(TickReport(EIGHT, (outcome,), notifications=(NOTE,)), 1.0, EIGHT)
    assert b"very-special" not in telemetry.render()
    assert b"Revenue is 0" not in telemetry.render()


def test_two_daemons_in_one_test_do_not_share_figures(telemetry: Telemetry) -> None:
    """The registry is not the library's global one."""
    telemetry.tick_failed()
    assert value(Telemetry(lambda: 0.0), "detector_ticks_total", result="failed") == 0


def test_prometheus_can_read_it(telemetry: Telemetry) -> None:
    """The page parses, tells the version and the memory in use, and has no series about series."""
    page = telemetry.render().decode()
    families = {family.name for family in text_string_to_metric_families(page)}
    assert {"detector_ticks", "detector_build_info", "process_resident_memory_bytes"} <= families
    assert not [name for name in families if name.endswith("_created")]
    assert value(telemetry, "detector_build_info", version=__version__) == 1
    assert CONTENT_TYPE.startswith("text/plain")


def test_every_name_follows_the_conventions(telemetry: Telemetry) -> None:
    """Units at the end, counters in `_total`."""
    units = r"_(seconds|bytes|total|timestamp_seconds|info|deliveries|lanes|metrics|faults)|detector_incidents"
    assert [name for name in names(telemetry) if not re.search(f"({units})$", name)] == []


def test_the_page_lists_every_metric(telemetry: Telemetry) -> None:
    """docs/running.md has a row for each, and none for what does not exist."""
    rows = re.findall(r"^\| `(detector_\w+)", PAGE, flags=re.MULTILINE)
    assert sorted(rows) == sorted(names(telemetry))


def test_the_rules_for_prometheus_ask_for_what_exists(telemetry: Telemetry) -> None:
    """Every rule alerts on our metrics, waits a while, and says what is wrong and what to do."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    known = set(names(telemetry))
    assert len(rules) == 3
    for rule in rules:
        asked = set(re.findall(r"detector_\w+", rule["expr"]))
        assert asked
        assert asked <= known
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert f"`{rule['alert']}`" in PAGE
