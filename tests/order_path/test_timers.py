"""Timers against a naive list of appointments."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.timers import Timers
from exchange_sim.ports import NEVER_NS

actions = st.one_of(
    st.tuples(st.just("set"), st.sampled_from("abcd"), st.integers(0, 20), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.sampled_from("abcd"), st.just(0), st.just(0)),
    st.tuples(st.just("pop"), st.just(""), st.just(0), st.just(0)),
    st.tuples(st.just("clear"), st.just(""), st.just(0), st.just(0)),
)


@given(st.lists(actions, max_size=80))
@settings(deadline=None)
def test_timers_ring_like_a_sorted_list(steps: list[tuple[str, str, int, int]]) -> None:
    timers = Timers()
    naive: dict[str, tuple[int, int]] = {}
    for action, name, at_ns, every_ns in steps:
        match action:
            case "set":
                timers.set(name, at_ns, every_ns)
                naive[name] = (at_ns, every_ns)
            case "cancel":
                timers.cancel(name)
                naive.pop(name, None)
            case "clear":
                timers.clear()
                naive.clear()
            case _ if naive:
                due_ns, expected = min((each[0], key) for key, each in naive.items())
                assert timers.pop() == (due_ns, expected)
                step_ns = naive[expected][1]
                if step_ns:
                    naive[expected] = (due_ns + step_ns, step_ns)
                else:
                    del naive[expected]
        assert timers.next_ns == min((each[0] for each in naive.values()), default=NEVER_NS)
