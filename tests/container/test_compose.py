"""The compose file: read by a program that runs such files, and closed as it should be."""

import subprocess
from typing import Any

import pytest
import yaml

from container.engine import HEALTHCHECK, VOLUME_PATH
from container.programs import installed
from tree import ROOT

COMPOSE = ROOT / "deploy" / "compose.yml"


@pytest.fixture(scope="module")
def compose() -> Any:
    """As podman-compose understands it."""
    program = installed("podman-compose")
    done = subprocess.run([program, "-f", COMPOSE, "config"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_compose_services_are_locked_down(compose: Any) -> None:
    """Neither service can write outside its volumes, has a capability or can gain one, or runs as root."""
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys(), name
    assert compose["services"]["store"]["user"] != "0"
    assert "user" not in compose["services"]["detector"], "the image's own user is meant"


def test_compose_waits_for_health(compose: Any) -> None:
    """The daemon begins when its store answers, and is asked for its own health as the image says."""
    detector, store = compose["services"]["detector"], compose["services"]["store"]
    assert detector["depends_on"] == {"store": {"condition": "service_healthy"}}
    assert detector["healthcheck"]["test"] == ["CMD", *HEALTHCHECK]
    assert store["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert all(int(service["stop_grace_period"].removesuffix("s")) > 10 for service in (detector, store))


def test_compose_names_resolve(compose: Any) -> None:
    """Every secret and volume that is used is declared, and the reverse; what lies on this disk is there."""
    services = compose["services"].values()
    assert {name for service in services for name in service["secrets"]} == compose["secrets"].keys()
    mounts = [mount.split(":") for service in services for mount in service["volumes"]]
    assert {source for source, *_ in mounts if not source.startswith(".")} == compose["volumes"].keys()
    for source, target, *options in mounts:
        if source.startswith("."):
            assert (COMPOSE.parent / source).is_dir()
            assert options == ["ro"], target
    assert VOLUME_PATH in {target for _, target, *_ in mounts}


def test_compose_configuration_reads_the_secrets_that_are_mounted(compose: Any) -> None:
    """Each file that detector.yml reads is a secret of the service, and none is mounted for nothing."""
    text = (COMPOSE.parent / "compose" / "config" / "detector.yml").read_text(encoding="utf-8")
    read = {part.split("}")[0] for part in text.split("${file:/run/secrets/")[1:]}
    assert read == set(compose["services"]["detector"]["secrets"])


def test_compose_publishes_on_loopback_what_is_listened_to(compose: Any) -> None:
    """The port inside is the one that detector.yml listens at; outside it is for a proxy on the same machine."""
    config = yaml.safe_load((COMPOSE.parent / "compose" / "config" / "detector.yml").read_text(encoding="utf-8"))
    port = config["http"]["listen"].rpartition(":")[2]
    assert compose["services"]["detector"]["ports"] == [f"127.0.0.1:8080:{port}"]


def test_no_secret_is_in_git() -> None:
    """The folder of the secrets is there, and everything in it is ignored."""
    ignored = (COMPOSE.parent / "compose" / "secrets" / ".gitignore").read_text(encoding="utf-8").split()
    assert ignored == ["*", "!.gitignore"]
