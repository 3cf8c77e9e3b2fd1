"""Random command streams: for hypothesis to shrink, and long ones from a seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from exchange_sim.model.enums import CommandKind, SelfTradePrevention
from tests.engine.twin import UNKNOWN_SEQUENCE
from tests.reference.exchange import Command, ReferenceExchange

_K = CommandKind
# Weights are repetitions inside one sampled_from: one_of would count equal branches once.
_FAR = [1, 50, 4_000, 9_000, 300_000, 5_000_000, 2**31 - 1]
_PRICES = st.sampled_from([*range(97, 104)] * 25 + _FAR + [0, -1, 2**31])
_QUANTITIES = st.sampled_from([*range(1, 61)] * 3 + [0, -3, 91, 10_000_000, 2**31 - 1, 2**31])
_ACCOUNTS = st.sampled_from([0, 1, 2, 3] * 20 + [-1, 4, 2**31 - 1])
_INSTRUMENTS = st.sampled_from([0, 0, 0, 0, 1, 1, 2] * 15 + [-1, 3, 2**15 - 1])
_CLIENTS = st.sampled_from([0, 0, 0, *range(1, 26)] * 3 + [-5, 2**63 - 1])
_ORDERS = st.sampled_from([0, *range(1, 21)] * 3 + [UNKNOWN_SEQUENCE])


_ZEROS = {name: st.just(0) for name in Command._fields}


def _submits(**fixed: int) -> st.SearchStrategy[Command]:
    drawn = {
        "account": _ACCOUNTS,
        "instrument": _INSTRUMENTS,
        "side": st.sampled_from([0, 1] * 20 + [2]),
        "order_type": st.sampled_from([0] * 16 + [1] * 6 + [7]),
        "time_in_force": st.sampled_from([0] * 14 + [1, 1, 2, 2, 4]),
        "post_only": st.sampled_from([0] * 16 + [1, 1, 2]),
        "stp": st.sampled_from([*SelfTradePrevention] * 5 + [5]),
        "price": _PRICES,
        "quantity": _QUANTITIES,
        "client": _CLIENTS,
        **_ZEROS,
        **{name: st.just(value) for name, value in fixed.items()},
    }
    return st.builds(Command, **{**drawn, "kind": st.just(int(_K.SUBMIT))})


def _named(kind: CommandKind) -> st.SearchStrategy[Command]:
    return st.builds(
        Command,
        **{
            **_ZEROS, "kind": st.just(int(kind)), "account": _ACCOUNTS, "instrument": _INSTRUMENTS,
            "price": _PRICES, "quantity": _QUANTITIES, "client": _CLIENTS, "order": _ORDERS,
        },
    )  # fmt: skip


_BY_NAME = {
    "plain": _submits(order_type=0, time_in_force=0, post_only=0),
    "submit": _submits(),
    "cancel": _named(_K.CANCEL),
    "modify": _named(_K.MODIFY),
    "cancel all": _named(_K.CANCEL_ALL),
    "deposit": _named(_K.DEPOSIT),
    "mark": _named(_K.SET_MARK),
    "unknown": _named(_K.SUBMIT).map(lambda command: command._replace(kind=77)),
}
_WEIGHTS = {
    "plain": 20,
    "submit": 12,
    "cancel": 5,
    "modify": 8,
    "cancel all": 1,
    "deposit": 1,
    "mark": 1,
    "unknown": 1,
}
COMMANDS = st.sampled_from([name for name, weight in _WEIGHTS.items() for _ in range(weight)]).flatmap(
    lambda name: _BY_NAME[name]
)
"""Any command, mostly sensible: prices that meet, few accounts, ids that are reused."""


def aimed(command: Command, twin: ReferenceExchange) -> Command:
    """Return the cancel or change `command` aimed at an open order of `twin`, picked by its order number.

    Drawn ids hardly ever name an open order of the drawn account and instrument. Order number 0 (by client
    id) and one that is not known stay as drawn.
    """
    if (
        command.kind not in {_K.CANCEL, _K.MODIFY}
        or not twin.entered
        or command.order in {0, UNKNOWN_SEQUENCE}
    ):
        return command
    order = list(twin.entered.values())[command.order % len(twin.entered)]
    return command._replace(account=order.account, instrument=order.instrument, order=order.sequence)


def opening_deposits(accounts: int, assets: int, atoms: int) -> list[Command]:
    return [
        Command(_K.DEPOSIT, account, asset, quantity=atoms)
        for account in range(accounts)
        for asset in range(assets)
    ]


def walk(twin: ReferenceExchange, seed: int, count: int, *, drift: int) -> Iterator[Command]:
    """Yield a long stream around a price that wanders by up to `drift` ticks a command.

    Cancels and changes name orders that are open in `twin`, to which the stream is fed, and now and then
    not quite.
    """
    random = np.random.default_rng(seed)
    centre = 20_000
    for number in range(1, count + 1):
        centre = max(200, centre + int(random.integers(-drift, drift + 1)))
        account, instrument, side = (int(random.integers(high)) for high in (4, 3, 2))
        price = centre + int(random.integers(-12, 13))
        quantity, draw = int(random.integers(1, 90)), random.random()
        plain = Command(_K.SUBMIT, account, instrument, side, price=price, quantity=quantity)
        if draw < 0.5:
            stp = int(random.integers(5))
            yield plain._replace(client=number if number % 3 else 0, stp=stp, post_only=number % 11 == 0)
        elif draw < 0.6:
            yield plain._replace(time_in_force=int(random.integers(3)), order_type=int(random.integers(2)))
        elif draw < 0.62:
            yield Command(_K.CANCEL_ALL, account, instrument if number % 2 else -1)
        elif draw < 0.63:
            yield Command(_K.SET_MARK, 0, instrument, price=0 if number % 2 else price)
        elif twin.entered:
            order = list(twin.entered.values())[int(random.integers(len(twin.entered)))]
            named = Command(
                _K.CANCEL, order.account if number % 10 else account, order.instrument, client=order.client,
                order=0 if order.client and number % 2 else order.sequence,
            )  # fmt: skip
            if draw < 0.8:
                # Unchanged terms are drawn too: they lose the place, a smaller quantity alone does not.
                changed = (price, order.price, order.price)[number % 3]
                total = (quantity, order.quantity, max(1, order.quantity - 1))[int(random.integers(3))]
                named = named._replace(kind=_K.MODIFY, price=changed, quantity=total)
            yield named
