"""Puts an exchange together from options: the market, the core that lists its symbols, the saved state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.inputs import InstrumentListed, SymbolRules
from whalebot.adapters.exchange.market.playback import PlaybackMarket, PlaybackTrack
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.adapters.exchange.market.state import StateMismatch
from whalebot.adapters.exchange.server.listings import choose_specs
from whalebot.adapters.exchange.server.options import ExchangeOptions
from whalebot.adapters.exchange.server.server import Parts
from whalebot.adapters.exchange.server.state_store import StateStore
from whalebot.domain.errors import ConfigError
from whalebot.domain.instrument import Instrument

ACCOUNT: Final = "local"


def build_parts(options: ExchangeOptions, tracks: Sequence[PlaybackTrack]) -> tuple[Parts, list[str]]:
    """Return the parts of a server, and what its owner should be told (a state that could not be used).

    Raises ConfigError for options that cannot be served.
    """
    if options.data and not tracks:
        raise ConfigError("--data: these files cannot be played here: no reader of market data is installed")
    saved, notices = _load(options)
    if saved is not None:
        try:
            market, instruments = _market(options, tracks, saved.get("market"))
            core = Exchange.from_state(saved["core"])
            core.read.wallet(ACCOUNT)
            core.skip_ids()
        except (StateMismatch, ValueError, KeyError, TypeError) as error:
            notices.append(f"the saved state does not fit ({error}): starting afresh")
        else:
            notices.append("going on from the saved state")
            return _parts(market, core, instruments), notices
    market, instruments = _market(options, tracks, None)
    parts = _parts(market, Exchange(), instruments)
    for symbol, instrument in instruments.items():
        parts.core.apply(InstrumentListed(instrument, market.now_ms, parts.rules[symbol]))
    parts.core.open_account(ACCOUNT, options.balance, market.now_ms)
    return parts, notices


def _load(options: ExchangeOptions) -> tuple[dict[str, Any] | None, list[str]]:
    if options.state is None:
        return None, []
    saved = StateStore(options.state).load()
    return saved.document, [saved.reason] if saved.reason else []


def _parts(market: MarketSource, core: Exchange, instruments: Mapping[str, Instrument]) -> Parts:
    rules = {symbol: SymbolRules() for symbol in instruments}
    return Parts(market, core, instruments, rules, ACCOUNT)


def _market(
    options: ExchangeOptions, tracks: Sequence[PlaybackTrack], state: Mapping[str, Any] | None
) -> tuple[MarketSource, dict[str, Instrument]]:
    if tracks:
        instruments = {track.instrument.symbol: track.instrument for track in tracks}
        return PlaybackMarket(tracks, options.from_ms, options.seed, state), instruments
    # Imported here: a run of recorded data does not pay for the generator.
    from whalebot.adapters.exchange.market.synthetic import SyntheticMarket

    specs = choose_specs(options.symbols)
    instruments = {spec.instrument.symbol: spec.instrument for spec in specs}
    if options.from_ms is None:
        return SyntheticMarket(specs, options.seed, state=state), instruments
    return SyntheticMarket(specs, options.seed, options.from_ms, state=state), instruments
