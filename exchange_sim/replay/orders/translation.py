"""From an order recording to COMMAND rows of accounts that stand for everybody who was there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exchange_sim.engine.layout import COMMAND, MAXIMUM_DEPOSITS_ATOMS
from exchange_sim.model.enums import CommandKind, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange_sim.model.instrument import MAXIMUM_LOTS, MAXIMUM_NOTIONAL_ATOMS, Instrument
from exchange_sim.replay.orders.recording import Action, OrderRecording
from exchange_sim.replay.orders.table import RecordingError

TAKER_IDS = 2**62
"""Client order ids from here on are of orders that a recording does not name."""

_VALUE_MAXIMUM_ATOMS = MAXIMUM_NOTIONAL_ATOMS // 8
"""Most that one account's orders of one side are worth together."""
_PPM = 1_000_000
_LOSS_PPM = 250_000
"""Share of the value traded that an account can lose and still send the rest of its orders."""


@dataclass(frozen=True, slots=True)
class OrderCommands:
    """What drives the engine.

    Parameters
    ----------
    deposits_atoms
        One for each account that stands for the recorded market.
    rows
        COMMAND rows in order of time, no two of the same ns; `account` is a place in `deposits_atoms`.
    """

    deposits_atoms: tuple[int, ...]
    rows: npt.NDArray[np.void]


class _Accounts:
    """Who sends which order: an account whose bounds it cannot reach, even if all it ever sent is filled."""

    def __init__(self, instrument: Instrument, highest_ticks: int) -> None:
        self._unit = instrument.atoms_per_tick_lot * highest_ticks
        self._most = min(MAXIMUM_LOTS, _VALUE_MAXIMUM_ATOMS // self._unit)
        self._margin_ppm = instrument.initial_margin_ppm + instrument.taker_fee_ppm + _LOSS_PPM
        self._lots: list[list[int]] = []
        self._open = [0, 0]
        self._of: dict[int, int] = {}

    def send(self, client: int, side: int, lots: int) -> int:
        """Return the account of a new order."""
        if lots > self._most:
            raise RecordingError(
                f"lot_size: expected larger lots, an order of {lots} is above the exchange's {self._most}"
            )
        number = self._open[side]
        if number == len(self._lots):
            self._lots.append([0, 0])
        elif self._lots[number][side] + lots > self._most:
            number = self._open[side] = number + 1
            if number == len(self._lots):
                self._lots.append([0, 0])
        self._lots[number][side] += lots
        self._of[client] = number
        return number

    def of(self, client: int) -> int | None:
        """Return the account of an order sent before."""
        return self._of.get(client)

    def deposits(self) -> tuple[int, ...]:
        made = tuple(sum(lots) * self._unit * self._margin_ppm // _PPM + self._unit for lots in self._lots)
        if sum(made) > MAXIMUM_DEPOSITS_ATOMS // 2:
            raise RecordingError(
                f"recording: expected orders worth at most {MAXIMUM_DEPOSITS_ATOMS // 2} atoms in margin, "
                f"was {sum(made)}; a shorter span has fewer"
            )
        return made


def translate(recording: OrderRecording, instrument: Instrument, until_ns: int) -> OrderCommands:
    """Return the commands that bring about what was recorded before `until_ns`.

    The orders that rest at the start are sent first, from `first_ns` on. A recorded order keeps its id as
    client order id. An order that arrives is a limit order with its true total; its executions need no
    command, because the engine makes them. Its end is a cancel: refused, and so without effect, where
    the engine filled it already. So a recorded order never outlives its record, whatever bots did to it.
    Takers that are not recorded themselves are limit orders at the price of what they took, immediate or
    cancel. Messages of one time keep their order: each is at least 1 ns behind the one before.

    Raises
    ------
    RecordingError
        An order is too large for the exchange, or all of them together are.
    """
    messages = recording.messages[recording.messages["ts_ns"] < until_ns]
    highest = max(
        int(recording.resting["price_ticks"].max(initial=1)), int(messages["price_ticks"].max(initial=1))
    )
    accounts = _Accounts(instrument, highest)
    rows: list[tuple[int, ...]] = []
    now = recording.first_ns - 1

    def write(
        kind: CommandKind, account: int, client: int, side: int, price: int, lots: int, tif: int
    ) -> None:
        rows.append((now, client, price, lots, account, int(kind), side, tif))

    for row in recording.resting:
        now += 1
        client, side, lots = int(row["order_id"]), int(row["side"]), int(row["lots"])
        account = accounts.send(client, side, lots)
        write(CommandKind.SUBMIT, account, client, side, int(row["price_ticks"]), lots, TimeInForce.GTC)
    for number, (ts_ns, client, price, lots, action, side) in enumerate(messages.tolist()):
        now = max(now + 1, ts_ns)
        if action == Action.ADD:
            account = accounts.send(client, side, lots)
            write(CommandKind.SUBMIT, account, client, side, price, lots, TimeInForce.GTC)
            continue
        if action in (Action.TAKE, Action.TAKE_HIDDEN):
            taker, opposite = TAKER_IDS + 2 * number, int(Side(side).opposite)
            hidden = taker + 1
            if action == Action.TAKE_HIDDEN:
                account = accounts.send(hidden, side, lots)
                write(CommandKind.SUBMIT, account, hidden, side, price, lots, TimeInForce.GTC)
                now += 1
            account = accounts.send(taker, opposite, lots)
            write(CommandKind.SUBMIT, account, taker, opposite, price, lots, TimeInForce.IOC)
            if action == Action.TAKE_HIDDEN:
                now += 1
                account = accounts.of(hidden) or 0
                write(CommandKind.CANCEL, account, hidden, 0, 0, 0, TimeInForce.GTC)
            continue
        known = accounts.of(client)
        if known is None:
            continue  # it ended before the replay began
        if action == Action.END:
            write(CommandKind.CANCEL, known, client, 0, 0, 0, TimeInForce.GTC)
        else:
            write(CommandKind.MODIFY, known, client, side, price, lots, TimeInForce.GTC)
    return OrderCommands(accounts.deposits(), _command_rows(rows))


def _command_rows(rows: list[tuple[int, ...]]) -> npt.NDArray[np.void]:
    made = np.zeros(len(rows), COMMAND)
    fields = (
        *("ts_ns", "client_order_id", "price_ticks", "quantity_lots", "account", "kind", "side"),
        "time_in_force",
    )
    for name, column in zip(fields, zip(*rows, strict=True), strict=False):
        made[name] = column
    made["order_type"] = OrderType.LIMIT
    made["stp"] = SelfTradePrevention.NONE
    return made
