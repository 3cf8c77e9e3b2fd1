"""What participants are given besides what the market publishes: bars of the past and recorded series.

A journal keeps it, so that its replay needs no other file.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from exchange_sim.markets.history import History
from exchange_sim.model.ids import InstrumentId
from exchange_sim.model.market import Bar
from exchange_sim.series import Series


@dataclass(frozen=True, slots=True)
class Given:
    """The market's start, the bars that end there and the series that are published from there on."""

    start_ns: int
    history: History
    series: tuple[Series, ...] = ()


class _Series(msgspec.Struct, frozen=True, array_like=True):
    metric: str
    instrument_id: InstrumentId
    known_ns: bytes
    stamp_ns: bytes
    values: bytes


class _Given(msgspec.Struct, frozen=True, array_like=True):
    start_ns: int
    history: tuple[tuple[InstrumentId, int, tuple[Bar, ...]], ...]
    series: tuple[_Series, ...]


def encode_given(given: Given) -> bytes:
    """Return it as MessagePack."""
    history = tuple((name, interval_ns, bars) for (name, interval_ns), bars in given.history.items())
    series = tuple(
        _Series(
            each.metric, each.instrument_id, each.known_ns.tobytes(), each.stamp_ns.tobytes(),
            each.values.tobytes(),
        )
        for each in given.series
    )  # fmt: skip
    return msgspec.msgpack.encode(_Given(given.start_ns, history, series))


def decode_given(payload: bytes | memoryview) -> Given:
    """Return what `encode_given` wrote.

    Raises
    ------
    msgspec.DecodeError
        The bytes are something else.
    """
    saved = msgspec.msgpack.decode(payload, type=_Given)
    history = {(name, interval_ns): bars for name, interval_ns, bars in saved.history}
    series = tuple(
        Series(
            each.metric, each.instrument_id, np.frombuffer(each.known_ns, np.int64),
            np.frombuffer(each.stamp_ns, np.int64), np.frombuffer(each.values, np.float64),
        )
        for each in saved.series
    )  # fmt: skip
    return Given(saved.start_ns, history, series)
