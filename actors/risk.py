"""An account's own limits: what never leaves, whatever the strategy wants."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Literal

import msgspec

_Share = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]


class RiskState(IntEnum):
    """What the gate lets through: everything within limits, only what reduces positions, only cancels."""

    ACTIVE = 0
    REDUCING = 1
    HALTED = 2


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one account; what is left out or null is not limited. Money in the settlement asset.

    Parameters
    ----------
    order_notional
        Largest value of one order.
    position_notional
        Largest value of one instrument's position if every open order on the growing side filled.
    gross_notional
        Largest sum of those values over all instruments.
    leverage
        Largest such sum in multiples of the equity; a larger leverage cannot be chosen either.
    open_orders
        Most orders under way or at the venue at one time.
    orders_per_second
        Most submissions and modifications in any second; short bursts use up the whole second's.
    price_band_bps
        Largest distance of a limit price from the reference price on the aggressive side (a buy
        above, a sell below), in basis points.
    daily_loss
        Loss since the UTC day began at which `on_loss` applies, until the next day begins.
    drawdown
        Fall of the equity from its highest, as a fraction, at which `on_loss` applies for good.
    on_loss
        `halt`: all orders are canceled and only cancels pass; `reduce`: all orders are canceled and only
        orders that reduce a position pass.
    """

    order_notional: Decimal | None = None
    position_notional: Decimal | None = None
    gross_notional: Decimal | None = None
    leverage: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    open_orders: Annotated[int, msgspec.Meta(ge=1)] | None = None
    orders_per_second: Annotated[int, msgspec.Meta(ge=1)] | None = None
    price_band_bps: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    daily_loss: Decimal | None = None
    drawdown: _Share | None = None
    on_loss: Literal["halt", "reduce"] = "halt"

    def __post_init__(self) -> None:
        for name in ("order_notional", "position_notional", "gross_notional", "daily_loss"):
            value: Decimal | None = getattr(self, name)
            if value is not None and (not value.is_finite() or value <= 0):
                raise ValueError(f"{name}: expected a positive number, was {value}")
