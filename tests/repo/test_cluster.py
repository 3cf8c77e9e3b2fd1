"""The cluster file is one that Ray's launcher accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_the_cluster_file_fits_the_launchers_schema(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # private, and the only offline check there is: a Ray that moves it away skips this test
    launcher = pytest.importorskip("ray.autoscaler._private.util")
    monkeypatch.setenv("HOME", str(tmp_path))
    described = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    launcher.validate_config(launcher.prepare_config(described))
    described["provider"]["head_ipp"] = described["provider"].pop("head_ip")
    with pytest.raises(Exception, match="head_ip"):
        launcher.validate_config(launcher.prepare_config(described))
