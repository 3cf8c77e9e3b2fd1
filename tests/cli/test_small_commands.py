"""`arena example`, `strategies`, `bars`, `doctor`, `bench`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.cli import doctor
from actors.cli.errors import ExitCode
from actors.config_files import load_match, load_search, load_tournament
from strategies.builtin import BUILTIN
from tests.cli.conftest import Arena


def test_examples_are_contest_files(arena: Arena) -> None:
    for name, load in (("match", load_match), ("tournament", load_tournament), ("search", load_search)):
        path = Path(f"{name}.toml")
        path.write_text(arena("example", name).out)
        assert load(path)


def test_strategies_are_listed_and_explained(arena: Arena) -> None:
    listed = arena("strategies")
    assert listed.code == ExitCode.DONE
    assert all(name in listed.out for name in BUILTIN)
    fields = {field["field"]: field for field in arena("strategies", "alpha", "--json").document["fields"]}
    assert fields["fast"]["default"] == 9
    assert fields["fast"]["type"] == "whole number >= 2, <= 1000"
    assert fields["take_profit"]["type"] == "number > 0 or nothing"
    assert "fast" in arena("strategies", "alpha").out


def test_bars_are_described_or_refused(arena: Arena) -> None:
    head = "timestamp,open,high,low,close,volume\n"
    rows = [f"{1_746_000_000_000 + 60_000 * minute},1.0,1.2,0.9,1.1,5\n" for minute in range(3)]
    Path("BTCUSDT.csv").write_text(head + "".join(rows))
    answer = arena("bars", "check", "BTCUSDT.csv")
    assert answer.code == ExitCode.DONE
    assert "3 bars of 1m" in answer.out
    assert (
        arena("bars", "check", ".", "--symbol", "BTC/USDT:USDT", "--json").document["files"][0]["bars"] == 3
    )
    Path("ETHUSDT.csv").write_text(head + "".join(reversed(rows)))
    answer = arena("bars", "check", "ETHUSDT.csv")
    assert answer.code == ExitCode.INPUT
    assert "row 2" in answer.err
    assert "unsorted" in answer.err
    answer = arena("bars", "check", ".")
    assert answer.code == ExitCode.FAILED
    assert "1 of 2 files" in answer.err
    assert "3 bars of 1m" in answer.out


def test_the_doctor_names_what_to_repair(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _: ["numpy>=1", "no-such-library>=2"])
    answer = arena("doctor", "--no-ray", "--json")
    assert answer.code == ExitCode.FAILED
    assert not answer.document["ok"]
    assert "no-such-library is missing, expected >=2" in answer.err
    monkeypatch.setattr(doctor, "requires", lambda _: ["numpy>=1"])
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=9e9))
    answer = arena("doctor", "--no-ray")
    assert "Machine code" in answer.out
    assert answer.code == ExitCode.DONE, answer.err


def test_bench_prints_figures_and_peers(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def run(**options: Any) -> dict[str, Any]:
        asked.append(options)
        return {
            "workload": {"orders": 10},
            "machine": {"cores": 2},
            "figures": {"commands_per_cpu_s": 1.5e7},
            "peers": {"other": "not installed"},
        }

    monkeypatch.setattr("actors.bench.agents.run", run)
    answer = arena("bench", "agents", "--quick", "--no-peers")
    assert asked == [{"quick": True, "peers": False}]
    assert "15,000,000" in answer.out
    assert "not installed" in answer.out
    assert set(arena("bench", "agents", "--json").document) == {"workload", "machine", "figures", "peers"}
