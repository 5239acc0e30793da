"""The Kubernetes manifests: valid for the API servers of these days, closed, and without a dangling name."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from container.engine import VOLUME_PATH
from container.kustomizing import Manifest, render, render_here
from container.programs import installed
from detector.config.load import load
from tree import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
DEPLOYABLE = ("base", "overlays/postgres")
FOLDERS = (*DEPLOYABLE, "monitoring")
VERSIONS = ("1.31", "1.37")
SECRETS = "/run/secrets/detector"


def of_kind(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def named(manifests: list[Manifest], kind: str) -> set[str]:
    return {manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == kind}


def example_secret() -> Manifest:
    return dict(yaml.safe_load((KUBERNETES / "secret.example.yml").read_text(encoding="utf-8")))


@pytest.fixture(params=DEPLOYABLE)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return render(KUBERNETES / request.param)


@pytest.fixture
def pod(manifests: list[Manifest]) -> Any:
    return of_kind(manifests, "Deployment")["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: Any) -> Any:
    (only,) = pod["containers"]
    return only


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_fit_the_schemas_of_kubernetes(version: str, tmp_path: Path) -> None:
    """Strictly: a key that the API server does not know is a mistake."""
    validator = installed("kubernetes-validate")
    everything = [manifest for folder in DEPLOYABLE for manifest in render(KUBERNETES / folder)]
    file = tmp_path / "all.yml"
    file.write_text(yaml.safe_dump_all([*everything, example_secret()]), encoding="utf-8")
    done = subprocess.run(
        [validator, "--strict", "--kubernetes-version", version, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(" passed for resource ") == len(everything) + 1


@pytest.mark.parametrize("folder", FOLDERS)
def test_manifests_render_as_read_here(folder: str) -> None:
    """The rendering of these tests is kubectl's own, where there is one to compare with."""
    here, there = (
        {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in rendered(KUBERNETES / folder)}
        for rendered in (render_here, render)
    )
    assert here == there


def test_one_daemon_at_a_time(manifests: list[Manifest]) -> None:
    """An upgrade ends the old one before it starts the new one."""
    spec = of_kind(manifests, "Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_pod_is_locked_down(pod: Any, container: Any) -> None:
    """It meets the restricted standard for pods, with a read-only root and no token of the cluster."""
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {pod["securityContext"][name] for name in ("runAsUser", "runAsGroup", "fsGroup")} == {10001}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert pod["terminationGracePeriodSeconds"] > 10


def test_pod_mounts_what_is_there(manifests: list[Manifest], pod: Any, container: Any) -> None:
    """Every mount has its volume, and every volume its ConfigMap, Secret or claim; only the state can be written to."""
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
    asked = [volume["configMap"]["name"] for volume in volumes.values() if "configMap" in volume]
    assert set(asked) == named(manifests, "ConfigMap")
    assert volumes["secrets"]["secret"]["secretName"] == example_secret()["metadata"]["name"]
    claims = {volumes["state"]["persistentVolumeClaim"]["claimName"]} if "emptyDir" not in volumes["state"] else set()
    assert claims == named(manifests, "PersistentVolumeClaim")
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == [VOLUME_PATH]


def test_probes_ask_what_the_daemon_answers(manifests: list[Manifest], container: Any) -> None:
    """Life and readiness are asked at the paths of the API, at the port that detector.yml listens at."""
    (port,) = container["ports"]
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    config = yaml.safe_load(config_map(manifests, "detector-config")["detector.yml"])
    assert config["http"]["listen"] == f"0.0.0.0:{port['containerPort']}"


def test_service_and_monitor_find_the_pod(manifests: list[Manifest], container: Any) -> None:
    """Service, network policy and monitor select by the labels that are there, and name its port."""
    labels = of_kind(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    service, policy = of_kind(manifests, "Service"), of_kind(manifests, "NetworkPolicy")
    monitor = of_kind(render(KUBERNETES / "monitoring"), "ServiceMonitor")
    assert service["spec"]["selector"].items() <= labels.items()
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert {port["targetPort"] for port in service["spec"]["ports"]} == {container["ports"][0]["name"]}
    assert policy["spec"]["ingress"][0]["ports"][0]["port"] == container["ports"][0]["name"]
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"].keys() == {"selector", "endpoints"}
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics"
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_mounted_configuration_loads(manifests: list[Manifest], container: Any, tmp_path: Path) -> None:
    """With volumes laid out as Kubernetes does, detector.yml and the rules load without a mistake or a warning."""
    paths = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    secrets = {name: value for name, value in example_secret()["stringData"].items() if name != "store_url"}
    text = config_map(manifests, "detector-config")["detector.yml"]
    assert paths["secrets"] == SECRETS
    text = re.sub(rf"{paths['rules']}|{paths['secrets']}", lambda found: f"{tmp_path}{found.group()}", text)
    if "store_url" in text:
        secrets["store_url"] = example_secret()["stringData"]["store_url"]
    assert {part.split("}")[0] for part in text.split(SECRETS + "/")[1:]} == secrets.keys()
    lay_out(tmp_path, paths["config"], {"detector.yml": text})
    lay_out(tmp_path, paths["rules"], config_map(manifests, "detector-rules"))
    lay_out(tmp_path, paths["secrets"], secrets)
    book = load(tmp_path / paths["config"][1:] / "detector.yml", {}, None)
    assert (book.faults, book.warnings) == ((), ())
    assert list(book.metrics) == ["checkout/revenue"]
    is_file = book.settings.store.hidden == f"sqlite:///{VOLUME_PATH}/detector.db"
    assert is_file == bool(named(manifests, "PersistentVolumeClaim"))


def config_map(manifests: list[Manifest], name: str) -> dict[str, str]:
    (found,) = [m for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"] == name]
    return dict(found["data"])


def lay_out(root: Path, mount: str, files: dict[str, str]) -> None:
    """The files lie in a dated hidden folder, `..data` links to it, and what people see links through that."""
    folder = root / mount.lstrip("/")
    dated = folder / "..2026_11_21_10_00_00.1"
    dated.mkdir(parents=True)
    (folder / "..data").symlink_to(dated.name)
    for name, text in files.items():
        (dated / name).write_text(text, encoding="utf-8")
        (dated / name).chmod(0o440)
        (folder / name).symlink_to(Path("..data") / name)
