"""Renders the kustomizations in deploy/kubernetes: with kubectl where it is, else by the few rules that they use."""

import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

__all__ = ["render", "render_here"]

Manifest = dict[str, Any]


def render(folder: Path) -> list[Manifest]:
    """All manifests, as they would be sent to a cluster."""
    if shutil.which("kubectl"):
        done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return list(yaml.safe_load_all(done.stdout))
    return render_here(folder)


def render_here(folder: Path) -> list[Manifest]:
    """Resources, generated ConfigMaps without a hash in their names, and strategic merge patches; nothing else."""
    said = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    known = {"apiVersion", "kind", "resources", "configMapGenerator", "patches", "generatorOptions"}
    assert said.keys() <= known, f"kustomization.yaml has more than this understands: {said.keys() - known}"
    found: dict[tuple[str, str], Manifest] = {}
    for name in said["resources"]:
        place = (folder / name).resolve()
        manifests = render_here(place) if place.is_dir() else yaml.safe_load_all(place.read_text(encoding="utf-8"))
        found |= {_key(manifest): manifest for manifest in manifests}
    for wanted in said.get("configMapGenerator", ()):
        made = _config_map(folder, wanted)
        is_there = _key(made) in found
        assert is_there == (wanted.get("behavior") == "replace"), wanted["name"]
        found[_key(made)] = made
    for patch in said.get("patches", ()):
        change = yaml.safe_load((folder / patch["path"]).read_text(encoding="utf-8"))
        if change.pop("$patch", "") == "delete":
            del found[_key(change)]
        else:
            found[_key(change)] = _merged(found[_key(change)], change)
    return list(found.values())


def _key(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _config_map(folder: Path, wanted: Manifest) -> Manifest:
    data = {Path(file).name: (folder / file).read_text(encoding="utf-8") for file in wanted["files"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": wanted["name"]}, "data": data}


def _merged(old: Any, change: Any) -> Any:
    if isinstance(old, dict) and isinstance(change, dict):
        both = {**deepcopy(old), **{key: _merged(old.get(key), value) for key, value in change.items()}}
        return {key: value for key, value in both.items() if value is not None}
    if isinstance(old, list) and isinstance(change, list):  # of named things; what is patched comes first
        before = {item["name"]: item for item in old}
        patched = {item["name"]: _merged(before.get(item["name"], {}), item) for item in change}
        return [*patched.values(), *(item for name, item in before.items() if name not in patched)]
    return _merged({}, change) if isinstance(change, dict) else change
