"""Rules of an exchange as rows of its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from exchange_sim.engine.memory import Memory
from exchange_sim.model.instrument import Instrument
from exchange_sim.model.rules import PPM, ExchangeRules, MarginTier


def write_tiers(rows: npt.NDArray[Any], tiers: Sequence[MarginTier]) -> None:
    """Write an instrument's margin tiers into its rows."""
    amount = 0
    for number, (row, tier) in enumerate(zip(rows, tiers, strict=False)):
        if number:
            before = tiers[number - 1]
            amount += before.up_to_atoms * (tier.maintenance_ppm - before.maintenance_ppm) // PPM
        row["up_to_atoms"], row["maintenance_ppm"] = tier.up_to_atoms, tier.maintenance_ppm
        row["initial_ppm"], row["amount_atoms"] = tier.initial_ppm, amount


def write_rules(memory: Memory, rules: ExchangeRules, instruments: Sequence[Instrument]) -> None:
    """Write the exchange's rules into the block.

    Raises
    ------
    ValueError
        A fee tier's taker fee is above an instrument's.
    """
    least = min(each.taker_fee_ppm for each in instruments)
    if rules.fee_tiers and rules.fee_tiers[0].taker_fee_ppm > least:
        raise ValueError(
            f"fee_tiers[0].taker_fee_ppm: expected at most {least}, as every instrument's, "
            f"was {rules.fee_tiers[0].taker_fee_ppm}"
        )
    memory.header["messages_per_second"] = rules.messages_per_second
    memory.header["fee_tiers"] = len(rules.fee_tiers)
    for row, tier in zip(memory.fee_tiers, rules.fee_tiers, strict=False):
        row["volume_atoms"] = tier.volume_atoms
        row["maker_fee_ppm"], row["taker_fee_ppm"] = tier.maker_fee_ppm, tier.taker_fee_ppm
