"""Puts an exchange together from options: the market, the core that lists its symbols, the saved state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.inputs import InstrumentListed, SymbolRules
from whalebot.adapters.exchange.core.world import Settings
from whalebot.adapters.exchange.market.frame_market import FrameMarket
from whalebot.adapters.exchange.market.playback import PlaybackMarket, PlaybackTrack
from whalebot.adapters.exchange.market.recording import FrameTrack
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.adapters.exchange.market.state import StateMismatch
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.server import Parts
from whalebot.adapters.exchange.server.state_store import Saved, StateStore
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument

ACCOUNT: Final = "local"
# Closed orders, fills and transactions that are kept when they are saved every few seconds.
SAVED_ROWS: Final = 2_000
_BROKEN: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError)
Tracks: TypeAlias = Sequence[PlaybackTrack] | Sequence[FrameTrack]
"""What was recorded of every symbol: bars of all, or frames of all."""


def build_parts(options: ExchangeOptions, tracks: Tracks) -> tuple[Parts, list[str]]:
    """Return the parts of a server, and what its owner should be told (a state that could not be used).

    Raises ConfigError for options that cannot be served.
    """
    if options.data and not tracks:
        raise ConfigError("--data: these files cannot be played here: no reader of market data is installed")
    saved = StateStore(options.state).load() if options.state is not None else Saved(None)
    notices = [saved.reason] if saved.reason else []
    if saved.document is not None:
        try:
            market = _market(options, tracks, saved.document.get("market"))
            core = Exchange.from_state(saved.document["core"])
            core.read.wallet(ACCOUNT)
            core.skip_ids()
            # As the run before left them: data or a fault may have changed a tick.
            instruments = {symbol: core.read.market(symbol).instrument for symbol in market.symbols}
        except (StateMismatch, *_BROKEN) as error:
            notices.append(f"the saved state does not fit ({error}): starting afresh{_kept(options, saved)}")
        else:
            notices.append("going on from the saved state")
            return _parts(market, core, instruments), notices
    market = _market(options, tracks, None)
    instruments = {symbol: market.instrument(symbol) for symbol in market.symbols}
    settings = None if options.state is None else Settings(history_limit=SAVED_ROWS)
    parts = _parts(market, Exchange(settings=settings), instruments)
    for symbol, instrument in instruments.items():
        parts.core.apply(InstrumentListed(instrument, market.now_ms, parts.rules[symbol]))
    parts.core.open_account(ACCOUNT, options.balance, market.now_ms)
    return parts, notices


def _kept(options: ExchangeOptions, saved: Saved) -> str:
    if options.state is None or saved.path is None:
        return ""
    return f"; it is kept as {StateStore(options.state).set_aside(saved.path, 'old').name}"


def _parts(market: MarketSource, core: Exchange, instruments: Mapping[str, Instrument]) -> Parts:
    rules = {symbol: SymbolRules() for symbol in instruments}
    return Parts(market, core, instruments, rules, ACCOUNT)


def _market(options: ExchangeOptions, tracks: Tracks, state: Mapping[str, Any] | None) -> MarketSource:
    recorded = [track for track in tracks if isinstance(track, FrameTrack)]
    bars = [track for track in tracks if isinstance(track, PlaybackTrack)]
    if recorded:
        return FrameMarket(recorded, options.from_ms, options.seed, state)
    if bars:
        return PlaybackMarket(bars, options.from_ms, options.seed, state)
    # Imported here: a run of recorded data does not pay for the generator.
    from whalebot.adapters.exchange.market.synthetic import DEFAULT_START_MS, SyntheticMarket, make_specs

    start_ms = DEFAULT_START_MS if options.from_ms is None else options.from_ms
    return SyntheticMarket(make_specs(options.symbols), options.seed, start_ms, state)
