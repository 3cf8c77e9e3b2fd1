"""Find each bot's strategy and decode its configuration before anything is played."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from actors.bot_output import relayed
from actors.config_errors import ConfigError, convert
from actors.match_config import BotSpec
from actors.realtime.trader import OUTSIDE, OutsideTrader
from strategies.api import Strategy, StrategyConfig
from strategies.builtin import BUILTIN
from strategies.plugins import StrategyNotFoundError, load_strategy


def check_bots(bots: Iterable[BotSpec], *, source: str | Path = "configuration") -> dict[str, bytes]:
    """Return the source files of the strategies that are not part of the project, by reference.

    Raises
    ------
    ConfigError
        A strategy is not found, or a field of its configuration is wrong; names the bot's field.
    """
    sources: dict[str, bytes] = {}
    for index, bot in enumerate(bots):
        strategy = find_strategy(bot, source=source, at=f"bots[{index}]")
        decode_config(strategy, bot.config, source=source, at=f"bots[{index}].config")
        if bot.strategy not in BUILTIN and bot.strategy != OUTSIDE:
            sources[bot.strategy] = _source(strategy)
    return sources


def strategy_source(reference: str) -> bytes:
    """Return the source file of a strategy.

    Raises
    ------
    StrategyNotFoundError
        There is no strategy of that name here.
    """
    return _source(load_strategy(reference))


def find_strategy(bot: BotSpec, *, source: str | Path, at: str) -> type[Strategy[Any]]:
    """Return the strategy class of a bot.

    Raises
    ------
    ConfigError
        There is none of that name.
    """
    if bot.strategy == OUTSIDE:
        return OutsideTrader
    try:
        with relayed():
            return load_strategy(bot.strategy)
    except StrategyNotFoundError as error:
        raise ConfigError(source, f"{at}.strategy", str(error).removeprefix("strategy: ")) from None


def decode_config(
    strategy: type[Strategy[Any]], config: dict[str, Any], *, source: str | Path, at: str
) -> StrategyConfig:
    """Return a strategy's configuration from the fields of a file.

    Raises
    ------
    ConfigError
        A field is unknown, of another type or out of range.
    """
    return convert(config, strategy.Config, source=source, at=at)


def _source(strategy: type[Strategy[Any]]) -> bytes:
    file = inspect.getsourcefile(strategy)
    return Path(file).read_bytes() if file is not None else b""
