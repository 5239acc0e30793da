"""`deploy_feeds` of detector.yml."""

import re
from pathlib import Path
from typing import Any

import pytest

from config_files import DETECTOR_YML, ENVIRON, faults_of, lay_out, load_folder, said
from detector.config.feed_paths import body_path
from detector.config.load import load_settings
from detector.config.words import NotUsable
from detector.model.feed import Feed, FeedKind, FeedTable, Proof, ProofKind, Take
from tree import ROOT

PROVEN = 'secrets: ["${CHECKOUT_NOTIFY_URL}"]'
FIELDS = "fields: {service: app, version: tag}"


def feeds(folder: Path, *entries: str) -> Any:
    text = DETECTOR_YML + "deploy_feeds:\n" + "".join(f"  {entry}\n" for entry in entries)
    return load_settings(lay_out(folder, {}, text), ENVIRON).feeds


def feed(folder: Path, entry: str) -> Feed:
    (found,) = feeds(folder, entry).values()
    assert isinstance(found, Feed)
    return found


def test_no_feeds(tmp_path: Path) -> None:
    """Without a word there is none, and a section without lines is none either."""
    assert load_settings(lay_out(tmp_path, {}, "deploy_feeds:\n"), {}).feeds == {}


def test_names_that_are_kinds(tmp_path: Path) -> None:
    """A feed that is called like a kind is of it, and its secrets are kept out of sight."""
    found = feeds(tmp_path, f"github: {{{PROVEN}}}", f"gitlab: {{{PROVEN}}}", f"cdevents: {{{PROVEN}}}")
    assert [it.kind for it in found.values()] == [FeedKind.GITHUB, FeedKind.GITLAB, FeedKind.CDEVENTS]
    assert found["github"].secrets[0].hidden == ENVIRON["CHECKOUT_NOTIFY_URL"]
    assert "swordfish" not in repr(found)


def test_names_and_zone(tmp_path: Path) -> None:
    """Names there and here; times without a zone are in detector.yml's."""
    names = "services: {acme/shop: checkout-api}, environments: {lab: staging}"
    found = feed(tmp_path, f"github: {{{PROVEN}, {names}}}")
    assert (found.services, found.environments) == ({"acme/shop": "checkout-api"}, {"lab": "staging"})
    assert found.timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("said", "proof"),
    [
        ("", Proof()),
        ("token: X-My-Token", Proof(ProofKind.HEADER, "x-my-token")),
        ("token_field: a.key", Proof(ProofKind.BODY, path=("a", "key"))),
        ("signature: Sentry-Hook-Signature", Proof(ProofKind.HMAC, "sentry-hook-signature")),
        ("signature: webhook-signature", Proof(ProofKind.WEBHOOK, "webhook")),
        ("signature: svix-signature, within: 1m", Proof(ProofKind.WEBHOOK, "svix", within_s=60.0)),
    ],
)
def test_proofs(said: str, proof: Proof, tmp_path: Path) -> None:
    """How a sender of JSON shows who it is."""
    assert feed(tmp_path, f"own: {{kind: json, {PROVEN}, {FIELDS}, {said}}}").proof == proof


def test_mapping(tmp_path: Path) -> None:
    """Places, constants, words, lists and conditions arrive."""
    found = feed(
        tmp_path,
        f"""own:
    kind: json
    {PROVEN}
    fields: {{service: =payments, version: ["a.b[0]", "=1"], scope.country: where}}
    values: {{status: {{Synced: success, Odd: ignore}}, kind: {{undo: rollback}}}}
    each: data.items
    when: {{event: live, data.ok: [yes, true, 1]}}""",
    )
    assert found.fields == {
        "service": (Take(constant="payments"),),
        "version": (Take(("a", "b", 0)), Take(constant="1")),
        "scope.country": (Take(("where",)),),
    }
    assert found.values == {"status": {"Synced": "success", "Odd": "ignore"}, "kind": {"undo": "rollback"}}
    assert found.each == ("data", "items")
    assert found.when == ((Take(("event",)), ("live",)), (Take(("data", "ok")), ("yes", "true", "1")))


def test_table(tmp_path: Path) -> None:
    """A table of a source, whose zone its times are in."""
    entry = "rows: {kind: table, source: till, table: s.deploys, time: at, columns: {service: app, version: tag}}"
    found = feed(tmp_path, entry)
    assert found.table == FeedTable("till", "s.deploys", "at")
    assert (found.timezone, found.secrets) == ("UTC", ())
    assert found.fields == {"service": (Take(("app",)),), "version": (Take(("tag",)),)}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("a.b-c.$d", ("a", "b-c", "$d")),
        ("a[0].b[12]", ("a", 0, "b", 12)),
        ("[3].x", (3, "x")),
        ('labels["app.kubernetes.io/name"].x', ("labels", "app.kubernetes.io/name", "x")),
        ("@type", ("@type",)),
    ],
)
def test_paths(text: str, steps: tuple[str | int, ...]) -> None:
    """How a place is written."""
    assert body_path(text) == steps


@pytest.mark.parametrize(
    "text", ["", " ", ".a", "a..b", "a.", "a[", "a[-1]", "a[x]", "a[0]b", "a b", '["]', "a[12345]", 7, None]
)
def test_paths_that_are_none(text: object) -> None:
    """And how it is not."""
    with pytest.raises(NotUsable):
        body_path(text)


def test_secret_in_the_file_is_warned_of(tmp_path: Path) -> None:
    """A secret belongs into the environment or a file."""
    text = DETECTOR_YML + "deploy_feeds:\n  github: {secrets: [swordfish]}\n"
    told = said(tmp_path, load_folder(lay_out(tmp_path, {}, text)).warnings)
    message = "secrets: a secret stands in the file: move it to an environment variable or a file, and write "
    assert f"detector.yml:15:22: {message}${{GITHUB_SECRETS}} or ${{file:PATH}}" in told
    assert "swordfish" not in "".join(told)


def test_example_of_the_reference_loads(tmp_path: Path) -> None:
    """What the reference shows of feeds is no mistake."""
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yml\n(.*?)```", page, re.DOTALL)
    text = DETECTOR_YML + re.sub(r"\$\{\w+\}", "${CHECKOUT_NOTIFY_URL}", example)
    assert faults_of(tmp_path, text) == []
