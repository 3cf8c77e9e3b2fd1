"""Bad connections: whatever is lost, doubled, overtaken or late, an account's books end as the exchange's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.testing.stage import BTC, SECOND_NS, Player, Stage
from actors.venues.simulated import SimulatedVenue
from exchange_sim.faults import AccountFaults, DownFaults, LinkFaults, Spikes, Stalls
from exchange_sim.faulty_link import EpisodeClock, FaultyLink, covered
from exchange_sim.latency import AccountLatency, ConstantLatency, LognormalLatency
from exchange_sim.markets.build import build_market
from exchange_sim.markets.inputs import MarketInputs
from exchange_sim.markets.outages import OutageSpec
from exchange_sim.markets.spec import SyntheticMarket
from exchange_sim.model.enums import EventKind, Reason, Side
from exchange_sim.model.events import AccountEvent, AccountRejected, LeverageSet, OrderRejected
from strategies.api import Context, OrderState, StrategyConfig, books
from strategies.builtin import BUILTIN
from tests.order_path.bots import MID, MS, Quiet, Scripted, Wall

SPIKES = Spikes(every="10s", duration="1s", extra_us=700_000)
AWFUL = AccountFaults(
    up=LinkFaults(drop=0.2, double=0.2, reorder=0.2, held_us=80_000, spikes=SPIKES),
    down=DownFaults(
        drop=0.2,
        double=0.2,
        reorder=0.2,
        held_us=80_000,
        spikes=SPIKES,
        late_share=0.2,
        late_us=300_000,
        stalls=Stalls(every="15s", duration="3s"),
    ),
)
JITTER = AccountLatency(up=LognormalLatency(), down=LognormalLatency())
FAR = MID - 1_000


def lively(duration_ns: int, seed: int) -> MarketInputs:
    return build_market(SyntheticMarket(volume_scale=0.5, history="2h"), duration_ns, seed)


def check_books(stage: Stage) -> None:
    """Compare every account's own books with the exchange's, to the atom."""
    exchange = stage.kernel.exchange
    for host in stage.hosts:
        name, own = host.account_id, host.host.portfolio
        assert host.disqualified == "", name
        for instrument in stage.market.instruments:
            there, here = (
                exchange.position(name, instrument.instrument_id),
                own.positions[instrument.instrument_id],
            )
            assert (here.lots, here.cost_atoms) == (there.lots, there.cost_atoms), name
            assert here.fees_atoms == there.fees_atoms, name
        asset = stage.market.instruments[0].settle
        assert own.balances_atoms[asset] == exchange.balance_atoms(name, asset), name
        resting = {each.client_order_id: each.leaves_lots for each in exchange.open_orders(name)}
        tracked = {number: order.leaves_lots for number, order in host.host.tracker.open.items()}
        assert tracked == resting, name


class Geared(Scripted):
    """Changes its leverage, and remembers what it was told of it."""

    def __init__(self, count: int) -> None:
        super().__init__(*((50 * number, _gear(1 + number % 10)) for number in range(count)))
        self.told: list[AccountEvent] = []

    def on_account(self, ctx: Context, event: AccountEvent) -> None:
        self.told.append(event)


def _gear(leverage: int) -> Callable[[Any, Context], object]:
    return lambda bot, ctx: ctx.set_leverage(bot.symbol, leverage)


def test_commands_about_leverage_that_get_lost_are_told() -> None:
    faults = AccountFaults(up=LinkFaults(drop=0.4), down=DownFaults(drop=0.3, reorder=0.3))
    bot = Geared(30)
    stage = Stage([Player("bot", bot, latency=JITTER, faults=faults)], duration_ns=10 * SECOND_NS)
    stage.play()
    done = [each.leverage for each in bot.told if isinstance(each, LeverageSet)]
    lost = [each.reason for each in bot.told if isinstance(each, AccountRejected)]
    assert len(done) + len(lost) == 30
    assert set(lost) == {Reason.NOT_RECEIVED}
    assert len(done) > 5
    assert stage.kernel.exchange.margin("bot", bot.symbol).initial_ppm == -(-(10**6) // done[-1])


def quick(name: str, **config: str) -> Player:
    kind = BUILTIN[name]
    return Player(name, kind(msgspec.convert(config, kind.Config)), latency=JITTER, faults=AWFUL)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_seven_strategies_keep_their_books_on_an_awful_connection(seed: int) -> None:
    sys.stdout.write(f"seed {seed}\n")
    players = [
        quick("market_maker"),
        quick("alpha", bar_interval="1s"),
        quick("momentum", bar_interval="1s"),
        quick("mean_reversion", bar_interval="1s"),
        quick("buy_and_hold"),
        quick("random", mean_gap="1s"),
        quick("cash"),
    ]
    assert sorted(each.name for each in players) == sorted(BUILTIN)
    stage = Stage(players, lively(60 * SECOND_NS, seed), duration_ns=60 * SECOND_NS, seed=seed)
    stage.play()
    check_books(stage)
    for way in ("up", "down"):
        for fate in ("dropped", "doubled", "held"):
            assert sum(getattr(getattr(host.venue, way), fate) for host in stage.hosts) > 10
    assert sum(host.host.portfolio.positions[BTC.instrument_id].fills for host in stage.hosts) > 20


def bought(bot: Any, ctx: Any) -> None:
    ctx.submit_market(bot.symbol, Side.BUY, 7)


def rest(bot: Any, ctx: Any) -> None:
    ctx.submit_limit(bot.symbol, Side.BUY, 5, FAR)


def dark(from_ms: int, for_ms: int) -> OutageSpec:
    return OutageSpec(after=f"{from_ms}ms", duration=f"{for_ms}ms", announced=False)


def play(*acts: Any, faults: AccountFaults | None = None, outages: Any = (), seconds: int = 5) -> Any:
    """Play a scripted bot against a wall; its books must be right at the end."""
    bot = Scripted(*acts)
    stage = Stage(
        [Player("bot", bot, faults=faults), Player("wall", Wall())],
        duration_ns=seconds * SECOND_NS,
        outages=outages,
    )
    stage.play()
    check_books(stage)
    return bot, stage


def test_a_lost_order_is_asked_about_and_never_sent_again() -> None:
    bot, stage = play((100, bought), outages=[dark(102, 8)])
    (event,) = bot.heard
    assert isinstance(event, OrderRejected)
    assert event.reason is Reason.NOT_RECEIVED
    # asked a second after it left, 5 ms up and 5 ms back
    assert (event.ts_exchange_ns, event.ts_received_ns) == (1_105 * MS, 1_110 * MS)
    assert stage.simulation.side.event_count("bot", EventKind.ACCEPTED) == 0
    assert stage.hosts[0].host.tracker.orders[1].state is OrderState.REJECTED


def test_a_lost_fill_is_heard_once_after_a_heartbeat() -> None:
    def take(bot: Any, ctx: Any) -> None:
        ctx.submit_market(bot.symbol, Side.SELL, 4)

    bot = Scripted((100, lambda b, c: c.submit_limit(b.symbol, Side.BUY, 4, MID)))
    deaf = AccountFaults(down=DownFaults(drop=0.9), heartbeat="500ms")
    stage = Stage(
        [Player("bot", bot, faults=deaf), Player("other", Scripted((300, take)))],
        duration_ns=20 * SECOND_NS,
    )
    stage.play()
    check_books(stage)
    assert bot.kinds == ["OrderAccepted", "OrderFilled"]
    assert stage.hosts[0].venue.down.dropped == 2
    # the heartbeat of 500 ms comes at 505 ms, patience ends at 525 ms, and answers are lost too
    assert (bot.times[0] - 525 * MS - 10 * MS) % (1_000 * MS) == 0
    assert bot.times[1] == bot.times[0]


def test_a_lost_cancel_is_sent_again() -> None:
    bot, stage = play((100, rest), (200, lambda b, c: c.cancel(1)), outages=[dark(204, 2)])
    assert bot.kinds == ["OrderAccepted", "OrderCanceled"]
    assert bot.heard[1].ts_received_ns == (200 + 1_000 + 10 + 10) * MS
    bot, stage = play((100, rest), (200, lambda b, c: c.modify(1, quantity_lots=3)), outages=[dark(204, 2)])
    assert bot.kinds == ["OrderAccepted", "ModifyRejected"]
    assert bot.heard[1].reason is Reason.NOT_RECEIVED
    assert stage.hosts[0].host.tracker.orders[1].state is OrderState.OPEN


def test_cancels_at_the_stop_get_through() -> None:
    class Tidy(Scripted):
        def on_stop(self, ctx: Any) -> None:
            ctx.cancel_all()

    bot = Tidy((100, rest), (150, rest))
    stage = Stage([Player("bot", bot)], duration_ns=SECOND_NS, outages=[dark(1_004, 296)])
    stage.play()
    assert stage.kernel.exchange.open_orders("bot") == []
    check_books(stage)


@pytest.mark.parametrize(
    "down",
    [
        DownFaults(double=0.9),
        DownFaults(reorder=0.9, held_us=300_000),
        DownFaults(late_share=0.9, late_us=400_000),
        DownFaults(drop=0.5),
    ],
    ids=["doubled", "overtaken", "late", "dropped"],
)
def test_the_bot_hears_the_same_events_in_the_same_order(down: DownFaults) -> None:
    acts: list[Any] = []
    for number in range(12):
        acts += [(100 + 150 * number, rest), (150 + 150 * number, bought)]
        acts.append((200 + 150 * number, lambda b, c, order=2 * number + 1: c.cancel(order)))
    plain, _ = play(*acts)
    faulty, stage = play(*acts, faults=AccountFaults(down=down), seconds=20)
    assert plain.kinds.count("OrderFilled") == plain.kinds.count("OrderCanceled") == 12
    assert [timeless(each) for each in faulty.heard] == [timeless(each) for each in plain.heard]
    assert faulty.times == sorted(faulty.times)
    link = stage.hosts[0].venue.down
    assert link.dropped + link.doubled + link.held > 10


def timeless(event: Any) -> Any:
    return msgspec.structs.replace(event, ts_received_ns=0)


def test_an_order_that_turns_up_after_it_was_given_up_is_canceled() -> None:
    held = AccountFaults(up=LinkFaults(reorder=0.9, held_us=8_000_000))
    bot, stage = play(*((100 + 50 * number, rest) for number in range(5)), faults=held, seconds=20)
    first = [type(each).__name__ for each in bot.heard if each.client_order_id == 1]
    assert first == ["OrderRejected", "OrderAccepted", "OrderCanceled"]
    resting = stage.kernel.exchange.open_orders("bot")
    assert sorted(each.client_order_id for each in resting) == [2, 3, 4, 5]


def test_a_copy_of_an_order_that_has_ended_is_a_new_one_and_is_booked() -> None:
    twice = AccountFaults(up=LinkFaults(double=0.9))
    bot, stage = play(*((100 + 200 * number, bought) for number in range(10)), faults=twice, seconds=5)
    lives = bot.kinds.count("OrderAccepted")
    assert lives > 15
    assert stage.hosts[0].host.portfolio.positions[BTC.instrument_id].lots == 7 * lives
    bot, stage = play((100, rest), faults=twice)
    assert bot.kinds[0] == "OrderAccepted"
    assert [each.quantity_lots for each in stage.kernel.exchange.open_orders("bot")] == [5]


class Feeling(Quiet):
    """Looks at the age of its quote ten times a second."""

    def subscriptions(self, instruments: Any) -> Any:
        super().subscriptions(instruments)
        self.ages: list[int] = []
        return [books(self.symbol, 100 * MS)]

    def on_start(self, ctx: Any) -> None:
        assert ctx.quote_age_ns(self.symbol) is None
        ctx.set_timer("look", at_ns=250 * MS, every_ns=100 * MS)

    def on_timer(self, ctx: Any, name: str) -> None:
        self.ages.append(ctx.quote_age_ns(self.symbol))


@pytest.mark.parametrize(
    "stall", [Stalls(every="10s", duration="4s"), Stalls(every="10s", duration="4s", lost=True)]
)
def test_a_stale_feed_shows_in_the_age_of_the_quote(stall: Stalls) -> None:
    ages = {}
    for stalls in (None, stall):
        bot = Feeling(StrategyConfig())
        faults = AccountFaults(down=DownFaults(stalls=stalls))
        Stage([Player("bot", bot, faults=faults), Player("wall", Wall())], duration_ns=10 * SECOND_NS).play()
        ages[stalls] = bot.ages
    fresh, stale = ages.values()
    assert set(fresh) == {50 * MS}
    assert max(stale) in range(3_900 * MS, 4_200 * MS)
    assert sum(age > 100 * MS for age in stale) in range(38, 42)


def test_faults_are_the_same_in_any_windows() -> None:
    tiny = AccountLatency(up=ConstantLatency(delay_us=90), down=ConstantLatency(delay_us=90))

    def heard(*others: Player) -> list[Any]:
        acts = [(100 + 70 * number, (rest, bought, cancel_all)[number % 3]) for number in range(40)]
        bot = Scripted(*acts)
        player = Player("bot", bot, latency=JITTER, faults=AWFUL)
        Stage([player, *others, Player("wall", Wall())], duration_ns=10 * SECOND_NS).play()
        return bot.heard

    def cancel_all(bot: Any, ctx: Any) -> None:
        ctx.cancel_all()

    wide = heard(Player("near", Quiet(StrategyConfig())))
    assert len(wide) > 40
    assert heard(Player("near", Quiet(StrategyConfig()), latency=tiny)) == wide


def test_what_is_off_changes_nothing() -> None:
    def digest(faults: AccountFaults | None) -> str:
        stage = Stage([Player("bot", Scripted((100, rest)), faults=faults)], duration_ns=SECOND_NS)
        assert type(stage.hosts[0].venue) is SimulatedVenue
        return stage.play().footer.digest

    assert digest(None) == digest(AccountFaults(answer_timeout="5s"))


@given(st.sampled_from([AWFUL.up, AWFUL.down]), st.integers(0, 5), st.integers(0, 10**7))
def test_nothing_is_faster_than_the_latency(faults: LinkFaults, seed: int, gap_ns: int) -> None:
    link = FaultyLink(JITTER.up, faults, seed, "a", "up")
    for number in range(200):
        sent_ns = number * gap_ns
        assert all(each - sent_ns >= JITTER.up.minimum_ns for each in link.arrivals_ns(sent_ns))


def test_faults_come_as_often_as_asked_and_leave_the_latency_alone() -> None:
    plain = FaultyLink(JITTER.up, LinkFaults(), 1, "a", "up")
    faulty = FaultyLink(JITTER.up, LinkFaults(drop=0.1, double=0.2, reorder=0.3), 1, "a", "up")
    for number in range(4_000):
        (wanted,) = plain.arrivals_ns(number * SECOND_NS)
        arrivals = faulty.arrivals_ns(number * SECOND_NS)
        assert not arrivals or wanted <= arrivals[0] <= wanted + 50 * MS
    assert 350 < faulty.dropped < 450
    assert 700 < faulty.doubled < 900
    assert 1_100 < faulty.held < 1_300


def test_every_cell_has_one_episode() -> None:
    clock = EpisodeClock(Stalls(every="10s", duration="2s"), 1, "a")
    inside = [bool(clock.end_ns(number * SECOND_NS // 10)) for number in range(10_000)]
    for cell in range(100):
        assert sum(inside[100 * cell : 100 * cell + 100]) in (20, 21)


def test_spans_cover_their_beginning_only() -> None:
    spans = ((10, 20), (30, 31))
    assert [covered(spans, each) for each in (9, 10, 19, 20, 30, 31)] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]
    assert not covered((), 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"up": {"drop": 0.95}}, "Expected `float` <= 0.9"),
        ({"up": {"drop": 0.6, "double": 0.6}}, r"double: expected at most 1 - drop, was 0.6 with drop 0.6"),
        (
            {"down": {"stalls": {"every": "1s", "duration": "2s"}}},
            r"duration: expected at most every \('1s'\)",
        ),
        ({"up": {"late_share": 0.1}}, "unknown field `late_share`"),
        ({"heartbeat": "soon"}, "Expected `str` matching"),
    ],
)
def test_the_configuration_is_checked(text: Any, said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(text, AccountFaults)
