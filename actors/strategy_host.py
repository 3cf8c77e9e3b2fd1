"""One bot account: its strategy, its books and its way to a venue, driven through time.

The way out: strategy -> risk gate -> order tracker -> outbox -> journal -> venue. The way back: venue ->
journal -> order tracker -> portfolio -> strategy. Everything is recorded before it is handled. Plain
synchronous code: the same host runs in a window of a simulation, in an actor and live.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from actors.context import HostContext
from actors.desk import OrderDesk
from actors.faults import BotFaultError, describe_fault
from actors.gate import RiskApproved, RiskGate
from actors.market_ears import MarketEars
from actors.market_view import MarketView
from actors.pace import Pace
from actors.portfolio import Portfolio
from actors.risk import RiskLimits
from actors.settlement import Settlement
from actors.strategy_setup import override, traded_instruments, wanted_subscriptions
from actors.timers import Timers
from actors.tracker import OrderTracker
from actors.warmup import warmup_bars
from actors.watchdog import WATCHDOG
from exchange_sim.journal import Disqualified, JournalStream, Sent, Started, Stopped
from exchange_sim.markets.history import EMPTY_HISTORY, History
from exchange_sim.model.commands import Command
from exchange_sim.model.events import (
    AccountEvent,
    AccountRejected,
    ExchangeEvent,
    OrderEvent,
    OrderFilled,
    StatusReported,
)
from exchange_sim.model.ids import AccountId, AssetId, InstrumentId
from exchange_sim.model.market import MarketData, Quote, SeriesMessage
from exchange_sim.ports import Venue
from exchange_sim.rng import generator
from strategies.api import Strategy, Topic

_SETTLE = "\0settlement"
"""A timer of the host's own, under a name that no strategy has reason to take."""


class StrategyHost:
    """Runs one strategy on one account of one venue.

    Parameters
    ----------
    account_id
        Name of the account; with `seed` it names the bot's random stream.
    strategy
        The bot, set up and not yet started.
    venue
        Where the account trades.
    deposits_atoms
        Cash at the start.
    limits
        Of the account's risk gate.
    journal
        Takes what is sent and heard.
    outbox_limit
        Commands one handler may send.
    handler_limit_s
        Processor time after which a handler is ended, if the host has joined the process's watchdog.
    answer_timeout_ns
        How long an answer is waited for before the venue is asked about an order; 0 for a venue that loses
        nothing.

    Raises
    ------
    StrategySetupError
        The strategy names unknown instruments, or raises when asked for its subscriptions.
    """

    def __init__(
        self,
        account_id: AccountId,
        strategy: Strategy[Any],
        venue: Venue[RiskApproved[Command]],
        *,
        deposits_atoms: Mapping[AssetId, int],
        seed: int,
        journal: JournalStream,
        limits: RiskLimits | None = None,
        outbox_limit: int = 1_000,
        handler_limit_s: float = 5.0,
        answer_timeout_ns: int = 0,
    ) -> None:
        self.account_id = account_id
        self.disqualified = ""
        self.stopped = False
        self.calls = 0
        """Odd while a handler runs; the watchdog looks at it."""
        self.handler_limit_s = handler_limit_s
        traded = traded_instruments(account_id, strategy, venue.instruments())
        names = tuple(traded)
        self._venue = venue
        self._journal = journal
        self._record = journal.records.append
        self._view = MarketView()
        self._ears = MarketEars(self._view, self._call)
        self._timers = Timers()
        self.portfolio = Portfolio(tuple(traded.values()), deposits_atoms, self._view.mark_half_ticks)
        self.tracker = OrderTracker(names, self._position_lots, lossy=answer_timeout_ns > 0)
        self._settlement = (
            Settlement(account_id, self.tracker, answer_timeout_ns, venue.ask) if answer_timeout_ns else None
        )
        self.gate = RiskGate(limits or RiskLimits(), self.portfolio, self.tracker, venue.capabilities)
        self.desk = OrderDesk(account_id, self.gate, self.tracker, outbox_limit=outbox_limit)
        self.context = HostContext(
            account_id,
            traded,
            generator(seed, "bot", account_id),
            portfolio=self.portfolio,
            tracker=self.tracker,
            desk=self.desk,
            view=self._view,
            timers=self._timers,
        )
        self._messages: deque[ExchangeEvent | MarketData | StatusReported] = deque()
        self._hear: dict[type, Callable[[Any], None]] = dict.fromkeys(
            get_args(OrderEvent), self._hear_order_event
        )
        self._hear |= dict.fromkeys(get_args(AccountEvent), self._hear_account)
        self._hear |= {
            OrderFilled: self._hear_fill,
            **self._ears.handlers,
            StatusReported: self._hear_status,
        }
        self._pace = Pace()
        self.subscriptions = wanted_subscriptions(account_id, strategy, traded)
        self.replace_strategy(strategy)

    def replace_strategy(self, strategy: Strategy[Any]) -> None:
        """Let another instance of the strategy go on from here; timers and orders stay."""
        self.strategy = strategy
        self._on_quote = override(strategy, "on_quote")
        self._ears.listen(strategy)
        self._on_fill = override(strategy, "on_fill")
        self._on_order = override(strategy, "on_order")
        self._on_account = override(strategy, "on_account")
        self._on_timer: Callable[..., None] | None = strategy.on_timer

    def start(
        self, now_ns: int, history: History = EMPTY_HISTORY, past: Sequence[Sequence[SeriesMessage]] = ()
    ) -> None:
        """Connect, warm the strategy up with the market's history, and begin.

        `past` has the warm-up values of each series the strategy asked them of, in the order it asked.
        What happens here never raises for what the bot does: see `disqualified`.
        """
        self.context.now_ns = now_ns
        self._venue.connect()
        self._record(Started(self.account_id, now_ns, type(self.strategy).__name__))
        self._guarded(self._begin, history, past)
        self._journal.flush()

    def next_time_ns(self) -> int:
        """Return when something is due next."""
        return min(self._timers.next_ns, self._venue.next_event_ns())

    def run(self, until_ns: int) -> None:
        """Handle everything received and every timer due before `until_ns`, in order of time.

        At one instant messages come before timers, timers in order of their names. Bot faults never raise
        here; what raises is a defect of ours or of the venue.
        """
        self._messages = deque(self._venue.events(until_ns))
        while not self._guarded(self._run, until_ns):
            pass
        self._journal.flush()

    def stop(self, now_ns: int) -> None:
        """Let the strategy end; afterwards only the books are kept."""
        self.context.now_ns = now_ns
        if not (self.disqualified or self.stopped):
            self._guarded(self._end)
        self._silence()
        self._record(Stopped(self.account_id, now_ns))
        self._journal.flush()

    def retire(self, now_ns: int) -> None:
        """Let the strategy end before its time, and cancel its orders; its position stays."""
        self.context.now_ns = now_ns
        self.stopped = True
        self._guarded(self._end)
        self._silence()
        self.desk.cancel_all(now_ns, None)
        self._leave()

    def enter(self, command: Command) -> None:
        """Send a command of somebody outside who trades the account, now."""
        self.desk.enter(self.context.now_ns, command)
        self._guarded(self._leave)

    def flush(self) -> None:
        """Let the journal have everything that was taken down so far."""
        self._journal.flush(at_least=1)

    def act(self, now_ns: int, action: Callable[[HostContext], None]) -> None:
        """Let somebody else use the strategy's context once, as a handler of it would at `now_ns`."""
        self.context.now_ns = now_ns
        action(self.context)
        self._leave()

    def disqualify(self, kind: str, reason: str) -> None:
        """Take the bot out: nothing unsent leaves, its orders are canceled, its handlers are silent.

        Positions stay, valued at the market. `kind` is a word for the journal, `reason` one line for people.
        """
        now_ns = self.context.now_ns
        self.disqualified = reason
        self._silence()
        for denial in self.desk.drop(now_ns):
            self._record(denial)
        self._record(Disqualified(self.account_id, now_ns, kind))
        self.desk.cancel_all(now_ns, None)
        self._leave()

    def _guarded(self, action: Callable[..., None], *arguments: Any) -> bool:
        """Do it and return True; if the bot is at fault take it out and return False."""
        WATCHDOG.watch(self)
        try:
            action(*arguments)
        except (BotFaultError, Exception, SystemExit) as error:
            if not (self.calls & 1 or isinstance(error, BotFaultError)):
                raise
            self.calls += self.calls & 1
            kind = type(error).__name__ if isinstance(error, BotFaultError) else "raised"
            self.disqualify(kind, describe_fault(error))
            return False
        finally:
            WATCHDOG.watch(None)
        return True

    def _begin(self, history: History, past: Sequence[Sequence[SeriesMessage]]) -> None:
        for wish in self.subscriptions:
            if wish.topic is Topic.BARS and wish.warmup:
                bars = warmup_bars(history, wish)
                if bars:
                    self._view.last_ticks.setdefault(wish.instrument_id, bars[-1].close_ticks)
                    self._call(self.strategy.on_history, bars)
                    self._check_silent("on_history")
        for values in past:
            if values:
                self._ears.note(values[-1])
                self._call(self.strategy.on_series_history, values)
                self._check_silent("on_series_history")
        if self.gate.watches_equity:
            self.gate.observe(self.context.now_ns)
        self._call(self.strategy.on_start)
        self._leave()

    def _check_silent(self, handler: str) -> None:
        if self.desk.outbox or self.desk.denials:
            raise BotFaultError(f"sent orders before the start, in {handler}")

    def _end(self) -> None:
        self._call(self.strategy.on_stop)
        self._leave()

    def _run(self, until_ns: int) -> None:
        context, timers, messages = self.context, self._timers, self._messages
        outbox, denials = self.desk.outbox, self.desk.denials
        hear = self._hear
        tops, on_quote, watches_equity = self._view.tops, self._on_quote, self.gate.watches_equity
        while messages:
            received_ns = messages[0].ts_received_ns
            if timers.next_ns < received_ns:
                self._fire()
                continue
            message = messages.popleft()
            context.now_ns = received_ns
            if type(message) is Quote:
                tops[message.instrument_id] = message
                if on_quote is not None:
                    calls = self.calls
                    self.calls = calls + 1
                    on_quote(context, message)
                    self.calls = calls + 2
            else:
                hear[type(message)](message)
            if outbox or denials:
                self._leave()
            if watches_equity:
                self._observe()
        while timers.next_ns < until_ns:
            self._fire()

    def _hear_fill(self, fill: OrderFilled) -> None:
        self._record(fill)
        self.tracker.handle(fill)
        self.portfolio.fill(fill)
        self._view.last_ticks[fill.instrument_id] = fill.price_ticks
        if self._on_fill is not None:
            self._call(self._on_fill, fill)
        if self._on_order is not None:
            self._call(self._on_order, fill)

    def _hear_order_event(self, event: OrderEvent) -> None:
        self._record(event)
        self.tracker.handle(event)
        if self._on_order is not None:
            self._call(self._on_order, event)
        while self.tracker.revived:
            self.desk.cancel(self.context.now_ns, self.tracker.revived.pop())

    def _hear_status(self, report: StatusReported) -> None:
        """Settle what nobody answered: what was lost is told as an event, a lost cancel is sent again."""
        if self._settlement is None:
            return
        events, cancel_again = self._settlement.settle(report)
        for event in events:
            if isinstance(event, AccountRejected):
                self._hear_account(event)
            else:
                self._hear_order_event(event)
        if cancel_again:
            self.tracker.open[report.client_order_id].canceling = False
            self.desk.cancel(self.context.now_ns, report.client_order_id)

    def _hear_account(self, event: AccountEvent) -> None:
        self._record(event)
        if self._settlement is not None:
            self._settlement.hear(event)
        self.portfolio.account(event)
        if self._on_account is not None:
            self._call(self._on_account, event)

    def _position_lots(self, instrument_id: InstrumentId) -> int:
        return self.portfolio.positions[instrument_id].lots

    def _call(self, handler: Callable[..., None], *arguments: object) -> None:
        calls = self.calls
        self.calls = calls + 1
        handler(self.context, *arguments)
        self.calls = calls + 2

    def _fire(self) -> None:
        """Let the next timer ring."""
        at_ns, name = self._timers.pop()
        self.context.now_ns = at_ns
        if name == _SETTLE and self._settlement is not None:
            self._settlement.look(at_ns)
            self._set_settlement()
            return
        self._pace.count(at_ns)
        if self._on_timer is not None:
            self._call(self._on_timer, name)
        if self.desk.outbox or self.desk.denials:
            self._leave()

    def _leave(self) -> None:
        """Send the outbox, then tell the strategy what was denied, and again what it answers."""
        desk, record, send = self.desk, self._record, self._venue.send
        while desk.outbox or desk.denials:
            if not self.disqualified:
                self._pace.count(self.context.now_ns, len(desk.outbox))
            for approved in desk.outbox:
                record(Sent(approved.ts_ns, approved.command))
                send(approved)
            if self._settlement is not None:
                for approved in desk.outbox:
                    self._settlement.note(approved.command, approved.ts_ns)
                self._set_settlement()
            desk.outbox.clear()
            if desk.denials:
                denials = tuple(desk.denials)
                desk.denials.clear()
                for denial in denials:
                    record(denial)
                for denial in denials:
                    self._pace.count(denial.ts_received_ns)
                    hear = self._on_account if isinstance(denial, AccountRejected) else self._on_order
                    if hear is not None:
                        self._call(hear, denial)

    def _set_settlement(self) -> None:
        due_ns = None if self._settlement is None else self._settlement.next_ns()
        if due_ns is not None:
            self._timers.set(_SETTLE, due_ns)

    def _observe(self) -> None:
        """Hold the equity to the loss limits."""
        if self.gate.observe(self.context.now_ns):
            self.context.log.info("loss limit hit", reason=self.gate.loss_reason.name)
            self.desk.cancel_all(self.context.now_ns, None)
            self._leave()

    def _silence(self) -> None:
        self._ears.silence()
        self._on_quote = self._on_fill = self._on_order = self._on_account = self._on_timer = None
        self._timers.clear()
        self._set_settlement()
