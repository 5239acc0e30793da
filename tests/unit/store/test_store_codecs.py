"""Incidents and deploys as JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from detector.adapters.store.deploy_codec import decode_deploy, encode_deploy
from detector.adapters.store.incident_codec import decode_incident, encode_incident
from detector.adapters.store.seasons_codec import decode_seasons, encode_seasons
from detector.model.deploy import Deploy
from detector.model.incident import Incident
from detector.model.state import DayOff, Seasons
from store_samples import SEASONS, any_deploy, any_incident, any_seasons, incident


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(original=any_incident)
def test_any_incident_survives_json(original: Incident) -> None:
    """Every field of an incident and of all that is nested in it comes back equal."""
    assert decode_incident(json.loads(json.dumps(encode_incident(original)))) == original


@settings(max_examples=200, deadline=None)
@given(original=any_deploy)
def test_any_deploy_survives_json(original: Deploy) -> None:
    """Every field of a deploy comes back equal, its scope included."""
    assert decode_deploy(json.loads(json.dumps(encode_deploy(original)))) == original


@settings(deadline=None)
@given(original=any_seasons)
def test_any_seasons_survive_json(original: Seasons) -> None:
    """Every digit of a strength comes back; no seasons stay none."""
    assert decode_seasons(encode_seasons(original)) == original
    assert decode_seasons(encode_seasons(None)) is None


def test_seasons_of_an_older_detector_can_be_read() -> None:
    """Before days off were remembered, and before days of the month and days beside one were."""
    old = '{"day": true, "week": false, "day_strength": 0.5, "week_strength": 0.0}'
    assert decode_seasons(old) == Seasons(day=True, week=False, day_strength=0.5)
    lately = old[:-1] + ', "days_off": [[20768, 7, [4.0], [1.0], [0.1], [null]]]}'
    day_off = DayOff(20_768, 7, (4.0,), (1.0,), (0.1,), (None,))
    assert decode_seasons(lately) == Seasons(day=True, week=False, day_strength=0.5, days_off=(day_off,))


def test_seasons_of_today_can_be_read_by_an_older_detector() -> None:
    """What it knows of stands where it looks, and as it was."""
    content = json.loads(encode_seasons(SEASONS) or "")
    known = {name: content[name] for name in ("day", "week", "day_strength", "week_strength", "days_off")}
    assert decode_seasons(json.dumps(known)) == replace(SEASONS, month=None, days_near=())
    assert [len(one) for one in known["days_off"]] == [6]


def test_decoded_parts_are_hashable_tuples() -> None:
    """Lists of JSON come back as the tuples that they were."""
    decoded = decode_incident(json.loads(json.dumps(encode_incident(incident()))))
    assert isinstance(decoded.metrics, tuple)
    assert isinstance(decoded.ranking.suspects[0].grounds, tuple)
    assert isinstance(decoded.metrics[0].onset.pieces[0], tuple)


@pytest.mark.parametrize("lost", ["metrics", "ranking", "state", "told"])
def test_lost_field_is_no_default(lost: str) -> None:
    """Content that lacks a field is refused, not filled up."""
    data = encode_incident(incident())
    del data[lost]
    with pytest.raises(KeyError, match=lost):
        decode_incident(data)
