"""A made record of depth and trades, for machines without a recorded one."""

from __future__ import annotations

import numpy as np

from exchange_sim.model.instrument import Instrument
from exchange_sim.replay.depth.layout import CLEAR_FLAG, LAST_FLAG, RENEW_FLAG, ROW, TRADE_FLAG
from exchange_sim.replay.depth.record import Record
from exchange_sim.rng import generator

_START_NS = 1_735_689_600_000_000_000
_STEP_NS = 50_000_000
_MIDDLE = 1_000_000
_LEVELS = 1_000
_CHANGES = 64
_NEAR = 200
_PRINTS = 3


def made_record(instrument: Instrument, messages: int) -> Record:
    """Return a record of a wandering book: a message of about 64 changes every 50 ms, three trades
    between."""
    draws = generator(1, "bench", "record")
    rows: list[tuple[int, int, int, int, int]] = []
    middle = _MIDDLE
    sides = {_MIDDLE + offset: int(offset > 0) for offset in range(-_LEVELS, _LEVELS + 1) if offset}
    for number, (price, side) in enumerate(sides.items()):
        flags = CLEAR_FLAG * (number == 0) + (LAST_FLAG | RENEW_FLAG) * (number == len(sides) - 1)
        rows.append((_START_NS, 1_000, price, side, flags))
    for message in range(1, messages):
        now_ns = _START_NS + message * _STEP_NS
        for number, lots in enumerate(draws.integers(1, 500, _PRINTS)):
            side = int(draws.integers(2))
            price = middle + (1 if side == 0 else -1)
            print_ns = now_ns - _STEP_NS + (number + 1) * _STEP_NS // 5
            rows.append((print_ns, int(lots), price, side, TRADE_FLAG))
        move = int(draws.integers(-1, 2))
        middle += move
        offsets = draws.geometric(0.03, _CHANGES).clip(1, _NEAR) * draws.choice((-1, 1), _CHANGES)
        touched = sorted({middle, middle - move, *(middle + offsets).tolist()})
        wrong = [price for price in touched if sides.get(price, price > middle) != (price > middle)]
        wrong += [middle] if middle in sides and middle not in wrong else []
        changes = [(0, price, sides.pop(price)) for price in wrong]
        sides |= {price: int(price > middle) for price in touched if price != middle}
        changes += [
            (int(draws.integers(1, 5_000)), price, sides[price]) for price in touched if price != middle
        ]
        ends = [0] * (len(changes) - 1) + [LAST_FLAG]
        rows += [(now_ns, *change, flags) for change, flags in zip(changes, ends, strict=True)]
    times, sizes, prices, sides_of, flags_of = (np.array(column) for column in zip(*rows, strict=True))
    unique, places = np.unique(prices, return_inverse=True)
    made = np.zeros(len(rows), ROW)
    made["ts_ns"], made["lots"], made["level"] = times, sizes, places
    made["side"], made["flags"] = sides_of, flags_of
    return Record(instrument, made, unique.astype(np.int64), _START_NS, int(times[-1]))
