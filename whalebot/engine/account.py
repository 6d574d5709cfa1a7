"""Balances: what the wallet holds, and equity including the unrealised PnL of every holding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from whalebot.domain.orders import WalletReport
from whalebot.engine.ledger import entry_price, open_qty, unrealised
from whalebot.engine.market import SymbolMarket
from whalebot.engine.positions import PositionManager


def _nobody() -> None:
    """Nobody listens."""


class Account:
    """The wallet as the venue last told it; None until it did. Quote currency.

    `on_change` hears of every new balance; `in_doubt` is set while one waits for its explanation.
    """

    def __init__(self, positions: PositionManager, markets: dict[str, SymbolMarket]) -> None:
        self._positions = positions
        self._markets = markets
        self.wallet: WalletReport | None = None
        self.reports = 0
        self._last_fill_ms = 0
        self.in_doubt = False
        self.on_change: Callable[[], None] = _nobody

    def on_wallet(self, report: WalletReport) -> None:
        """Take a report of the stream unless an older one."""
        self.reports += 1
        if self.wallet is None or report.updated_ms >= self.wallet.updated_ms:
            self.wallet = report
            self.on_change()

    def on_answer(self, report: WalletReport, reports: int, market_ms: int) -> None:
        """Take the answer to a question asked after `reports` reports, at market time `market_ms`.

        An answer carries the time of the venue's machine, which on an accelerated exchange is not that of
        its market: it counts as of the question, and gives way to whatever the stream told since.
        """
        if self.reports == reports:
            self.wallet = replace(report, updated_ms=market_ms)
            self.on_change()

    def on_fill(self, ts_ms: int) -> None:
        """Remember that the balance is about to change (`ts_ms` venue time)."""
        self._last_fill_ms = max(self._last_fill_ms, ts_ms)

    @property
    def settled(self) -> bool:
        """True when the wallet already reflects the newest fill, and nothing in it is unexplained."""
        known = self.wallet is not None and self.wallet.updated_ms >= self._last_fill_ms
        return known and not self.in_doubt

    def equity(self) -> Decimal | None:
        """Return wallet balance plus unrealised PnL at the newest prices; None while either is unknown."""
        if self.wallet is None:
            return None
        total = self.wallet.wallet_balance
        for symbol, holding in self._positions.holdings.items():
            price = self._markets[symbol].last_price
            if price is None:
                return None
            total += unrealised(holding.memory, price)
        return total

    def available(self, without: str | None = None) -> Decimal:
        """Return what is free for margin: equity less the margin of every holding but that of `without`."""
        equity = self.equity()
        if equity is None:
            return Decimal(0)
        used = Decimal(0)
        for symbol, holding in self._positions.holdings.items():
            if symbol != without:
                memory = holding.memory
                used += entry_price(memory) * open_qty(memory) / max(memory.leverage, Decimal(1))
        return max(Decimal(0), equity - used)
