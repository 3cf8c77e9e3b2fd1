"""Check cluster descriptions without a cluster: files for `ray up`, and KubeRay manifests.

Ray's launcher names most mistakes only once machines are running. This reads the launcher's own schema, names
misspelt keys with what was probably meant, and refuses node types that could never hold a match process.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import yaml

from actors.kube_manifest import check_manifest
from actors.node_kind import ClusterFileError, NodeKind, checked_kind, unknown_key

__all__ = ["ClusterFileError", "ClusterPlan", "check_cluster_file"]

_TOKEN = "RAY_AUTH_MODE=token"  # noqa: S105 - a setting's name
_FREE = {"node_config", "resources", "labels", "docker", "metadata"}
"""Mappings whose keys are the provider's or the user's own."""


class ClusterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a checked file describes: the head's kind first, then those of the workers."""

    file: str
    kind: str
    nodes: tuple[NodeKind, ...]

    @property
    def places(self) -> int:
        """Match processes that fit when every node that may be started is."""
        return sum(node.places * node.most for node in self.nodes)


def check_cluster_file(path: Path) -> ClusterPlan:
    """Return what a file for `ray up` or a KubeRay manifest describes.

    Raises
    ------
    ClusterFileError
        It is no such file, a key is misspelt or missing, a value is out of range, a node type can hold no
        match process, or the cluster would take jobs without a token.
    OSError
        The file cannot be read.
    """
    try:
        documents = [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClusterFileError(f"{path}: expected YAML: {' '.join(str(error).split())}") from error
    if not documents or not all(isinstance(each, dict) for each in documents):
        raise ClusterFileError(
            f"{path}: expected a cluster file or a KubeRay manifest, was empty or no mapping"
        )
    try:
        if any("apiVersion" in each for each in documents):
            kind, nodes = check_manifest(documents)
        else:
            kind, nodes = "ray up", _check_launcher(documents[0])
    except ClusterFileError as error:
        raise ClusterFileError(f"{path}: {error}") from error
    return ClusterPlan(file=str(path), kind=kind, nodes=nodes)


def _check_launcher(described: dict[str, Any]) -> tuple[NodeKind, ...]:
    schema = json.loads(resources.files("ray.autoscaler").joinpath("ray-schema.json").read_text("utf-8"))
    if described.get("provider", {}).get("type") == "local":
        # of an on-premise cluster the launcher takes this out before it looks at its schema
        described = {key: value for key, value in described.items() if key != "min_workers"}
    _check_keys("", described, schema)
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(described))
    if error is not None:
        place = ".".join(str(each) for each in error.absolute_path)
        raise ClusterFileError(f"{place or 'file'}: {error.message}")
    commands = " ".join(_texts(described))
    if _TOKEN not in commands:
        raise ClusterFileError(
            f"head_start_ray_commands: expected {_TOKEN} before `ray start` (the job interface runs any code "
            "it is sent), was none"
        )
    if described["provider"]["type"] == "local":
        return _local_nodes(described["provider"])
    return _node_types(described)


def _check_keys(at: str, found: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Refuse keys that the schema does not name, where it names any."""
    known = schema.get("properties", {})
    for key, value in found.items():
        place = f"{at}.{key}" if at else str(key)
        if known and key not in known:
            raise unknown_key(place, str(key), known)
        if key in _FREE or not isinstance(value, dict):
            continue
        below = known.get(key, {})
        for pattern in below.get("patternProperties", {}).values():
            for name, entry in value.items():
                if isinstance(entry, dict):
                    _check_keys(f"{place}.{name}", entry, pattern)
        if "properties" in below:
            _check_keys(place, value, below)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _local_nodes(provider: Mapping[str, Any]) -> tuple[NodeKind, ...]:
    """Return the machines of an on-premise cluster; what they are is found out when they start."""
    if not provider.get("head_ip"):
        raise ClusterFileError("provider.head_ip: expected the head's address, was none")
    workers = provider.get("worker_ips") or []
    if len(set(workers)) < len(workers) or provider["head_ip"] in workers:
        raise ClusterFileError(f"provider.worker_ips: expected different addresses, was {workers}")
    return (
        NodeKind(name="head", least=1, most=1),
        NodeKind(name="worker", least=len(workers), most=len(workers)),
    )


def _node_types(described: Mapping[str, Any]) -> tuple[NodeKind, ...]:
    types = described.get("available_node_types")
    if not types:
        raise ClusterFileError("available_node_types: expected at least one node type, was none")
    head = described.get("head_node_type")
    if head not in types:
        raise ClusterFileError(f"head_node_type: expected one of {', '.join(types)}, was {head!r}")
    limit = int(described.get("max_workers", 2))
    kinds = []
    for name, entry in types.items():
        least, most = int(entry.get("min_workers", 0)), int(entry.get("max_workers", limit))
        at = f"available_node_types.{name}"
        if not 0 <= least <= most:
            raise ClusterFileError(f"{at}.min_workers: expected 0 to {most} (max_workers), was {least}")
        if name == head:
            least, most = 1, 1
        held = entry["resources"]
        memory = held.get("memory")
        kinds.append(
            checked_kind(at, name, held.get("CPU"), memory, least, min(most, limit) if name != head else 1)
        )
    kinds.sort(key=lambda kind: kind.name != head)
    if not sum(kind.places * kind.most for kind in kinds):
        raise ClusterFileError("max_workers: expected room for a match process, was none on any node")
    return tuple(kinds)
