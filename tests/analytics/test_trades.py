import math
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.trades import round_trips, trade_totals

DTYPE = np.dtype(
    [
        ("ts_ns", "<i8"),
        ("bot", "<i2"),
        ("instrument", "<i2"),
        ("side", "u1"),
        ("price", "<f8"),
        ("quantity", "<f8"),
        ("fee", "<f8"),
        ("maker", "u1"),
    ]
)


def fills(*rows: tuple[int, int, int, float, float, float, int]) -> np.ndarray:
    """Rows of (bot, instrument, side, price, quantity, fee, maker), one nanosecond apart."""
    return np.array([(at, *row) for at, row in enumerate(rows)], dtype=DTYPE)


def naive_round_trips(table: np.ndarray) -> list[tuple[int, int, int, int, int, float, float]]:
    """Round trips one fill at a time, quantities as whole thousandths."""
    state: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0])
    trips = []
    for row in table:
        open_ = state[int(row["bot"]), int(row["instrument"])]
        left = round(float(row["quantity"]) * 1000) * (1 if row["side"] == 0 else -1)
        whole = abs(left)
        while left:
            if open_[0] == 0:
                open_[:] = [0, 0.0, 0.0, int(row["ts_ns"])]
                step = left
                direction = 1 if left > 0 else -1
            else:
                direction = 1 if open_[0] > 0 else -1
                step = left if left * direction > 0 else direction * -min(abs(left), abs(open_[0]))
            open_[0] += step
            open_[1] -= step / 1000 * float(row["price"]) + float(row["fee"]) * abs(step) / whole
            open_[2] += float(row["fee"]) * abs(step) / whole
            left -= step
            if open_[0] == 0:
                owner = (int(row["bot"]), int(row["instrument"]))
                trips.append((*owner, open_[3], int(row["ts_ns"]), direction, open_[1], open_[2]))
    return sorted(trips, key=lambda trip: (trip[3], trip[0], trip[1]))


ROW = st.tuples(
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(90, 110).map(float),
    st.integers(1, 4).map(lambda lots: lots * 0.001),
    st.integers(-2, 5).map(float),
    st.integers(0, 1),
)


@given(st.lists(ROW, max_size=60))
def test_round_trips_equal_those_counted_one_fill_at_a_time(rows: list[tuple]) -> None:
    table = fills(*rows)
    expected = naive_round_trips(table)
    trips = round_trips(table)
    keys = ["bot", "instrument", "opened_ns", "closed_ns", "direction"]
    assert [tuple(row) for row in trips[keys].to_numpy()] == [trip[:5] for trip in expected]
    np.testing.assert_allclose(trips["profit"], [trip[5] for trip in expected], atol=1e-9)
    np.testing.assert_allclose(trips["fees"], [trip[6] for trip in expected], atol=1e-9)


def test_a_turn_through_zero_closes_one_trip_and_opens_the_next() -> None:
    table = fills(
        (0, 0, 0, 100.0, 1.0, 0.1, 0),
        (0, 0, 1, 110.0, 3.0, 0.3, 1),
        (0, 0, 0, 100.0, 2.0, 0.2, 0),
    )
    trips = round_trips(table)
    assert trips["direction"].tolist() == [1, -1]
    assert trips["quantity"].tolist() == [1.0, 2.0]
    np.testing.assert_allclose(trips["profit"], [10 - 0.2, 20 - 0.4])


def test_totals_of_each_account() -> None:
    table = fills(
        (0, 0, 0, 100.0, 1.0, 0.1, 1),
        (2, 1, 0, 50.0, 2.0, 0.5, 0),
        (0, 0, 1, 90.0, 1.0, 0.2, 0),
    )
    first, idle, third = trade_totals(pd.DataFrame(table), 3)
    assert (first.fills, first.volume, first.maker_volume) == (2, 190.0, 100.0)
    assert first.fees == pytest.approx(0.3)
    assert (first.round_trips, first.wins, first.win_rate) == (1, 0, 0.0)
    assert first.maker_share == pytest.approx(100 / 190)
    assert idle.fills == 0
    assert math.isnan(idle.win_rate)
    assert math.isnan(idle.maker_share)
    assert (third.round_trips, third.volume) == (0, 100.0)


def test_no_fills_at_all() -> None:
    assert trade_totals(fills(), 1)[0].fills == 0
    assert len(round_trips(fills())) == 0


def test_bad_fills_are_named() -> None:
    table = fills((3, 0, 0, 100.0, 1.0, 0.0, 0))
    with pytest.raises(ValueError, match="bot: expected 0 to 1, was 3"):
        trade_totals(table, 2)
    with pytest.raises(ValueError, match="without fee"):
        round_trips(pd.DataFrame(table).drop(columns="fee"))
    with pytest.raises(ValueError, match="quantity"):
        round_trips(fills((0, 0, 0, 100.0, 0.0, 0.0, 0)))
