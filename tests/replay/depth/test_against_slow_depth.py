"""Random histories with random orders: fills and places are those of the slow twin, whatever the windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_sim.model.enums import TimeInForce
from exchange_sim.replay.depth.market import DepthReplay
from exchange_sim.replay.depth.models import LogQueue, PowerQueue, QueueModel, RiskAverseQueue
from tests.replay.depth.histories import (
    ASK,
    BID,
    BUY,
    MS,
    START_NS,
    Change,
    Depth,
    Print,
    cancel,
    fills,
    order,
    play,
    record,
    replay,
)
from tests.replay.depth.slow_depth import SlowDepth

MODELS: list[QueueModel] = [RiskAverseQueue(), PowerQueue(exponent=2.0), LogQueue()]
MIDDLE, REACH, STEPS = 1_000, 4, 40
Order = tuple[int, int, int, int, int, bool, bool]  # account, client id, side, price, lots, rests, post-only


class Chance:
    """A test's own draws, named by a seed."""

    def __init__(self, seed: int) -> None:
        self._draws = np.random.Generator(np.random.Philox(key=seed))

    def random(self) -> float:
        return float(self._draws.random())

    def randint(self, least: int, most: int) -> int:
        return int(self._draws.integers(least, most + 1))

    def choice(self, values: Sequence[int]) -> int:
        return values[self.randint(0, len(values) - 1)]


class World:
    """A random history around a wandering middle, and what two bots do in it: one thing a ms."""

    def __init__(self, seed: int) -> None:
        chance = Chance(seed)
        self.depth: list[Depth] = []
        self.prints: list[Print] = []
        self.orders: dict[int, Order] = {}
        self.cancels: dict[int, tuple[int, int]] = {}
        book: dict[int, tuple[int, int]] = {}
        middle = MIDDLE
        for ms in range(STEPS):
            what = chance.random() if ms else 0.0
            if what < 0.4:
                middle += chance.choice((-1, 0, 0, 1))
                self.depth.append((ms, self._message(chance, book, middle)))
            elif what < 0.6:
                aggressor = chance.randint(0, 1)
                price = middle + chance.randint(-1, 1)
                self.prints.append((ms, aggressor, price, chance.randint(1, 12)))
            elif what < 0.9 or not self.orders:
                rests = chance.random() < 0.8
                self.orders[ms] = (
                    1 + chance.randint(0, 1), ms, chance.randint(0, 1), middle + chance.randint(-2, 2),
                    chance.randint(1, 15), rests, rests and chance.random() < 0.3,
                )  # fmt: skip
            else:
                chosen = self.orders[chance.choice(list(self.orders))]
                self.cancels[ms] = (chosen[0], chosen[1])
        self.depth.append((STEPS, [(BID, 1, 1)]))

    @staticmethod
    def _message(chance: Chance, book: dict[int, tuple[int, int]], middle: int) -> list[Change]:
        """Return a message after which no bid is at or above an ask."""
        wanted = dict(book)
        for offset in range(-REACH, REACH + 1):
            side = BID if offset < 0 or (offset == 0 and chance.random() < 0.5) else ASK
            price = middle + offset
            if offset == 0 or chance.random() < 0.3 or wanted.get(price, (side, 0))[0] != side:
                lots = chance.choice((0, 0, 1, 3, 8, 20)) if offset else 0
                wanted[price] = (side, lots)
        for price in list(wanted):
            if abs(price - middle) > REACH:
                wanted[price] = (wanted[price][0], 0)
        changes: list[Change] = []
        for price, (side, lots) in wanted.items():
            old = book.get(price)
            if old and old[1] and (old[0] != side or not lots):
                changes.append((old[0], price, 0))
            if lots and old != (side, lots):
                changes.append((side, price, lots))
        book.clear()
        book.update({price: state for price, state in wanted.items() if state[1]})
        return changes or [(BID, 1, 1)]

    def slow(self, model: QueueModel) -> SlowDepth:
        twin = SlowDepth(model, 0.001)
        depth, prints = dict(self.depth), {each[0]: each[1:] for each in self.prints}
        for ms in range(STEPS + 1):
            if ms in depth:
                twin.depth(ms, depth[ms])
            elif ms in prints:
                twin.trade(ms, *prints[ms])
            elif ms in self.orders:
                _, client_id, side, price, lots, rests, post_only = self.orders[ms]
                twin.submit(ms, client_id, side, price, lots, rests=rests, post_only=post_only)
            elif ms in self.cancels:
                twin.cancel(self.cancels[ms][1])
        return twin

    def fast(self, model: QueueModel) -> DepthReplay:
        market = replay(record(self.depth, self.prints), ("one", "two"), model)
        for ms, (account, client_id, side, price, lots, rests, post_only) in self.orders.items():
            kind = TimeInForce.GTC if rests else TimeInForce.IOC
            market.push(
                order(
                    ms, client_id, side, price, lots, account=account, time_in_force=kind, post_only=post_only
                )
            )
        for ms, (account, client_id) in self.cancels.items():
            market.push(cancel(ms, client_id, account=account))
        return market


def _places(market: DepthReplay) -> list[tuple[int, int, float]]:
    table = market._tables._tables["places"]
    ahead = {int(row["order_id"]): float(row["ahead_lots"]) for row in table}
    orders = market.exchange.queue("BTC/USDT:USDT")
    return sorted((int(each.client_order_id), each.leaves_lots, ahead[each.order_id]) for each in orders)


@given(seed=st.integers(0, 10**9), model=st.sampled_from(MODELS))
@settings(max_examples=400, deadline=None)
def test_fills_and_places_are_those_of_the_slow_twin(seed: int, model: QueueModel) -> None:
    world = World(seed)
    twin, market = world.slow(model), world.fast(model)
    events = play(market, STEPS + 1)
    assert fills(events) == twin.fills
    assert _places(market) == twin.places()
    market.exchange.check_conservation()


@given(seed=st.integers(0, 10**9), window_ms=st.sampled_from([1, 2, 7]))
@settings(max_examples=50, deadline=None)
def test_windows_and_calls_change_nothing(seed: int, window_ms: int) -> None:
    world = World(seed)
    whole, parts = world.fast(PowerQueue()), world.fast(PowerQueue())
    for market in (whole, parts):
        market.listen(0, quotes=True, trades=True, bars=(5 * MS,), snapshots=(3 * MS,))
    events = play(whole, STEPS + 1)
    pieces = [play(parts, until, window_ms * MS) for until in range(1, STEPS + 2)]
    assert b"".join(piece.tobytes() for piece in pieces) == events.tobytes()
    for name in ("quotes", "trades", "bars", "snapshots"):
        assert whole.take_bytes(name) == parts.take_bytes(name)
    assert whole.market_digest() == parts.market_digest()
    assert whole.now_ns == parts.now_ns == START_NS + (STEPS + 1) * MS


def test_own_orders_change_nothing_that_is_published() -> None:
    world = World(7)
    busy, quiet = world.fast(PowerQueue()), replay(record(world.depth, world.prints))
    for market in (busy, quiet):
        market.listen(0, quotes=True, trades=True, bars=(5 * MS,), snapshots=(3 * MS,))
        play(market, STEPS + 1)
    for name in ("quotes", "trades", "bars", "snapshots"):
        assert busy.take_bytes(name) == quiet.take_bytes(name)
    assert busy.traded(0) == quiet.traded(0) == (sum(each[3] for each in world.prints), len(world.prints))
    assert BUY == BID
