"""What is declared, pinned and imported is the same set."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("actors", "analytics", "exchange_sim", "strategies")
PINS = {
    canonicalize_name(requirement.name): requirement
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
    for requirement in [Requirement(line)]
}
ELSEWHERE = {"hftbacktest", "nautilus-trader"}
"""Imported by a peer's benchmark that runs in an interpreter of its own: it cannot be installed beside us."""
EVERY_REQUIREMENT = [
    Requirement(line)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in group
]


@pytest.mark.parametrize("requirement", EVERY_REQUIREMENT, ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_to_a_version_it_allows(requirement: Requirement) -> None:
    pin = PINS[canonicalize_name(requirement.name)]
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    assert requirement.specifier.contains(specifier.version)


def test_constraints_pin_every_line_once() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(PINS)
    assert lines == sorted(lines, key=str.casefold)
    assert all(len(pin.specifier) == 1 and pin.url is None for pin in PINS.values())


def _imported() -> set[str]:
    """Return the top-level modules that the packages import, wherever the import stands."""
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - set(PACKAGES)


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    providers = packages_distributions()
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    extras = {canonicalize_name(requirement.name) for requirement in EVERY_REQUIREMENT} - declared
    imported = {canonicalize_name(name) for module in _imported() for name in providers.get(module, [module])}
    assert imported - declared - extras == ELSEWHERE & imported
    assert declared - imported == set()


def test_the_command_and_the_packages_are_installed() -> None:
    assert PROJECT["scripts"] == {"arena": "actors.app:main"}
    for package in PACKAGES:
        assert (ROOT / package / "__init__.py").is_file()
        assert (ROOT / package / "py.typed").is_file()
