"""Strategies by name, entry point, module and file; every way to get it wrong says what was expected."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

import strategies
from actors.config_errors import ConfigError, convert
from strategies import plugins
from strategies.alpha import Alpha
from strategies.api import Strategy, StrategyConfig
from strategies.builtin import BUILTIN
from strategies.plugins import (
    StrategyNotFoundError,
    absolute_reference,
    load_strategy,
    strategy_names,
)

BOT = """
from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from strategies.api import Strategy, StrategyConfig

from {helper} import PERIOD


class MyConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    period: Annotated[int, Meta(ge=2)] = PERIOD


class MyBot(Strategy[MyConfig]):
    def subscriptions(self, instruments):
        return ()


class Unfinished(Strategy[MyConfig]):
    pass


class Stranger:
    pass


number = 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with `bots/my_bot.py` and a neighbour it imports."""
    before = set(sys.modules)
    path = list(sys.path)
    bots = tmp_path / "bots"
    bots.mkdir()
    helper = f"helper_of_{tmp_path.name}"
    (bots / f"{helper}.py").write_text("PERIOD = 7\n")
    (bots / "my_bot.py").write_text(BOT.format(helper=helper))
    yield tmp_path
    assert sys.path == path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    importlib.invalidate_caches()


def _refusal(reference: str, base: Path | None = None) -> str:
    with pytest.raises(StrategyNotFoundError) as caught:
        load_strategy(reference, base=base)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_built_in_names() -> None:
    assert load_strategy("alpha") is Alpha
    assert strategies.BUILTIN is BUILTIN
    assert list(BUILTIN) == [
        "market_maker",
        "alpha",
        "momentum",
        "mean_reversion",
        "buy_and_hold",
        "random",
        "cash",
    ]
    assert strategy_names()[: len(BUILTIN)] == tuple(BUILTIN)
    with pytest.raises(AttributeError, match="has no attribute 'BUILT'"):
        _ = strategies.BUILT


def test_unknown_name_suggests_one() -> None:
    message = _refusal("market_makr")
    assert (
        "unknown name 'market_makr'; did you mean 'market_maker'? expected one of market_maker, alpha"
        in message
    )
    assert message.endswith("module:Class or path/to/file.py:Class")


def test_a_file_outside_the_project(folder: Path) -> None:
    found = load_strategy("bots/my_bot.py:MyBot", base=folder)
    assert issubclass(found, Strategy)
    assert found(found.Config()).config == msgspec.convert({"period": 7}, found.Config)
    assert load_strategy(str(folder / "bots" / "my_bot.py") + ":MyBot") is found
    assert load_strategy(absolute_reference("bots/my_bot.py:MyBot", folder)) is found


def test_a_module(folder: Path) -> None:
    found = load_strategy("my_bot:MyBot", base=folder / "bots")
    assert found.__module__ == "my_bot"
    assert load_strategy("strategies.alpha:Alpha") is Alpha


def test_absolute_references_leave_names_alone(folder: Path) -> None:
    assert absolute_reference("alpha", folder) == "alpha"
    assert absolute_reference("package.module:Class", folder) == "package.module:Class"
    assert absolute_reference("a.py:B", folder) == f"{folder.resolve()}/a.py:B"


@pytest.mark.parametrize("reference", [":Class", "module:", ":"])
def test_halves_of_a_reference(reference: str) -> None:
    assert (
        _refusal(reference) == f"strategy: expected module:Class or path/to/file.py:Class, was {reference!r}"
    )


def test_missing_file(folder: Path) -> None:
    message = _refusal("bots/none.py:MyBot", folder)
    assert message == f"strategy: expected a Python file at {folder.resolve()}/bots/none.py, there is none"


def test_missing_class_names_those_there_are(folder: Path) -> None:
    message = _refusal("bots/my_bot.py:MyBott", folder)
    assert message == (
        "strategy: expected a class 'MyBott' in 'bots/my_bot.py:MyBott', the module has MyBot, Unfinished"
    )
    (folder / "empty.py").write_text("")
    assert _refusal("empty.py:A", folder).endswith("the module has no strategies")


@pytest.mark.parametrize(("name", "was"), [("Stranger", "the class Stranger"), ("number", "a int")])
def test_not_a_strategy(folder: Path, name: str, was: str) -> None:
    message = _refusal(f"bots/my_bot.py:{name}", folder)
    assert message.startswith("strategy: expected a subclass of strategies.api.Strategy")
    assert message.endswith(f"was {was}")


def test_abstract_class_names_what_is_missing(folder: Path) -> None:
    assert "expected Unfinished to define subscriptions" in _refusal("bots/my_bot.py:Unfinished", folder)


@pytest.mark.parametrize(
    ("source", "problem", "line"),
    [
        ("x = 1\nimport not_there_at_all\n", "ModuleNotFoundError: No module named 'not_there_at_all'", 2),
        ("\n\nx = 1 / 0\n", "ZeroDivisionError: division by zero", 3),
        ("x = 1\ny = (\n", "'(' was never closed", 2),
    ],
)
def test_a_file_that_cannot_be_imported_names_the_line(
    folder: Path, source: str, problem: str, line: int
) -> None:
    broken = folder / "broken.py"
    broken.write_text(source)
    message = _refusal("broken.py:A", folder)
    assert problem in message
    assert f"({broken.resolve()}, line {line})" in message
    broken.write_text(BOT.format(helper=f"helper_of_{folder.name}"))
    (folder / f"helper_of_{folder.name}.py").write_text("PERIOD = 3\n")
    assert load_strategy("broken.py:MyBot", base=folder)  # mended: the failure is not remembered


def test_a_missing_module_is_named() -> None:
    message = _refusal("no_such_package.bots:A")
    assert "module 'no_such_package.bots' cannot be imported: ModuleNotFoundError" in message


def _offer(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    offered = tuple(EntryPoint(name, value, plugins.ENTRY_POINT_GROUP) for name, value in points)
    monkeypatch.setattr(plugins, "_installed", lambda: offered)


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(
        monkeypatch,
        ("theirs", "strategies.alpha:Alpha"),
        ("cash", "strategies.alpha:Alpha"),
        ("bad", "nope:A"),
    )
    assert load_strategy("theirs") is Alpha
    assert load_strategy("cash") is BUILTIN["cash"]
    assert strategy_names() == (*BUILTIN, "bad", "theirs")
    assert "entry point 'bad' (nope:A) cannot be imported: ModuleNotFoundError" in _refusal("bad")


def test_two_offers_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, ("theirs", "b.c:D"), ("theirs", "a.b:C"))
    assert _refusal("theirs").endswith("to offer 'theirs', was a.b:C and b.c:D")


@pytest.mark.parametrize("name", BUILTIN)
def test_configurations_are_typed_bounded_and_documented(name: str) -> None:
    kind = BUILTIN[name].Config
    assert kind is not StrategyConfig
    assert msgspec.convert(msgspec.to_builtins(kind()), kind) == kind()
    documented = " ".join(str(each.__doc__) for each in kind.__mro__)
    for field in set(kind.__struct_fields__) - {"instruments"}:
        assert field in documented, field
    with pytest.raises(ConfigError, match="unknown field"):
        convert({"misspelt": 1}, kind, source="bots.toml")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("alpha", {"fast": 1}, "fast: expected int >= 2, was 1"),
        ("alpha", {"fast": "9"}, "fast: expected int, was '9'"),
        ("alpha", {"fast": 21}, r"fast: expected less than slow \(21\), was 21"),
        ("alpha", {"stop_loss": -0.1}, "stop_loss: expected float > 0.0, was -0.1"),
        ("momentum", {"macd_slow": 12}, r"macd_fast: expected less than macd_slow \(12\), was 12"),
        ("momentum", {"bar_interval": "soon"}, "bar_interval: expected like 500ms.*, was 'soon'"),
        ("mean_reversion", {"max_bars": 0}, "max_bars: expected int >= 1, was 0"),
        ("market_maker", {"half_spread": 0}, "half_spread: expected float > 0.0, was 0"),
        ("random", {"mean_gap": 5}, "mean_gap: expected .*, was 5"),
        ("buy_and_hold", {"invested": 1.5}, "invested: expected float <= 1.0, was 1.5"),
    ],
)
def test_wrong_settings_name_field_value_and_expectation(
    name: str, values: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"bots.toml: {message}"):
        convert(values, BUILTIN[name].Config, source="bots.toml")


@pytest.mark.parametrize("name", BUILTIN)
def test_numbers_are_bounded(name: str) -> None:
    hints = get_type_hints(BUILTIN[name].Config, include_extras=True)
    plain = [field for field, hint in hints.items() if hint in {int, float, str}]
    assert plain == []
