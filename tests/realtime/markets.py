"""Markets in realtime with outside accounts, in a thread, with a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from actors.match_config import BotSpec, MatchSpec
from actors.realtime.client import MarketClient
from actors.realtime.line import BOUNDS, Bounds
from actors.realtime.run import RealtimeRunner
from actors.result import MatchResult
from tests.match.test_match import spec
from tests.realtime.clocks import HandClock

ALICE = BotSpec(name="alice", strategy="outside", config={"trades": True, "bars": ["1s"]})
BOB = BotSpec(name="bob", strategy="outside", config={"quotes": False, "book_interval": "1s"})
KEY = "0123456789abcdef-alice"
BOB_KEY = "0123456789abcdef-bob"
ENVIRONMENT = {"ARENA_KEY_ALICE": KEY, "ARENA_KEY_BOB": BOB_KEY}
NAME = "BTC/USDT:USDT"


class OpenMarket:
    """A market under way: where to join it, and what it leaves once `close` has ended it."""

    def __init__(self, runner: RealtimeRunner, port: int, drawn: Mapping[str, str]) -> None:
        self.runner = runner
        self.port = port
        self.drawn = drawn
        self.result: MatchResult | None = None

    def join(self, account: str = "alice", **options: object) -> MarketClient:
        key = KEY if account == "alice" else BOB_KEY
        return MarketClient.join(self.port, account, key, **options)  # type: ignore[arg-type]


def match_of(*bots: BotSpec, duration: str = "12h") -> MatchSpec:
    """A match that lasts longer than any test."""
    return spec(*bots, duration=duration)


@contextmanager
def open_market(
    match: MatchSpec,
    *,
    environment: Mapping[str, str] = ENVIRONMENT,
    journal_path: Path | None = None,
    bounds: Bounds = BOUNDS,
) -> Iterator[OpenMarket]:
    """Play a match in a thread until the block ends."""
    announced: SimpleQueue[tuple[int, Mapping[str, str]] | None] = SimpleQueue()
    runner = RealtimeRunner(
        1.0,
        environment=environment,
        announce=lambda port, drawn: announced.put((port, drawn)),
        clock=HandClock(),
        bounds=bounds,
    )
    with ThreadPoolExecutor(1) as pool:
        played = pool.submit(runner.play, match, journal_path=journal_path)
        played.add_done_callback(lambda _: announced.put(None))
        found = announced.get()
        if found is None:
            played.result()
            raise AssertionError("the market was not announced")
        market = OpenMarket(runner, *found)
        try:
            yield market
        finally:
            runner.end()
            market.result = played.result()
