"""Tries changes of configuration before they are sent to bots that are at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.bot_check import decode_config, find_strategy
from actors.config_errors import ConfigError, convert
from actors.match_config import MatchSpec
from strategies.api import StrategyConfig


class Rehearsal:
    """The bots' configurations as they will be when all that was asked for is done.

    Parameters
    ----------
    spec
        Of the match.
    """

    def __init__(self, spec: MatchSpec) -> None:
        self._spec = spec
        self._seats = {bot.name: seat for seat, bot in enumerate(spec.bots)}
        self._configs: dict[str, StrategyConfig] = {}

    def check_account(self, account: str) -> None:
        """Refuse a name that no account has.

        Raises
        ------
        ValueError
            There is no such account.
        """
        if account not in self._seats:
            raise ValueError(f"account: expected one of {', '.join(self._seats)}, was {account!r}")

    def change(self, account: str, values: Mapping[str, Any]) -> None:
        """Change fields of a configuration.

        Raises
        ------
        ConfigError
            A field is unknown, of another type or out of range, or it is `instruments`: those stay.
        """
        config = self._configs.get(account) or self._first(account)
        fields = {**msgspec.to_builtins(config), **values}
        changed = convert(fields, type(config), source=account)
        if changed.instruments != config.instruments:
            raise ConfigError(account, "instruments", "expected those traded so far, was another list")
        self._configs[account] = changed

    def _first(self, account: str) -> StrategyConfig:
        seat = self._seats[account]
        bot = self._spec.bots[seat]
        strategy = find_strategy(bot, source="match", at=f"bots[{seat}]")
        return decode_config(strategy, bot.config, source="match", at=f"bots[{seat}].config")
