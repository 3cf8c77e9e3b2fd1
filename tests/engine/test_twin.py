"""Engine against slow twin: equal events, queues, positions and balances after every command."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange_sim.model.enums import CommandKind, EventKind
from tests.engine.streams import COMMANDS, aimed, opening_deposits, walk
from tests.engine.twin import Pair
from tests.reference.exchange import Command

RICH, FAIR, POOR = 10**15, 40_000_000_000, 8_000_000_000
"""Atoms: money that never binds, and money for some or a few open orders."""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(COMMANDS, min_size=20, max_size=120), st.sampled_from([RICH, FAIR, POOR]))
def test_random_commands_have_equal_outcomes(commands: list[Command], deposit: int) -> None:
    pair = Pair()
    for command in (*opening_deposits(4, 2, deposit), *commands):
        pair.apply(aimed(command, pair.twin))
        pair.compare_state()
    pair.check_tables()


@pytest.mark.parametrize(
    ("seed", "drift", "deposit"), [(1, 0, RICH), (2, 40, RICH), (3, 3, 10**13), (4, 8, 3 * 10**12)]
)
def test_long_streams_have_equal_outcomes(seed: int, drift: int, deposit: int) -> None:
    pair = Pair()
    for command in opening_deposits(4, 2, deposit):
        pair.apply(command)
    for number, command in enumerate(walk(pair.twin, seed, 1_200, drift=drift)):
        pair.apply(command)
        pair.compare_state()
        if number % 150 == 0:
            pair.check_tables()
    met = {kind for kind, _ in pair.kinds}
    assert met >= {EventKind.FILLED}


def test_a_book_larger_than_the_first_tables_has_equal_outcomes() -> None:
    """More orders and wider prices than a new exchange has room for: tables grow, nothing else changes."""
    pair = Pair()
    compare, pair.compare_state = pair.compare_state, lambda: None  # type: ignore[method-assign]
    for command in opening_deposits(4, 2, 10**17):
        pair.apply(command)
    for number in range(1_300):
        side, step = number % 2, 7 * number
        price = 40_000 + step if side else 39_999 - step
        pair.apply(
            Command(CommandKind.SUBMIT, number % 4, 0, side, price=price, quantity=1, client=number + 1)
        )
    compare()
    pair.check_tables()
    pair.apply(Command(CommandKind.SUBMIT, 0, 0, 0, order_type=1, quantity=200, stp=1))
    for number in range(0, 1_300, 3):
        pair.apply(Command(CommandKind.CANCEL, number % 4, 0, client=number + 1))
    for account in range(4):
        pair.apply(Command(CommandKind.CANCEL_ALL, account, -1))
    compare()
    pair.check_tables()
    assert pair.engine.open_order_count == 0
