"""Positions, closed positions, wallets and the ledger as the venue writes them."""

from __future__ import annotations

from typing import Any

from whalebot.adapters.exchange.core.records import (
    ClosedPnlRecord,
    PositionRecord,
    TransactionRecord,
    WalletRecord,
)
from whalebot.adapters.exchange.server.wire import (
    plain,
    plain_or,
    rounded,
    rounded_or,
    side_or_empty,
)
from whalebot.adapters.exchange.server.wire_orders import CATEGORY


def position_row(position: PositionRecord) -> dict[str, Any]:
    """Return a position as position/list shows it: `avgPrice`, "0.00" or "" for none."""
    return {
        **_position(position, no_stop="0.00"),
        "avgPrice": rounded_or(position.avg_price, "0"),
        "mmrSysUpdateTime": "",
        "breakEvenPrice": rounded_or(position.break_even_price, ""),
    }


def position_frame_row(position: PositionRecord) -> dict[str, Any]:
    """Return a position as the private `position` topic carries it: `entryPrice`, "0" for none."""
    return {
        **_position(position, no_stop="0"),
        "entryPrice": rounded_or(position.avg_price, "0"),
        "mmrSysUpdatedTime": "",
        "category": CATEGORY,
        "breakEvenPrice": rounded_or(position.break_even_price, "0"),
    }


def _position(position: PositionRecord, no_stop: str) -> dict[str, Any]:
    margin_im, margin_mm = rounded(position.position_im), rounded(position.position_mm)
    is_flat = position.side is None
    return {
        "positionIdx": position.position_idx,
        "riskId": position.risk_id,
        "riskLimitValue": plain(position.risk_limit_value),
        "symbol": position.symbol,
        "side": side_or_empty(position.side),
        "size": plain(position.qty),
        "positionValue": "" if is_flat and no_stop == "0.00" else rounded(position.position_value),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0 if is_flat else 2,
        "leverage": plain(position.leverage),
        "positionBalance": margin_im if position.is_isolated else "0",
        "markPrice": plain_or(position.mark_price, ""),
        "liqPrice": rounded_or(position.liq_price, ""),
        "bustPrice": "",
        "positionMM": margin_mm,
        "positionMMByMp": margin_mm,
        "positionIM": margin_im,
        "positionIMByMp": margin_im,
        "tpslMode": "Full",
        "takeProfit": plain_or(position.take_profit, no_stop),
        "stopLoss": plain_or(position.stop_loss, no_stop),
        "trailingStop": plain_or(position.trailing_stop, no_stop),
        "unrealisedPnl": rounded(position.unrealised_pnl),
        "curRealisedPnl": plain(position.cur_realised_pnl),
        "cumRealisedPnl": plain(position.cum_realised_pnl),
        "sessionAvgPrice": "",
        "seq": position.seq,
        "isReduceOnly": False,
        "leverageSysUpdatedTime": "",
        "createdTime": str(position.created_ms),
        "updatedTime": str(position.updated_ms),
    }


def wallet_row(wallet: WalletRecord) -> dict[str, Any]:
    """Return a wallet as account/wallet-balance and the private `wallet` topic write it."""
    equity, available = rounded(wallet.equity), rounded(wallet.available_balance)
    im_rate, mm_rate = plain(wallet.im_rate), plain(wallet.mm_rate)
    initial, maintenance = rounded(wallet.initial_margin), rounded(wallet.maintenance_margin)
    margins = {
        "accountIMRate": im_rate,
        "accountIMRateByMp": im_rate,
        "accountMMRate": mm_rate,
        "accountMMRateByMp": mm_rate,
        "totalMarginBalance": equity,
        "totalAvailableBalance": available,
        "totalInitialMargin": initial,
        "totalInitialMarginByMp": initial,
        "totalMaintenanceMargin": maintenance,
        "totalMaintenanceMarginByMp": maintenance,
    }
    # Isolated positions share no margin, so that the account as a whole has none of these.
    if wallet.is_isolated:
        margins = dict.fromkeys(margins, "")
    return {
        "accountType": "UNIFIED",
        **margins,
        "totalEquity": equity,
        "totalWalletBalance": plain(wallet.wallet_balance),
        "totalPerpUPL": rounded(wallet.unrealised_pnl),
        "accountLTV": "0",
        "coin": [_coin(wallet, equity)],
    }


def _coin(wallet: WalletRecord, equity: str) -> dict[str, Any]:
    return {
        "coin": "USDT",
        "equity": equity,
        "usdValue": equity,
        "walletBalance": plain(wallet.wallet_balance),
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "totalOrderIM": rounded(wallet.order_im),
        "totalPositionIM": rounded(wallet.position_im),
        "totalPositionMM": rounded(wallet.position_mm),
        "unrealisedPnl": rounded(wallet.unrealised_pnl),
        "cumRealisedPnl": plain(wallet.cum_realised_pnl),
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
        "locked": "0",
        "spotHedgingQty": "0",
        "spotBorrow": "0",
    }


def closed_pnl_row(closed: ClosedPnlRecord) -> dict[str, Any]:
    """Return what one closing order earned, as position/closed-pnl lists it."""
    return {
        "symbol": closed.symbol,
        "orderType": closed.order_type.value,
        "leverage": plain(closed.leverage),
        "updatedTime": str(closed.updated_ms),
        "side": closed.side.value,
        "orderId": closed.order_id,
        "closedPnl": rounded(closed.closed_pnl),
        "openFee": rounded(closed.open_fee),
        "closeFee": rounded(closed.close_fee),
        "avgEntryPrice": rounded(closed.avg_entry_price),
        "qty": plain(closed.qty),
        "cumEntryValue": rounded(closed.entry_value),
        "createdTime": str(closed.created_ms),
        "orderPrice": plain(closed.order_price),
        "closedSize": plain(closed.closed_size),
        "avgExitPrice": rounded(closed.avg_exit_price),
        "execType": closed.exec_type.value,
        "fillCount": str(closed.fill_count),
        "cumExitValue": rounded(closed.exit_value),
    }


def transaction_row(entry: TransactionRecord) -> dict[str, Any]:
    """Return one change of the cash balance, as account/transaction-log lists it."""
    return {
        "id": entry.transaction_id,
        "symbol": entry.symbol,
        "category": CATEGORY if entry.symbol else "",
        "side": side_or_empty(entry.side) or "None",
        "transactionTime": str(entry.ts_ms),
        "type": entry.kind,
        "transSubType": "",
        "qty": plain(entry.qty),
        "size": plain(entry.size),
        "currency": "USDT",
        "tradePrice": plain(entry.price),
        "funding": plain_or(entry.funding, ""),
        "fee": plain(entry.fee),
        "cashFlow": plain(entry.cash_flow),
        "change": plain(entry.change),
        "cashBalance": plain(entry.cash_balance),
        "feeRate": plain(entry.fee_rate),
        "bonusChange": "",
        "tradeId": entry.trade_id,
        "orderId": entry.order_id,
        "orderLinkId": entry.order_link_id,
        "extraFees": "",
    }
