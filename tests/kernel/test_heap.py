"""The heap gives entries back by (time, key), whatever order they came in."""

from __future__ import annotations

from heapq import heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from exchange_sim.compiled import compiled
from exchange_sim.kernel import heap
from exchange_sim.kernel.storage import Storage
from exchange_sim.kernel.tables import entry_at, kernel_at


@compiled
def _push(address: int, ts_ns: int, key: int, slot: int) -> None:
    heap.push(kernel_at(address, 0), ts_ns, key, slot)


@compiled
def _replace(address: int, ts_ns: int, key: int, slot: int) -> None:
    heap.replace_first(kernel_at(address, 0), ts_ns, key, slot)


@compiled
def _pop(address: int) -> tuple[int, int, int]:
    k = kernel_at(address, 0)
    first = entry_at(k.heap, 0)
    found = (first.ts_ns, first.key, first.slot)
    heap.drop_first(k)
    return found


@given(
    st.lists(
        st.tuples(st.sampled_from(["push", "push", "pop", "replace"]), st.integers(0, 5), st.integers(0, 3)),
        max_size=300,
    )
)
def test_order_is_that_of_a_sorted_list(steps: list[tuple[str, int, int]]) -> None:
    storage = Storage(1)
    model: list[tuple[int, int, int]] = []
    for number, (step, ts_ns, source) in enumerate(steps):
        entry = (ts_ns, heap.key_of(1, source, number), number)
        if step == "push":
            _push(storage.address, *entry)
            heappush(model, entry)
        elif model:
            if step == "pop":
                assert _pop(storage.address) == heappop(model)
            else:
                heappop(model)
                heappush(model, entry)
                _replace(storage.address, *entry)
    while model:
        assert _pop(storage.address) == heappop(model)
    assert storage.header["heap_size"] == 0


def test_keys_order_by_rank_then_source_then_sequence() -> None:
    keys = [
        heap.key_of(1, 0, 0),
        heap.key_of(1, 0, 2**36 - 1),
        heap.key_of(1, 1, 0),
        heap.key_of(1, 2**24 - 1, 5),
        heap.key_of(2, 0, 0),
        heap.key_of(3, 0, 0),
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
