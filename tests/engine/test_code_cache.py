"""The folder of machine code: named by sources, place and time, and never without end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exchange_sim import compiled


@compiled.compiled
def _half(number: int) -> int:
    return number // 2


@compiled.compiled
def _quarter(number: int) -> int:
    return _half(_half(number))


def test_only_what_python_calls_becomes_machine_code() -> None:
    assert _quarter(-17) == -5
    assert not _half.overloads  # type: ignore[attr-defined]  # _quarter took it in
    assert _half(-17) == -9
    assert _half.overloads  # type: ignore[attr-defined]


def test_the_folder_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARENA_CACHE_DIR", str(tmp_path))
    assert compiled.cache_folder().is_relative_to(tmp_path)
    assert compiled.cache_folder().name == compiled.source_digest()


def test_another_checkout_or_time_has_a_folder_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def digest_at(folder: Path, when_ns: int, text: str = "x = 1\n") -> str:
        folder.mkdir(exist_ok=True)
        (folder / "compiled.py").write_text(text)
        os.utime(folder / "compiled.py", ns=(when_ns, when_ns))
        monkeypatch.setattr(compiled, "__file__", str(folder / "compiled.py"))
        return compiled.source_digest()

    monkeypatch.setattr(compiled, "_SOURCES", ("compiled.py",))
    first = digest_at(tmp_path / "a", 10**18)
    assert digest_at(tmp_path / "a", 10**18) == first
    assert digest_at(tmp_path / "b", 10**18) != first
    assert digest_at(tmp_path / "a", 2 * 10**18) != first
    assert digest_at(tmp_path / "a", 10**18, "x = 2\n") != first


def test_code_of_old_versions_is_removed_and_the_newest_stay(tmp_path: Path) -> None:
    for age in range(14):
        folder = tmp_path / f"version-{age:02d}"
        folder.mkdir()
        os.utime(folder, ns=((100 - age) * 10**9, (100 - age) * 10**9))
    compiled._forget_old_code(tmp_path / "version-13")
    left = sorted(each.name for each in tmp_path.iterdir())
    assert left == [f"version-{age:02d}" for age in range(10)] + ["version-13"]
