"""The benchmark's workload is what it says, and its result has the promised keys. No timing is asserted."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.bench.engine import run
from actors.bench.order_flow import RESTING_ORDERS, OrderFlow, bench_exchange, command_fields, order_flow
from exchange_sim.model.commands import CancelOrder
from exchange_sim.model.enums import EventKind, OrderType


@pytest.fixture(scope="module")
def flow() -> OrderFlow:
    return order_flow(4_000)


def test_the_flow_has_the_stated_mix(flow: OrderFlow) -> None:
    kinds = Counter(
        "cancel" if isinstance(command, CancelOrder) else OrderType(command.order_type).name
        for _, command in flow.measured
    )
    shares = {kind: count / len(flow.measured) for kind, count in kinds.items()}
    assert shares == {
        "LIMIT": pytest.approx(0.60, abs=0.03),
        "MARKET": pytest.approx(0.05, abs=0.02),
        "cancel": pytest.approx(0.35, abs=0.03),
    }


def test_every_command_is_accepted_and_the_book_keeps_its_size(flow: OrderFlow) -> None:
    exchange = bench_exchange()
    exchange.apply(flow.rows(flow.opening))
    assert exchange.open_order_count == RESTING_ORDERS
    events = exchange.apply(flow.rows(flow.measured))
    refused = {EventKind.REJECTED, EventKind.CANCEL_REJECTED}
    assert not refused & set(events["kind"].tolist())
    assert exchange.open_order_count == pytest.approx(RESTING_ORDERS, rel=0.1)
    exchange.check_conservation()


def test_the_mixed_flow_has_the_stated_mix_and_is_accepted() -> None:
    flow = order_flow(4_000, mixed=True)
    orders = [command for _, command in flow.measured if not isinstance(command, CancelOrder)]
    stops = sum(order.order_type is OrderType.STOP_LIMIT for order in orders)
    icebergs = sum(order.display_lots > 0 for order in orders)
    post_only = sum(order.post_only for order in orders)
    for count, share in ((stops, 0.04), (icebergs, 0.03), (post_only, 0.03)):
        assert count / len(flow.measured) == pytest.approx(share, abs=0.01)
    exchange = bench_exchange()
    exchange.apply(flow.rows(flow.opening))
    events = exchange.apply(flow.rows(flow.measured))
    kinds = Counter(events["kind"].tolist())
    assert not kinds[EventKind.REJECTED]
    assert not kinds[EventKind.CANCEL_REJECTED]
    assert kinds[EventKind.TRIGGERED] > 20
    exchange.check_conservation()


def test_rows_integers_and_objects_are_the_same_commands(flow: OrderFlow) -> None:
    commands = flow.opening + flow.measured[:500]
    by_rows, by_integers, by_objects = bench_exchange(), bench_exchange(), bench_exchange()
    by_rows.apply(flow.rows(commands))
    for timed in commands:
        assert by_integers.execute(*command_fields(timed)) == 0
        by_integers.take_events()
        by_objects.submit(timed[1], timed[0])
    assert by_rows.state_digest() == by_integers.state_digest() == by_objects.state_digest()


def test_the_result_has_the_promised_keys() -> None:
    result = run(quick=True, peers=False)
    assert set(result) == {"workload", "machine", "figures", "peers"}
    assert set(result["figures"]) == {
        "commands_per_cpu_s", "low_level_calls_per_cpu_s", "exchange_calls_per_cpu_s",
        "mixed_commands_per_cpu_s",
    }  # fmt: skip
    assert min(result["figures"].values()) > 0
