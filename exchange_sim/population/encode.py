"""From a group's configuration to the row that compiled code reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exchange_sim.kernel.tables import (
    GROUP,
    SPECIES_ADAPTIVE_MARKET_MAKER,
    SPECIES_MARKET_MAKER,
    SPECIES_META_ORDERS,
    SPECIES_MOMENTUM,
    SPECIES_NOISE,
    SPECIES_VALUE,
    SPECIES_ZERO_INTELLIGENCE,
)
from exchange_sim.model.instrument import ASSET_SCALE
from exchange_sim.population.common import SIZE_LOGNORMAL, SIZE_PARETO, SIZE_REFERENCE
from exchange_sim.population.species import (
    AdaptiveMarketMaker,
    AnyGroup,
    LognormalSize,
    MarketMaker,
    MetaOrders,
    Momentum,
    Noise,
    ParetoSize,
    Size,
    Value,
    ZeroIntelligence,
)

ATOMS = 10.0**ASSET_SCALE
_BPS = 1e-4


def _encode_size(row: Any, size: Size, scale: float) -> None:
    if isinstance(size, ParetoSize):
        row["size_kind"] = SIZE_PARETO
        row["size_a"] = size.minimum * scale * ATOMS
        row["size_b"] = size.exponent
        row["size_c"] = size.maximum * scale * ATOMS
    elif isinstance(size, LognormalSize):
        row["size_kind"] = SIZE_LOGNORMAL
        row["size_a"] = size.median * scale * ATOMS
        row["size_b"] = size.sigma
    else:
        row["size_kind"] = SIZE_REFERENCE


def _encode_zero_intelligence(row: Any, group: ZeroIntelligence, scale: float) -> None:
    row["species"] = SPECIES_ZERO_INTELLIGENCE
    row["rate_hz"] = group.count * group.rate_hz
    row["market_share"] = group.market_share
    row["depth"] = group.depth_bps * _BPS
    row["minimum_depth"] = group.minimum_bps * _BPS
    row["open_orders"] = group.open_orders
    row["inventory_limit"] = group.inventory_limit * scale * ATOMS
    _encode_size(row, group.size, scale)


def _encode_noise(row: Any, group: Noise, scale: float) -> None:
    row["species"] = SPECIES_NOISE
    row["rate_hz"] = group.count * group.rate_hz
    row["open_orders"] = group.open_orders
    _encode_size(row, group.size, scale)


def _encode_value(row: Any, group: Value, scale: float) -> None:
    row["species"] = SPECIES_VALUE
    row["rate_hz"] = group.count * group.rate_hz
    row["noise"] = group.noise_bps * _BPS
    row["drift"] = group.drift_bps * _BPS
    row["aggressive_share"] = group.aggressive_share
    row["depth_spreads"] = group.depth_spreads
    _encode_size(row, group.size, scale)


def _encode_momentum(row: Any, group: Momentum, scale: float) -> None:
    row["species"] = SPECIES_MOMENTUM
    row["rate_hz"] = group.count * group.rate_hz
    row["open_orders"] = group.open_orders
    _encode_size(row, group.size, scale)


def _encode_adaptive_market_maker(row: Any, group: AdaptiveMarketMaker, _scale: float) -> None:
    row["species"] = SPECIES_ADAPTIVE_MARKET_MAKER
    row["rate_hz"] = group.count * group.rate_hz
    row["volume_share"] = group.volume_share
    row["levels"] = group.levels
    row["spacing"] = group.spacing_spreads
    row["spread_weight"] = group.spread_weight
    row["skew"] = group.skew_ticks
    row["start_spread_ticks"] = group.start_spread_ticks
    row["minimum_lots"] = group.minimum_lots


def _encode_market_maker(row: Any, group: MarketMaker, scale: float) -> None:
    row["species"] = SPECIES_MARKET_MAKER
    row["interval_ns"] = group.interval_ms * 1e6
    row["half_spread"] = group.half_spread_bps * _BPS
    row["spacing"] = group.spacing_bps * _BPS
    row["levels"] = group.levels
    row["size_a"] = group.size * scale * ATOMS
    row["growth"] = group.growth
    row["tolerance"] = group.tolerance_bps * _BPS
    row["edge"] = group.edge_bps * _BPS
    row["caution"] = group.caution
    row["inventory_limit"] = group.inventory_limit * scale * ATOMS
    row["skew"] = group.skew_bps * _BPS
    row["impact"] = group.impact_bps * _BPS / (group.impact_size * scale * ATOMS)


def _encode_meta_orders(row: Any, group: MetaOrders, scale: float) -> None:
    row["species"] = SPECIES_META_ORDERS
    row["rate_hz"] = group.count * group.rate_hz
    row["parent_exponent"] = group.parent_exponent
    row["children_maximum"] = group.children_maximum
    row["depth_share"] = group.depth_share
    row["slippage"] = group.slippage_bps * _BPS
    row["foresight_ns"] = int(group.foresight_s * 1e9)
    row["foresight"] = group.foresight_bps * _BPS
    row["inventory_limit"] = group.inventory_limit * scale * ATOMS
    _encode_size(row, group.size, scale)


_ENCODERS: dict[type, Callable[[Any, Any, float], None]] = {
    ZeroIntelligence: _encode_zero_intelligence,
    Noise: _encode_noise,
    Value: _encode_value,
    Momentum: _encode_momentum,
    AdaptiveMarketMaker: _encode_adaptive_market_maker,
    MarketMaker: _encode_market_maker,
    MetaOrders: _encode_meta_orders,
}


def encode_group(group: AnyGroup, scale: float) -> np.void:
    """Return the GROUP row of a group in an instrument whose sizes are multiplied by `scale`.

    Place, stream and instrument are left for the caller.
    """
    row: np.void = np.zeros(1, GROUP)[0]
    row["count"] = group.count
    row["jitter_ns"] = group.latency.jitter_us * 1e3
    _ENCODERS[type(group)](row, group, scale)
    return row
