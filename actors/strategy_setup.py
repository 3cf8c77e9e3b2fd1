"""What a strategy trades and hears, found out before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from actors.bot_output import speaking
from actors.faults import StrategySetupError, describe_fault
from exchange_sim.model.ids import AccountId, InstrumentId
from exchange_sim.model.instrument import Instrument
from exchange_sim.series import EVERYWHERE, Series
from strategies.api import Strategy, Subscription, Topic


def traded_instruments(
    account_id: AccountId, strategy: Strategy[Any], offered: Sequence[Instrument]
) -> dict[InstrumentId, Instrument]:
    """Return the instruments that the strategy's configuration names; all that are offered if it names none.

    Raises
    ------
    StrategySetupError
        One of them is not offered.
    """
    everything = {each.instrument_id: each for each in offered}
    for name in strategy.config.instruments:
        if name not in everything:
            raise StrategySetupError(
                f"{account_id}: instruments: expected some of {', '.join(everything)}, was {name!r}"
            )
    names = strategy.config.instruments or tuple(everything)
    return {InstrumentId(name): everything[InstrumentId(name)] for name in names}


def wanted_subscriptions(
    account_id: AccountId, strategy: Strategy[Any], traded: Mapping[InstrumentId, Instrument]
) -> tuple[Subscription, ...]:
    """Return what the strategy wants to hear.

    Raises
    ------
    StrategySetupError
        It raised, or wants to hear of something that it does not trade.
    """
    try:
        with speaking(account_id):
            wanted = tuple(strategy.subscriptions(tuple(traded.values())))
    except Exception as error:
        raise StrategySetupError(f"{account_id}: {describe_fault(error)}") from error
    for wish in wanted:
        if wish.topic is Topic.SERIES and wish.instrument_id == EVERYWHERE:
            continue
        if wish.instrument_id not in traded:
            raise StrategySetupError(
                f"{account_id}: subscriptions: expected some of {', '.join(traded)}, "
                f"was {wish.instrument_id!r}"
            )
    return wanted


def series_numbers(
    account_id: AccountId, wanted: Sequence[Subscription], series: Sequence[Series]
) -> tuple[tuple[Subscription, int], ...]:
    """Return the subscriptions to recorded series with the numbers of those in the market.

    Raises
    ------
    StrategySetupError
        The market has no such series.
    """
    numbers = {(each.metric, each.instrument_id): number for number, each in enumerate(series)}
    found = []
    for wish in wanted:
        if wish.topic is Topic.SERIES:
            number = numbers.get((wish.metric, wish.instrument_id))
            if number is None:
                there = ", ".join(_title(*key) for key in numbers) or "none ([[market.series]])"
                raise StrategySetupError(
                    f"{account_id}: subscriptions: expected one of the market's series, which are {there}, "
                    f"was {_title(wish.metric, wish.instrument_id)}"
                )
            found.append((wish, number))
    return tuple(found)


def _title(metric: str, instrument_id: InstrumentId) -> str:
    return f"{metric} of {instrument_id}" if instrument_id else metric


def reconfigured(strategy: Strategy[Any], values: str) -> Strategy[Any]:
    """Return a strategy with the state of this one and some fields of its configuration changed.

    Parameters
    ----------
    strategy
        Stays as it is.
    values
        JSON object of the fields to change.

    Raises
    ------
    StrategySetupError
        A field is unknown or out of range, `instruments` is among them, or the new one raises.
    """
    config = strategy.config
    try:
        fields = {**msgspec.to_builtins(config), **msgspec.json.decode(values, type=dict[str, Any])}
        changed = msgspec.convert(fields, type(config))
    except msgspec.ValidationError as error:
        raise StrategySetupError(f"values: {error}") from None
    except msgspec.DecodeError as error:
        raise StrategySetupError(f"values: expected a JSON object: {error}") from None
    if changed.instruments != config.instruments:
        raise StrategySetupError("values: instruments: expected those traded so far, was another list")
    try:
        made = type(strategy)(changed)
        made.load(strategy.save())
    except Exception as error:
        raise StrategySetupError(describe_fault(error)) from error
    return made


def override(strategy: Strategy[Any], name: str) -> Callable[..., None] | None:
    """Return a handler, or None where the strategy does not care: then it need not be called."""
    if getattr(type(strategy), name) is getattr(Strategy, name):
        return None
    handler: Callable[..., None] = getattr(strategy, name)
    return handler
