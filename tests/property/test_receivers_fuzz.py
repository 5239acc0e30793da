"""Whatever a sender that knows the secret sends, a receiver answers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.linking.report_texts import LONGEST, complaint_about, is_web_address
from detector.model.feed import Feed
from posts import CDEVENTS, GITHUB, GITLAB, PLAIN, changed, payload, sent

DOCUMENTS: list[tuple[Feed, str, str]] = [
    (GITHUB, "github_deployment_status", "deployment_status"),
    (GITHUB, "github_release", "release"),
    (GITLAB, "gitlab_deployment", ""),
    (GITLAB, "gitlab_feature_flag", ""),
    (CDEVENTS, "cdevents_service_deployed", ""),
    (CDEVENTS, "cdevents_service_upgraded", ""),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NASTY = st.sampled_from(
    ["\x00", "\ud800", "\u202e", "javascript:x", "2026-99-99", "1" * 5000, "", " ", "-0", "NaN", "pkg:@%ff?tag"]
)


def places(document: Any, at: str = "") -> list[str]:
    """Every place of a document, as `changed` names it; what stands in lists is left as it is."""
    found = []
    for key, value in document.items():
        found.append(f"{at}{key}")
        if isinstance(value, dict):
            found += places(value, f"{at}{key}__")
    return found


def check(feed: Feed, document: object, event: str = "") -> None:
    """An answer in good order, and nothing in a report that cannot be kept."""
    request = sent(feed, document)
    answer = (request.with_headers(x_github_event=event) if event else request).accepted()
    assert answer.status in {200, 202, 400, 422}
    assert (answer.status == 202) is bool(answer.reports)
    assert answer.text.isprintable()
    for report in answer.reports:
        texts = (report.id, report.service, report.version, report.environment, report.commit, report.actor)
        assert not any(complaint_about(text) for text in texts if text is not None)
        assert report.url is None or (is_web_address(report.url) and len(report.url) <= LONGEST)


@pytest.mark.parametrize(("feed", "name", "event"), DOCUMENTS, ids=[name for _, name, _ in DOCUMENTS])
@settings(deadline=None)
@given(data=st.data())
def test_event_with_other_values(feed: Feed, name: str, event: str, data: st.DataObject) -> None:
    """A vendor's event with up to three fields that are anything: an answer, never an exception."""
    document = payload(name)
    for place in data.draw(
        st.lists(st.sampled_from(places(document)), max_size=3, unique=True).map(
            lambda it: sorted(it, key=len, reverse=True)
        )
    ):
        document = changed(document, **{place: data.draw(JSON | NASTY)})
    check(feed, document, event)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["service", "version", "environment", "status", "id", "url", "at"]), JSON | NASTY, max_size=7
    )
)
def test_mapped_document_with_any_values(document: dict[str, Any]) -> None:
    """The same for the mapping of detector.yml."""
    check(PLAIN, {"service": "a", "version": "1", **document})


@pytest.mark.parametrize("feed", [GITHUB, GITLAB, CDEVENTS, PLAIN], ids=lambda feed: feed.name)
@settings(deadline=None)
@given(body=st.binary(max_size=300) | JSON)
def test_any_body(feed: Feed, body: object) -> None:
    """Anything at all, as long as it is signed."""
    check(feed, body)


@pytest.mark.parametrize("feed", [GITHUB, GITLAB, CDEVENTS, PLAIN], ids=lambda feed: feed.name)
@settings(deadline=None)
@given(
    headers=st.dictionaries(
        st.sampled_from(
            ["x-hub-signature-256", "x-gitlab-token", "authorization", "x-github-event", "idempotency-key", "ce-type"]
        ),
        st.text(st.characters(max_codepoint=255), max_size=80),
    ),
    body=st.binary(max_size=40),
)
def test_any_headers(feed: Feed, headers: dict[str, str], body: bytes) -> None:
    """Headers of a stranger: 401."""
    request = sent(feed, body)
    strange = type(request)(feed, body, headers)
    assert strange.accepted().status == 401
