"""Where an own order stands in a recorded queue: the models, and what moves an order forward.

The record has only the total of each price. An order that comes to rest goes behind all of it. A recorded
trade at the price takes lots from the front under every model; what the models differ in is a fall of the
total that no trade explains: who left, those ahead or those behind?

* risk-averse: always those behind; the order moves forward only with trades, and where the total falls
  below what is ahead of it.
* probabilistic: with f(x) = x^n (power) or f(x) = log(1 + x) (log, x in base units) and `back` the recorded
  lots behind the order, the share f(back) / (f(back) + f(ahead)) of a fall comes from behind, the rest from
  ahead. Falls that trades since the last change explain are not counted twice.

Sources: Rigtorp 2013, "Estimating order queue position" (rigtorp.se/2013/06/08); the queue models of
hftbacktest, `RiskAverseQueueModel`, `PowerProbQueueModel`, `LogProbQueueModel` (hftbacktest.readthedocs.io,
"Queue Models"). Why a place in the queue is worth something: Moallemi and Yuan 2016, "A Model for Queue
Position Valuation in a Limit Order Book" (SSRN 2996221).
"""

from __future__ import annotations

from typing import Any

from exchange_sim.compiled import compiled
from exchange_sim.kernel.maths import log, power
from exchange_sim.replay.depth.layout import QUEUE_POWER, QUEUE_RISK_AVERSE


@compiled
def weight(model: int, exponent: float, lot_size: float, lots: float) -> float:
    """Return f(lots) of a probabilistic model."""
    if model == QUEUE_POWER:
        return power(lots, exponent)
    return log(1.0 + lots * lot_size)


@compiled
def share_behind(model: int, exponent: float, lot_size: float, ahead: float, back: float) -> float:
    """Return the share of a fall in the total that comes from behind the order; 1 where nothing is left."""
    behind = weight(model, exponent, lot_size, back)
    both = behind + weight(model, exponent, lot_size, ahead)
    return behind / both if both > 0.0 else 1.0


@compiled
def ahead_after_change(b: Any, ahead: float, traded_lots: int, before: int, after: int) -> float:
    """Return the lots ahead of an order after the record changed the total from `before` to `after`.

    `traded_lots` traded at the price since the last change, and are already taken off `ahead`.
    """
    fall = before - after - traded_lots
    if b.queue_model == QUEUE_RISK_AVERSE or fall <= 0:
        return min(ahead, float(after))
    back = max(float(before - traded_lots) - ahead, 0.0)
    behind = share_behind(b.queue_model, b.exponent, b.lot_size, ahead, back)
    left = ahead - (1.0 - behind) * float(fall) + min(back - behind * float(fall), 0.0)
    return max(min(left, float(after)), 0.0)
