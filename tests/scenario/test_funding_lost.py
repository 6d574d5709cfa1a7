"""Funding whose private message never comes, on a market that settles it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from processes import Daemon, ExchangeProcess, write_config, write_keys
from test_demo_run import EAGER, HOLDING, LONG_HOLD
from waiting import until

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.judge import judge, read_books
from whalebot.research.chaos.ledger import read_ledger
from whalebot.research.chaos.process import now_ms

SPEED = 1800


def test_a_settlement_nobody_tells_is_asked_for(tmp_path: Path, zygote: Zygote) -> None:
    options = ("--seed", "7", "--symbols", "BTCUSDT", "--balance", "100000", "--check")
    with ExchangeProcess(tmp_path / "x", *options, "--speed", str(SPEED), zygote=zygote) as exchange:
        write_config(
            tmp_path / "d", exchange.config, {"exchange": {"time_scale": SPEED}}, EAGER, HOLDING, LONG_HOLD
        )
        write_keys(tmp_path / "d")
        with Daemon(tmp_path / "d", zygote=zygote) as daemon:
            daemon.wait_for_event("entry")
            exchange.fault({"do": "lose_private", "topic": "execution", "count": 1})
            settled = until(
                lambda: [line for line in exchange.log_now() if line["kind"] == "funding"], "a settlement", 90
            )
            told = daemon.wait_for_event("funding", within_s=60)
            until_ms = now_ms() - 1_000
            assert daemon.interrupt()[0] == 0
            exchange.stop()
            books = read_books(daemon.folder, "testnet", until_ms=until_ms)
            verdict = judge(read_ledger(exchange.log), books)
        assert not verdict.findings, verdict
        assert not daemon.events("stream_down")
        assert Decimal(told["text"].split()[2]) == abs(Decimal(settled[0]["amount"]))
