"""Random command streams: for hypothesis to shrink, and long ones from a seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from exchange_sim.model.enums import CommandKind, SelfTradePrevention
from tests.engine.twin import UNKNOWN_SEQUENCE
from tests.reference.exchange import Command

_K = CommandKind
_NEAR = st.integers(95, 105)
_FAR = st.sampled_from([1, 50, 4_000, 9_000, 300_000, 5_000_000, 2**31 - 1])
_PRICES = st.one_of(*[_NEAR] * 8, _FAR, st.sampled_from([0, -1, 2**31]))
_QUANTITIES = st.one_of(*[st.integers(1, 60)] * 8, st.sampled_from([0, -3, 91, 10_000_000, 2**31 - 1, 2**31]))
_RARELY = st.sampled_from([0] * 12 + [-1, 4, 9])
_ACCOUNTS = st.one_of(*[st.integers(0, 3)] * 12, st.sampled_from([-1, 4, 2**31 - 1]))
_INSTRUMENTS = st.one_of(*[st.integers(0, 2)] * 12, st.sampled_from([-1, 3, 2**15 - 1]))
_CLIENTS = st.one_of(st.just(0), st.integers(1, 25), st.sampled_from([-5, 2**63 - 1]))
_ORDERS = st.one_of(st.integers(1, 40), st.just(0), st.just(UNKNOWN_SEQUENCE))


def _submits(**fixed: int) -> st.SearchStrategy[Command]:
    drawn = {
        "account": _ACCOUNTS,
        "instrument": _INSTRUMENTS,
        "side": st.sampled_from([0, 1] * 10 + [2]),
        "order_type": st.sampled_from([0] * 8 + [1] * 3 + [2]),
        "time_in_force": st.sampled_from([0] * 6 + [1, 2, 3]),
        "post_only": st.sampled_from([0] * 6 + [1, 2]),
        "stp": st.sampled_from([*SelfTradePrevention, *SelfTradePrevention, 5]),
        "price": _PRICES,
        "quantity": _QUANTITIES,
        "client": _CLIENTS,
        "order": st.just(0),
        **{name: st.just(value) for name, value in fixed.items()},
    }
    return st.builds(Command, kind=st.just(int(_K.SUBMIT)), **drawn)


def _named(kind: CommandKind) -> st.SearchStrategy[Command]:
    return st.builds(
        Command, kind=st.just(int(kind)), side=st.just(0), order_type=st.just(0), time_in_force=st.just(0),
        post_only=st.just(0), stp=st.just(0), account=_ACCOUNTS, instrument=_INSTRUMENTS, price=_PRICES,
        quantity=_QUANTITIES, client=_CLIENTS, order=_ORDERS,
    )  # fmt: skip


_PLAIN = {"order_type": 0, "time_in_force": 0, "post_only": 0}
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    _submits(**_PLAIN),
    _submits(**_PLAIN),
    _submits(),
    _submits(),
    _named(_K.CANCEL),
    _named(_K.MODIFY),
    _named(_K.MODIFY),
    _named(_K.CANCEL_ALL),
    _named(_K.DEPOSIT),
    _named(_K.SET_MARK),
    _named(_K(1)).map(lambda command: command._replace(kind=77)),
)
"""Any command, mostly sensible: prices that meet, few accounts, ids that are reused."""


def opening_deposits(accounts: int, assets: int, atoms: int) -> list[Command]:
    return [
        Command(_K.DEPOSIT, account, asset, quantity=atoms)
        for account in range(accounts)
        for asset in range(assets)
    ]


def walk(seed: int, count: int, *, drift: int) -> Iterator[Command]:
    """Yield a long stream around a price that wanders by up to `drift` ticks a command."""
    random = np.random.default_rng(seed)
    centre = 20_000
    for number in range(1, count + 1):
        centre = max(200, centre + int(random.integers(-drift, drift + 1)))
        account, instrument, side = (int(random.integers(high)) for high in (4, 3, 2))
        price = centre + int(random.integers(-12, 13))
        quantity, draw = int(random.integers(1, 90)), random.random()
        recent = max(1, number - int(random.integers(1, 80)))
        plain = Command(_K.SUBMIT, account, instrument, side, price=price, quantity=quantity)
        if draw < 0.5:
            stp = int(random.integers(5))
            yield plain._replace(client=number if number % 3 else 0, stp=stp, post_only=number % 11 == 0)
        elif draw < 0.6:
            yield plain._replace(time_in_force=int(random.integers(3)), order_type=int(random.integers(2)))
        elif draw < 0.75:
            yield Command(_K.MODIFY, account, instrument, price=price, quantity=quantity, order=recent)
        elif draw < 0.78:
            yield Command(_K.CANCEL_ALL, account, instrument if number % 2 else -1)
        elif draw < 0.99:
            yield Command(_K.CANCEL, account, instrument, client=recent, order=recent if number % 2 else 0)
        else:
            yield Command(_K.SET_MARK, 0, instrument, price=0 if number % 2 else price)
