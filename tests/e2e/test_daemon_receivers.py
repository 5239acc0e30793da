"""The seed case through the real daemon, with the deploy announced by each of the senders there are."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from daemon_mornings import DAY, MORNING, Morning, a_morning
from detector.alerting.inert import inert
from posts import CDEVENTS, GITHUB, GITLAB, SECRET, changed, payload, sent
from shops import local
from tree import ROOT

HEARD_AT = local(DAY, 7, 53)
STEP = timedelta(minutes=20)
BEFORE = tuple(deploy for deploy in MORNING if deploy[2] < HEARD_AT and deploy[0] != "checkout-api")
AFTER = tuple(deploy for deploy in MORNING if deploy[2] > HEARD_AT)
OF_WEBHOOK = "deploy_feeds:\n  {name}: {{secrets: [{secret}], services: {{acme/checkout: checkout-api}}}}\n"
OF_GITLAB = "deploy_feeds:\n  gitlab: {{secrets: [{secret}], services: {{acme/shop/checkout: checkout-api}}}}\n"
OF_TABLE = """\
deploy_feeds:
  releases:
    kind: table
    source: shop
    table: releases
    time: updated_at
    columns: {id: id, service: app, version: tag, status: state, finished_at: live_at, actor: who}
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """A system that announces deploys.

    Attributes:
        feed: its name in detector.yml, and so in its address.
        settings: what detector.yml says of it.
        announce: has it say that checkout-api went live at 07:52.
        version: what it calls the version.
    """

    feed: str
    settings: str
    announce: Callable[[Morning], None]
    version: str = "v412"


def _post(morning: Morning, feed: str, body: bytes, headers: Mapping[str, str]) -> None:
    own = {"Authorization": "", **{name.title(): value for name, value in headers.items()}}
    answer = morning.running.caller.ask("POST", f"/api/v1/feeds/{feed}", body, own)
    assert answer.status == 202, answer.body
    assert morning.running.caller.figures()[f'detector_deploy_reports_total{{feed="{feed}",result="new"}}'] == 1


def _github(morning: Morning) -> None:
    request = sent(GITHUB, payload("github_deployment_status"))
    _post(morning, "github", request.body, request.headers)


def _gitlab(morning: Morning) -> None:
    request = sent(GITLAB, payload("gitlab_deployment"))
    _post(morning, "gitlab", request.body, request.headers)


EVERYWHERE = changed(payload("cdevents_service_deployed"), customData={"actor": "alice"})
ENVELOPE = {
    "specversion": "1.0",
    "id": EVERYWHERE["context"]["id"],
    "type": EVERYWHERE["context"]["type"],
    "source": EVERYWHERE["context"]["source"],
    "time": EVERYWHERE["context"]["timestamp"],
}


def _cdevents_binary(morning: Morning) -> None:
    request = sent(CDEVENTS, EVERYWHERE)
    _post(morning, "cdevents", request.body, {**request.headers, **{f"ce-{name}": at for name, at in ENVELOPE.items()}})


def _cdevents_structured(morning: Morning) -> None:
    request = sent(CDEVENTS, {**ENVELOPE, "datacontenttype": "application/json", "data": EVERYWHERE})
    _post(morning, "cdevents", request.body, {**request.headers, "content-type": "application/cloudevents+json"})


def _with_bearer(feed: str, document: str) -> Callable[[Morning], None]:
    def announce(morning: Morning) -> None:
        request = sent(CDEVENTS, payload(document))
        _post(morning, feed, request.body, request.headers)

    return announce


def _pagerduty(morning: Morning) -> None:
    request = sent(GITHUB, changed(payload("pagerduty_change"), routing_key=SECRET))
    _post(morning, "pagerduty", request.body, {"content-type": "application/json"})


def _row(morning: Morning) -> None:
    """The shop's own release tool writes it; nobody calls the detector."""
    engine = create_engine(morning.source)
    stamp = "text" if engine.dialect.name == "sqlite" else "timestamptz"
    columns = f"id integer, app text, tag text, state text, who text, live_at {stamp}, updated_at {stamp}"
    live, written = "2026-03-10 06:52:00+00:00", "2026-03-10 06:52:30+00:00"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE releases ({columns})"))
        connection.execute(
            text("INSERT INTO releases VALUES (412, 'checkout-api', 'v412', 'success', 'alice', :live, :written)"),
            {"live": live, "written": written},
        )
    engine.dispose()


def _mapping(name: str) -> str:
    """The ready-made one, with the line for the service's name that its comment offers."""
    said = (ROOT / "deploy" / "mappings" / f"{name}.yml").read_text(encoding="utf-8")
    return said.replace("# services: {", "services: {").replace("checkout-api}", "checkout-api}  #")


WEBHOOK = {name: OF_WEBHOOK.format(name=name, secret=SECRET) for name in ("github", "cdevents")}
SENDERS = {
    "github": Sender("github", WEBHOOK["github"], _github),
    "gitlab": Sender("gitlab", OF_GITLAB.format(secret=SECRET), _gitlab),
    "cdevents in binary mode": Sender("cdevents", WEBHOOK["cdevents"], _cdevents_binary),
    "cdevents in structured mode": Sender("cdevents", WEBHOOK["cdevents"], _cdevents_structured),
    "argo cd": Sender("argocd", _mapping("argocd"), _with_bearer("argocd", "argocd")),
    "pagerduty": Sender("pagerduty", _mapping("pagerduty"), _pagerduty, "412"),
    "sentry": Sender("sentry", _mapping("sentry"), _with_bearer("sentry", "sentry_release"), "checkout@412"),
    "table": Sender("releases", OF_TABLE, _row),
}


def plays_out(morning: Morning, sender: Sender) -> None:
    """From half past six to the message, the announcement among those of other services."""
    for deploy in BEFORE:
        morning.running.go_on_until(deploy[2] + timedelta(minutes=1), STEP)
        morning.report(*deploy)
    morning.running.go_on_until(HEARD_AT - timedelta(minutes=1), STEP)
    sender.announce(morning)
    morning.running.go_on_until(HEARD_AT)
    morning.live_through(*AFTER, step=STEP)

    (alert,) = morning.heard()
    suspect = next(line for line in alert.splitlines() if line.startswith("Suspect:"))
    live = "live 07:52, 8 min before the first empty hour - "
    written = re.escape(inert(sender.version))
    assert re.match(rf"Suspect: checkout-api {written}( by alice)?, {live}", suspect)
    (incident,) = morning.running.caller.get("/api/v1/incidents").json["incidents"]
    named = incident["named"]
    assert (named["service"], named["version"], named["source"]) == ("checkout-api", sender.version, sender.feed)
    known = morning.running.caller.get("/api/v1/deploys").json["deploys"]
    assert [one["source"] for one in known].count(sender.feed) == 1
    assert not [line for line in morning.running.log if line["level"] in {"error", "critical"}]


@pytest.mark.parametrize("name", SENDERS)
def test_announced_deploy_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of announcing leads to the same message at five past nine."""
    for variable in ("ARGOCD_FEED_TOKEN", "PAGERDUTY_ROUTING_KEY", "SENTRY_FEED_TOKEN"):
        monkeypatch.setenv(variable, SECRET)
    urls = f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'store.db'}"
    with a_morning(tmp_path, *urls, SENDERS[name].settings) as morning:
        plays_out(morning, SENDERS[name])


@pytest.mark.parametrize("name", ["github", "table"])
def test_announced_deploy_is_named_with_postgresql(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The same where shop and store are in PostgreSQL."""
    server = request.getfixturevalue("postgres_server")
    with (
        server.database() as source,
        server.database() as store,
        a_morning(tmp_path, source, store, SENDERS[name].settings) as morning,
    ):
        plays_out(morning, SENDERS[name])
