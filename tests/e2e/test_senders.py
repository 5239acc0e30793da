"""Ready-made senders and mappings, used as a person would."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import EIGHT
from config_files import DETECTOR_YML, ENVIRON, lay_out
from desks import NOW
from detector.config.load import load_settings
from detector.model.deploy import Deploy, DeployStatus
from detector.web.receivers import receivers_of
from detector.web.said import Moment, drafts_of
from posts import LIVE, changed, one, payload
from receiver import Receiver, Reply, Reset
from tree import ROOT

DEPLOY = ROOT / "deploy"
SCRIPT = DEPLOY / "senders" / "announce-deploy.sh"
TOKEN = 't0ken-"with\\odd-signs'  # noqa: S105 - of these tests
LEAST = ("--service", "checkout-api", "--version", "v412")
GITHUB = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SHA": "6dcb09b5",
    "GITHUB_ACTOR": "alice",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "acme/checkout",
}
GITLAB = {
    "CI_PIPELINE_ID": "9",
    "CI_COMMIT_SHA": "6dcb09b5",
    "CI_COMMIT_SHORT_SHA": "6dcb",
    "CI_PROJECT_NAME": "checkout-api",
    "GITLAB_USER_LOGIN": "alice",
    "CI_PIPELINE_URL": "https://gitlab.example/p/9",
}


@pytest.fixture
def detector() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.otherwise = Reply(201, body=b'{"text": "recorded"}')
        yield receiver


def run(
    command: list[str], url: str, folder: Path = ROOT, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "DETECTOR_URL": url, "DETECTOR_TOKEN": TOKEN, **(environ or {})}
    return subprocess.run(command, env=variables, cwd=folder, check=False, capture_output=True, text=True, timeout=60)


def announce(url: str, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return run(["sh", str(SCRIPT), *options], url, environ=environ)


def meant(body: Any) -> Deploy:
    """What the API makes of it, at the time that it tells."""
    now = datetime.fromisoformat(body["at"]) if "at" in body else NOW
    return drafts_of(body, Moment(now, "UTC"))[0].report


def test_script_is_for_any_shell() -> None:
    """It has no word that only bash knows, and needs nothing but curl and what every system has."""
    text = SCRIPT.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert not re.search(r"\[\[|<<<|\bfunction\b|\bdeclare\b|\blocal\b|\$'|&>|==", text)
    assert os.access(SCRIPT, os.X_OK)


def test_script_announces(detector: Receiver) -> None:
    """The least it is told: service, version, production, and when."""
    ran = announce(f"{detector.url}/", *LEAST)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "announce-deploy: checkout-api v412 announced (201)\n", "")
    (request,) = detector.received
    assert (request.method, request.path) == ("POST", "/api/v1/deploys")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", request.json.pop("at"))
    assert {**request.json, "at": ""} == {
        "at": "",
        "service": "checkout-api",
        "version": "v412",
        "environment": "production",
    }


def test_script_says_all_it_is_told(detector: Receiver) -> None:
    """Every option arrives as the field of the API, whatever signs are in it."""
    odd = 'Zoë "the \\ cook"\n$(id) `id`'
    options = ("--actor", odd, "--status", "failure", "--kind", "rollback", "--rollback-of", "d-411", "--id", "d-412")
    times = ("--started-at", "2026-03-10T06:50:00Z", "--finished-at", "2026-03-10T06:52:00Z")
    more = ("--environment", "lab", "--commit", "6dcb", "--url", "https://ci.example/?a=1&b=2")
    assert announce(detector.url, *LEAST, *options, *times, *more).returncode == 0
    report = meant(detector.received[0].json)
    assert (report.actor, report.status, report.rollback_of) == (
        'Zoë "the \\ cook"$(id) `id`',
        DeployStatus.FAILURE,
        "d-411",
    )
    assert (report.id, report.environment, report.commit) == ("d-412", "lab", "6dcb")
    assert (report.finished_at, report.url) == (LIVE, "https://ci.example/?a=1&b=2")


@pytest.mark.parametrize("ci", [GITHUB, GITLAB], ids=["github", "gitlab"])
def test_script_knows_its_run(ci: Mapping[str, str], detector: Receiver) -> None:
    """Beginning and end of one run are one deploy, with its commit, its address and who started it."""
    for status in ("in_progress", "success"):
        assert announce(detector.url, *LEAST, "--status", status, **ci).returncode == 0
    begun, ended = (meant(request.json) for request in detector.received)
    assert begun.id == ended.id
    assert (begun.status, ended.status) == (DeployStatus.IN_PROGRESS, DeployStatus.SUCCESS)
    assert (ended.commit, ended.actor) == ("6dcb09b5", "alice")
    assert ended.url in {"https://github.example/acme/checkout/actions/runs/77", "https://gitlab.example/p/9"}


def test_script_tries_again(detector: Receiver) -> None:
    """A detector that starts anew is asked again, with the same words."""
    detector.script(Reply(503, {"Retry-After": "0"}))
    assert announce(detector.url, *LEAST, "--at", "2026-03-10T06:52:00Z").returncode == 0
    first, second = detector.received
    assert first.body == second.body


@pytest.mark.parametrize("code", [200, 201, 202, 409])
def test_script_is_content(code: int, detector: Receiver) -> None:
    """Recorded, known, stored as unknown, or reported by this run before."""
    detector.script(Reply(code))
    ran = announce(detector.url, *LEAST, DETECTOR_STRICT="1")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("0", 0), ("1", 1)])
@pytest.mark.parametrize("answer", [Reply(401, body=b'{"text": "no token"}'), Reply(500), Reset()])
def test_script_never_stops_a_shop(answer: Reply | Reset, strict: str, code: int, detector: Receiver) -> None:
    """It says what is wrong, and fails only where it was asked to; the token stays out of the log."""
    detector.otherwise = answer
    ran = announce(detector.url, *LEAST, DETECTOR_STRICT=strict, DETECTOR_RETRIES="0")
    assert ran.returncode == code
    assert ran.stderr.startswith(("announce-deploy: the detector", "curl: "))
    assert TOKEN not in ran.stderr + ran.stdout


def test_script_without_a_detector() -> None:
    """Nobody listens there: a line about it, and the deploy goes on."""
    ran = announce("http://127.0.0.1:9", *LEAST, DETECTOR_RETRIES="0")
    assert ran.returncode == 0
    assert "the deploy of checkout-api v412 is not known there" in ran.stderr


@pytest.mark.parametrize("options", [(), ("--service", "a"), (*LEAST, "--colour", "red"), (*LEAST, "--status")])
def test_script_that_is_called_wrong(options: tuple[str, ...], detector: Receiver) -> None:
    """Nothing is sent, and a line says what is missing."""
    assert announce(detector.url, *options, DETECTOR_STRICT="1").returncode == 1
    assert detector.received == ()


def test_github_action(detector: Receiver) -> None:
    """The step runs with its inputs, and reports the job's status."""
    folder = DEPLOY / "senders" / "github-action"
    action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
    (step,) = action["runs"]["steps"]
    given = {"url": detector.url, "token": TOKEN, "service": "checkout-api", "version": "v412", "status": "success"}
    inputs = {name: str(given.get(name, said.get("default", ""))) for name, said in action["inputs"].items()}
    assert set(given) <= set(inputs)
    environ = {name: expanded(value, inputs) for name, value in step["env"].items()}
    environ["GITHUB_ACTION_PATH"] = str(folder)
    ran = run([step["shell"], "-e", "-c", step["run"]], "", environ={**GITHUB, **environ})
    assert (ran.returncode, ran.stderr) == (0, "")
    report = meant(detector.received[0].json)
    assert (report.service, report.version, report.status) == ("checkout-api", "v412", DeployStatus.SUCCESS)
    assert report.id == "github-77-2-checkout-api-production"


def expanded(value: str, inputs: Mapping[str, str]) -> str:
    """As GitHub replaces what stands in `${{ }}`, as far as the action uses it."""
    strict = "1" if inputs["strict"] == "true" else "0"
    value = value.replace("${{ inputs.strict == 'true' && '1' || '0' }}", strict)
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], value)


def test_gitlab_job(detector: Receiver, tmp_path: Path) -> None:
    """The job runs with the script where its first lines say."""
    job = yaml.safe_load((DEPLOY / "senders" / "gitlab-ci.yml").read_text(encoding="utf-8"))[".announce-deploy"]
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "announce-deploy.sh").write_bytes(SCRIPT.read_bytes())
    variables = {name: re.sub(r"\$(\w+)", lambda it: GITLAB[it[1]], said) for name, said in job["variables"].items()}
    ran = run(["sh", "-e", "-c", "\n".join(job["script"])], detector.url, tmp_path, {**GITLAB, **variables})
    assert (ran.returncode, ran.stderr) == (0, "")
    report = meant(detector.received[0].json)
    assert (report.service, report.version, report.actor) == ("checkout-api", "6dcb", "alice")


def test_line_of_the_documentation(detector: Receiver) -> None:
    """The line for any pipeline does what it says."""
    page = (ROOT / "docs" / "deploys.md").read_text(encoding="utf-8")
    line = next(text for text in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if text.startswith("curl"))
    assert run(["sh", "-e", "-c", line], detector.url).returncode == 0
    assert meant(detector.received[0].json).version == "v412"


def accepted(folder: Path, mapping: str, document: object, headers: Mapping[str, str] | None = None) -> Deploy:
    """What a mapping of deploy/ makes of a document, once it stands in a detector.yml."""
    text = (DEPLOY / "mappings" / f"{mapping}.yml").read_text(encoding="utf-8")
    key = payload("pagerduty_change")["routing_key"]
    settings = load_settings(
        lay_out(folder, {}, DETECTOR_YML + text), {**ENVIRON, **dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), key)}
    )
    receiver = receivers_of(settings)[mapping]
    proof = {"authorization": f"Bearer {key}"} if headers is None else headers
    return one(receiver.accept(proof, json.dumps(document).encode(), EIGHT))


def test_mapping_of_argo_cd(tmp_path: Path) -> None:
    """Phases, times, the image's tag, and the cluster as the environment."""
    report = accepted(tmp_path, "argocd", payload("argocd"))
    assert (report.service, report.version, report.environment) == ("checkout", "v412", "production")
    assert (report.finished_at, report.id) == (LIVE, "checkout 2026-03-10T06:50:10Z")
    running = changed(payload("argocd"), phase="Running", finished_at=None, images=None, cluster="https://lab")
    begun = accepted(tmp_path, "argocd", running)
    assert (begun.id, begun.status, begun.environment) == (report.id, DeployStatus.IN_PROGRESS, "https://lab")
    assert begun.version == payload("argocd")["revision"]


def test_mapping_of_pagerduty(tmp_path: Path) -> None:
    """A change event as PagerDuty documents it, proven by its routing key."""
    report = accepted(tmp_path, "pagerduty", payload("pagerduty_change"), {})
    assert (report.service, report.version, report.finished_at) == ("checkout", "412", LIVE)
    assert (report.url, report.status) == ("https://ci.example/builds/412", DeployStatus.SUCCESS)


def test_mapping_of_sentry(tmp_path: Path) -> None:
    """A release with its deploy; without one it is in no production."""
    report = accepted(tmp_path, "sentry", payload("sentry_release"))
    assert (report.service, report.version, report.environment) == ("checkout", "checkout@412", "production")
    assert (report.id, report.finished_at) == ("1234567", LIVE)
    bare = accepted(tmp_path, "sentry", changed(payload("sentry_release"), lastDeploy=None))
    assert (bare.environment, bare.finished_at) == ("release", LIVE)


def test_argo_cd_sends_what_the_mapping_takes() -> None:
    """The template's fields are those of the payload that the mapping was tried with, which takes no other ones."""
    manifest = yaml.safe_load((DEPLOY / "senders" / "argocd-notifications.yml").read_text(encoding="utf-8"))
    data = {name: yaml.safe_load(text) for name, text in manifest["data"].items()}
    body = data["template.detector-deploy"]["webhook"]["detector"]["body"]
    document = json.loads(re.sub(r"\{\{.*?\}\}", '"x"', body))
    assert list(document) == list(payload("argocd"))
    mapping = yaml.safe_load((DEPLOY / "mappings" / "argocd.yml").read_text(encoding="utf-8"))["deploy_feeds"]["argocd"]
    taken = [place for said in mapping["fields"].values() for place in (said if isinstance(said, list) else [said])]
    assert {place.partition("[")[0] for place in taken} <= set(document)
    assert data["service.webhook.detector"]["url"].endswith("/api/v1/feeds/argocd")
    assert data["subscriptions"][0] == {"recipients": ["detector"], "triggers": ["detector-deploys"]}
    assert all(rule["send"] == ["detector-deploy"] for rule in data["trigger.detector-deploys"])


def test_examples_of_the_page_load(tmp_path: Path) -> None:
    """Every feed that docs/deploys.md shows is one."""
    page = (ROOT / "docs" / "deploys.md").read_text(encoding="utf-8")
    shown = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if text.startswith("deploy_feeds")]
    assert len(shown) == 3
    for number, text in enumerate(shown):
        environ = {**ENVIRON, **dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "a-secret")}
        assert load_settings(lay_out(tmp_path / str(number), {}, DETECTOR_YML + text), environ).feeds
