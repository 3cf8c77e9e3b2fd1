"""Cluster files: ours are accepted by our check and by Ray's launcher, wrong ones are refused in one line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.app import run
from actors.cli.errors import ExitCode
from actors.cluster_file import ClusterFileError, check_cluster_file

ROOT = Path(__file__).parents[2]
LAUNCHED = [ROOT / "cluster.yaml", *sorted((ROOT / "deploy").glob("*.yaml"))]
MANIFESTS = sorted((ROOT / "deploy" / "kuberay").glob("*.yaml"))


@pytest.mark.parametrize("file", LAUNCHED, ids=lambda file: file.name)
def test_our_files_fit_the_launchers_schema(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # private, and the only offline check there is: a Ray that moves it away skips this test
    launcher = pytest.importorskip("ray.autoscaler._private.util")
    monkeypatch.setenv("HOME", str(tmp_path))
    launcher.validate_config(launcher.prepare_config(yaml.safe_load(file.read_text())))


@pytest.mark.parametrize("file", [*LAUNCHED, *MANIFESTS], ids=lambda file: file.name)
def test_our_files_pass_the_check(file: Path) -> None:
    plan = check_cluster_file(file)
    assert plan.nodes[0].name == "head"
    assert plan.places > 0 or plan.nodes[1].cpus is None


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda c: c.update(max_wrokers=c.pop("max_workers")),
            "max_wrokers: unknown key, expected perhaps max_workers",
        ),
        (lambda c: c["provider"].update(regoin="x"), "provider.regoin: unknown key, expected perhaps region"),
        (
            lambda c: c["available_node_types"]["worker"].update(min_worker=1),
            "available_node_types.worker.min_worker: unknown key, expected perhaps min_workers",
        ),
        (
            lambda c: c["available_node_types"]["worker"]["resources"].update(CPU=0),
            "max_workers: expected room for a match process, was none on any node",
        ),
        (
            lambda c: c["available_node_types"]["worker"]["resources"].update(memory=10**8),
            "available_node_types.worker.resources.memory: expected 700000000 bytes or more",
        ),
        (
            lambda c: c["available_node_types"]["worker"]["resources"].pop("CPU"),
            "available_node_types.worker.resources.CPU: expected the number of CPUs, was none",
        ),
        (
            lambda c: c.update(head_node_type="haed"),
            "head_node_type: expected one of head, worker, was 'haed'",
        ),
        (lambda c: c.update(max_workers=0), "max_workers: expected room for a match process"),
        (lambda c: c.update(max_workers="many"), "max_workers: 'many' is not of type"),
        (
            lambda c: c.update(head_start_ray_commands=["ray start --head"], worker_start_ray_commands=[]),
            "head_start_ray_commands: expected RAY_AUTH_MODE=token",
        ),
    ],
)  # fmt: skip
def test_wrong_launcher_files_are_refused(tmp_path: Path, change: Change, text: str) -> None:
    described = yaml.safe_load((ROOT / "deploy" / "aws.yaml").read_text())
    change(described)
    file = tmp_path / "cluster.yaml"
    file.write_text(yaml.safe_dump(described))
    with pytest.raises(ClusterFileError) as refused:
        check_cluster_file(file)
    assert str(refused.value).startswith(f"{file}: {text}")


def _players(cluster: dict[str, Any]) -> dict[str, Any]:
    group: dict[str, Any] = cluster["spec"]["workerGroupSpecs"][0]
    return group


def _limits(cluster: dict[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = _players(cluster)["template"]["spec"]["containers"][0]["resources"]["limits"]
    return limits


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c.update(kind="Pod"), "kind: expected RayCluster or RayJob, was Pod"),
        (
            lambda c: c["spec"].update(workerGroupSpec=[]),
            "spec.workerGroupSpec: unknown key, expected perhaps workerGroupSpecs",
        ),
        (
            lambda c: c["spec"]["authOptions"].update(mode="disabled"),
            "spec.authOptions.mode: expected token (the job interface runs any code it is sent), was 'disabl",
        ),
        (
            lambda c: _players(c).update(replicas=30),
            "spec.workerGroupSpecs[0].replicas: expected minReplicas 2 to maxReplicas 20, was 30",
        ),
        (
            lambda c: _limits(c).update(cpu="500m"),
            "spec.workerGroupSpecs[0].template.spec.containers[0].resources.CPU: expected 0, or 1 or more,",
        ),
        (
            lambda c: _limits(c).update(memory="12 GB"),
            "spec.workerGroupSpecs[0].template.spec.containers[0].resources.limits.memory: expected",
        ),
    ],
)  # fmt: skip
def test_wrong_manifests_are_refused(tmp_path: Path, change: Change, text: str) -> None:
    described = yaml.safe_load((ROOT / "deploy" / "kuberay" / "raycluster.yaml").read_text())
    change(described)
    file = tmp_path / "raycluster.yaml"
    file.write_text(yaml.safe_dump(described))
    with pytest.raises(ClusterFileError) as refused:
        check_cluster_file(file)
    assert str(refused.value).startswith(f"{file}: {text}")


@pytest.mark.parametrize("text", ["a: [", "", "- 1\n- 2\n"])
def test_what_is_no_cluster_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    with pytest.raises(ClusterFileError, match="expected"):
        check_cluster_file(file)


def test_the_pages_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # those that need a cluster run on one, in tests/cluster
    (block, made) = re.findall(
        r"^```console\n(.*?)^```", (ROOT / "docs" / "cluster.md").read_text(), re.MULTILINE | re.DOTALL
    )
    monkeypatch.chdir(ROOT)
    for line in block.splitlines():
        words = shlex.split(line.removeprefix("$ "))
        assert words[0] == "arena"
        assert run(words[1:]) == ExitCode.DONE
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    subprocess.run(["/bin/sh", "-c", made.removeprefix("$ ")], check=True)  # noqa: S603 - the page's words
    token = tmp_path / ".ray" / "auth_token"
    assert len(token.read_text()) >= 32
    assert token.stat().st_mode & 0o077 == 0
