"""Check KubeRay manifests: RayCluster and RayJob."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from actors.node_kind import ClusterFileError, NodeKind, checked_kind, unknown_key

_CLUSTER = frozenset(
    (
        "rayVersion",
        "headGroupSpec",
        "workerGroupSpecs",
        "enableInTreeAutoscaling",
        "autoscalerOptions",
        "authOptions",
        "suspend",
        "headServiceAnnotations",
        "gcsFaultToleranceOptions",
        "managedBy",
        "networkPolicy",
        "upgradeStrategy",
    )
)
_JOB = frozenset(
    (
        "entrypoint",
        "entrypointNumCpus",
        "entrypointNumGpus",
        "entrypointResources",
        "rayClusterSpec",
        "clusterSelector",
        "runtimeEnvYAML",
        "shutdownAfterJobFinishes",
        "ttlSecondsAfterFinished",
        "submissionMode",
        "submitterPodTemplate",
        "submitterConfig",
        "backoffLimit",
        "activeDeadlineSeconds",
        "jobId",
        "metadata",
        "suspend",
        "managedBy",
        "deletionStrategy",
        "waitForPreviousRun",
        "preRunningDeadlineSeconds",
    )
)
_GROUP = frozenset(
    (
        "groupName",
        "replicas",
        "minReplicas",
        "maxReplicas",
        "numOfHosts",
        "idleTimeoutSeconds",
        "rayStartParams",
        "template",
        "scaleStrategy",
        "serviceType",
        "enableIngress",
        "headService",
        "resources",
        "labels",
        "suspend",
    )
)
_FACTORS = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_QUANTITY = re.compile(r"^([0-9.]+)([kMGT]i?|Ki|)$")


def check_manifest(documents: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[NodeKind, ...]]:
    """Return the kind and the nodes of the first RayCluster or RayJob among a manifest's documents.

    Raises
    ------
    ClusterFileError
        There is none, a key is misspelt or missing, or a pod can hold no match process.
    """
    for document in documents:
        kind = document.get("kind")
        if kind in ("RayCluster", "RayJob"):
            break
    else:
        kinds = ", ".join(str(each.get("kind")) for each in documents)
        raise ClusterFileError(f"kind: expected RayCluster or RayJob, was {kinds}")
    version = str(document.get("apiVersion"))
    if not version.startswith("ray.io/"):
        raise ClusterFileError(f"apiVersion: expected ray.io/v1, was {version}")
    spec = _mapping(document, "spec", "spec")
    if kind == "RayJob":
        _check_keys("spec", spec, _JOB)
        if not spec.get("entrypoint"):
            raise ClusterFileError("spec.entrypoint: expected the command to run, was none")
        return kind, _check_cluster(
            "spec.rayClusterSpec", _mapping(spec, "rayClusterSpec", "spec.rayClusterSpec")
        )
    return str(kind), _check_cluster("spec", spec)


def _check_cluster(at: str, spec: Mapping[str, Any]) -> tuple[NodeKind, ...]:
    _check_keys(at, spec, _CLUSTER)
    if _mapping(spec, "authOptions", f"{at}.authOptions").get("mode") != "token":
        raise ClusterFileError(
            f"{at}.authOptions.mode: expected token (the job interface runs any code it is sent), was "
            f"{spec['authOptions'].get('mode')!r}"
        )
    head = _group(f"{at}.headGroupSpec", _mapping(spec, "headGroupSpec", f"{at}.headGroupSpec"), "head", 1, 1)
    kinds = [head]
    for number, group in enumerate(spec.get("workerGroupSpecs") or []):
        place = f"{at}.workerGroupSpecs[{number}]"
        name = group.get("groupName")
        if not name:
            raise ClusterFileError(f"{place}.groupName: expected a name, was none")
        least, most = (
            int(group.get("minReplicas", 0)),
            int(group.get("maxReplicas", group.get("replicas", 0))),
        )
        if not 0 <= least <= int(group.get("replicas", least)) <= most:
            raise ClusterFileError(
                f"{place}.replicas: expected minReplicas {least} to maxReplicas {most}, "
                f"was {group.get('replicas')}"
            )
        kinds.append(_group(place, group, str(name), least, most))
    if not sum(kind.places * kind.most for kind in kinds):
        raise ClusterFileError(
            f"{at}.workerGroupSpecs: expected room for a match process, was none in any pod"
        )
    return tuple(kinds)


def _group(at: str, group: Mapping[str, Any], name: str, least: int, most: int) -> NodeKind:
    _check_keys(at, group, _GROUP)
    template = _mapping(group, "template", f"{at}.template")
    containers = _mapping(template, "spec", f"{at}.template.spec").get("containers")
    if not containers:
        raise ClusterFileError(f"{at}.template.spec.containers: expected the Ray container, was none")
    place = f"{at}.template.spec.containers[0]"
    held = containers[0].get("resources", {}).get("limits") or {}
    for key in ("cpu", "memory"):
        if key not in held:
            raise ClusterFileError(f"{place}.resources.limits.{key}: expected a value, was none")
    cpus = group.get("rayStartParams", {}).get("num-cpus")
    found = _quantity(f"{place}.resources.limits.cpu", held["cpu"]) if cpus is None else float(cpus)
    memory = int(_quantity(f"{place}.resources.limits.memory", held["memory"]))
    return checked_kind(place, name, found, memory, least, most)


def _quantity(at: str, text: object) -> float:
    """Return a Kubernetes quantity: `500m`, `4`, `8Gi`."""
    words = str(text)
    if re.fullmatch(r"[0-9]+m", words):
        return int(words[:-1]) / 1000
    match = _QUANTITY.match(words)
    if match is None:
        raise ClusterFileError(f"{at}: expected a quantity like 2, 500m or 8Gi, was {text!r}")
    return float(match[1]) * _FACTORS[match[2]]


def _mapping(found: Mapping[str, Any], key: str, at: str) -> Mapping[str, Any]:
    value = found.get(key)
    if not isinstance(value, dict):
        raise ClusterFileError(f"{at}: expected a mapping, was {'none' if value is None else repr(value)}")
    return value


def _check_keys(at: str, found: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in found:
        if key not in known:
            raise unknown_key(f"{at}.{key}", str(key), known)
