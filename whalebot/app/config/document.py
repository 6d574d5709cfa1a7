"""The whole of config.json as a model: every table, every key, its default and range."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from whalebot.app.config.analysis_tables import (
    DynamicThresholdTable,
    IndicatorTable,
    Interval,
    MtfTable,
    ScoringTable,
    SwitchTable,
    WeightTable,
)
from whalebot.app.config.fields import (
    BARS,
    SECONDS,
    SYMBOL_NAME,
    Name,
    Symbol,
    Table,
    key,
    table,
    whole_number,
)
from whalebot.app.config.service_tables import (
    AlertTable,
    LeaseTable,
    LoggingTable,
    MetricsTable,
    RecordingsTable,
    WebTable,
)
from whalebot.app.config.trading_tables import (
    EvFilterTable,
    GuardrailTable,
    LadderTable,
    PyramidingTable,
    SessionTable,
    TradeTable,
)
from whalebot.app.config.venue_tables import DemoTable, ExchangeTable

Mode: TypeAlias = Literal["demo", "replay", "paper", "testnet", "bybit-demo", "live"]

DEFAULT_WEIGHT_SET: Final = "default_scalping"
OTHER_COMMANDS_TABLES: Final = ("scanner", "prism", "strategies", "portfolio")
"""Tables that other commands check in full; here a fault in one of them is a warning."""


class Config(Table):
    """config.json, checked. Values are as written in the file: percent, seconds, minutes."""

    schema_path: str | None = Field(
        default=None, alias="$schema", description="where editors find the JSON Schema of this file"
    )
    mode: Mode = key("demo", "where market data comes from and where orders go")
    live_trading_confirmed: bool = key(False, "mode live needs this and --live on the command line, both")
    exchange: ExchangeTable = table(ExchangeTable, "the venue's endpoints")
    demo: DemoTable = table(DemoTable, "what the local exchange of mode demo plays")
    symbol: Symbol = key(
        "BTCUSDT", "the instrument to trade; the same as symbols with one name", allowed=SYMBOL_NAME
    )
    symbols: tuple[Symbol, ...] | None = key(
        None, "several instruments to trade at once, instead of symbol", min_length=1, max_length=500
    )
    interval: Interval = key("15", "primary bar: minutes, or D, W, M")
    intrabar: bool = key(False, "decide on the forming bar too; its signals can vanish")
    loop_delay: float = key(15.0, "heartbeat when no bar closes", SECONDS, ge=0.1, le=3600)
    orderbook_limit: Annotated[Literal[1, 50, 200, 1000], BeforeValidator(whole_number)] = key(
        50,
        "levels of the order book",
        allowed="1, 50, 200 or 1000 (500 is an older depth, no longer offered)",
    )
    timezone: str = key(
        "America/Chicago", "for display; everything on disk is UTC", allowed="an IANA name, as Europe/Berlin"
    )
    signal_score_threshold: float = key(2.0, "score from which a signal is BUY or SELL", gt=0, le=100_000)
    cooldown_sec: float = key(60.0, "time after an entry without another", SECONDS, ge=0, le=31_536_000)
    cooldown_bars: int = key(0, "bars after an exit without an entry", BARS, ge=0, le=100_000)
    hysteresis_ratio: float = key(
        0.85, "fraction of the threshold below which a signal is let go", gt=0, le=1
    )
    volume_confirmation_multiplier: float = key(
        1.5, "multiple of mean volume that confirms a score; 1 or less turns the filter off", ge=0, le=100
    )
    volume_delta_source: Literal["klines", "trades"] = key(
        "klines", "volume delta from bars, or from public trades"
    )
    mtf_analysis: MtfTable = table(MtfTable, "trends of higher timeframes")
    indicator_settings: IndicatorTable = table(IndicatorTable, "periods and thresholds of the indicators")
    indicators: SwitchTable = table(SwitchTable, "switches of the scoring groups")
    weight_sets: dict[Name, WeightTable] = Field(
        default_factory=lambda: {DEFAULT_WEIGHT_SET: WeightTable()}, description="named sets of weights"
    )
    active_weight_set: str = key(DEFAULT_WEIGHT_SET, "the set that scores", allowed="a name in weight_sets")
    dynamic_threshold: DynamicThresholdTable = table(
        DynamicThresholdTable, "a threshold that follows volatility"
    )
    scoring: ScoringTable = table(ScoringTable, "the model that makes the score")
    trade_management: TradeTable = table(TradeTable, "size, stops and exits")
    adopt_foreign_positions: Literal["protect", "ignore", "close"] = key(
        "protect", "what to do with a position that this daemon did not open"
    )
    on_shutdown: Literal["keep", "close"] = key("keep", "what the end of the daemon does with positions")
    pyramiding: PyramidingTable = table(PyramidingTable, "adding to winners")
    take_profit_ladder: LadderTable = table(LadderTable, "leaving in parts")
    ev_filter: EvFilterTable = table(EvFilterTable, "entries only while recent trades paid")
    risk_guardrails: GuardrailTable = table(GuardrailTable, "limits before every entry")
    session_filter: SessionTable = table(SessionTable, "hours of entries")
    record: bool = key(
        False, "write every event and every decision to recordings/, to be replayed and compared"
    )
    recordings: RecordingsTable = table(RecordingsTable, "what is kept of recordings/")
    logging: LoggingTable = table(LoggingTable, "the log")
    alerts: AlertTable = table(AlertTable, "telling people")
    metrics: MetricsTable = table(MetricsTable, "figures for Prometheus")
    web: WebTable = table(WebTable, "the HTTP server")
    lease: LeaseTable = table(LeaseTable, "one daemon for one account")
    scanner: dict[str, Any] | None = key(None, "the scanner's own table")
    prism: dict[str, Any] | None = key(None, "the prism model's own table")
    strategies: dict[str, Any] | None = key(None, "the strategies' own table")
    portfolio: dict[str, Any] | None = key(None, "the portfolio's own table")

    @property
    def traded_symbols(self) -> tuple[str, ...]:
        """The instruments to trade, in the order of the file."""
        if self.symbols is not None:
            return self.symbols
        return (self.symbol,)

    @property
    def weights(self) -> WeightTable:
        """The set of weights that scores."""
        return self.weight_sets[self.active_weight_set]
