"""The key and its secret: put to use, refused, provoked into every kind of error, and found nowhere."""

from __future__ import annotations

from pathlib import Path

from processes import KEY, SECRET, Daemon, ExchangeProcess, write_config, write_keys
from test_demo_run import EAGER
from test_restarts import WARM_MS

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.judge import judge_folder

WRONG_SECRET = "e2eWrongWrongWrongWrong1234"


def places_of(folder: Path, *secrets: str) -> list[str]:
    """Return every file below a folder that holds one of the secrets, .env apart."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.name != ".env":
            data = path.read_bytes()
            found += [f"{path}: {secret}" for secret in secrets if secret.encode() in data]
    return found


def test_no_error_tells_the_secret(tmp_path: Path, bars: str, zygote: Zygote) -> None:
    folder = tmp_path / "d"
    options = ("--data", bars, "--from", str(WARM_MS), "--speed", "3000", "--balance", "100000")
    with ExchangeProcess(tmp_path / "x", *options, zygote=zygote) as exchange:
        write_config(folder, exchange.config, {"exchange": {"time_scale": 3000}}, EAGER)
        write_keys(folder, KEY, WRONG_SECRET)
        with Daemon(folder, "-vv", zygote=zygote) as refused:
            assert refused.wait() == 3, refused.output
        assert "key" in refused.output

        write_keys(folder)
        exchange.fault(
            {"do": "reject_order"},
            {"do": "rest_error", "path": "trading-stop", "status": 502},
            {"do": "send_frame", "frame": "garbage", "channel": "all"},
        )
        with Daemon(folder, "-vv", zygote=zygote) as daemon:
            daemon.wait_for_event("trade_closed")
            exchange.fault(
                {"do": "rest_error", "count": 3}, {"do": "drop_streams"}, {"do": "timeout_before", "count": 2}
            )
            daemon.wait_for_event("stream_down")
            daemon.wait_for_event("stream_up", count=4)
            assert daemon.interrupt()[0] == 0
        exchange.stop()
    assert places_of(tmp_path, KEY, SECRET, WRONG_SECRET) == []
    assert KEY in (folder / ".env").read_text()
    verdict = judge_folder(folder, "testnet", exchange.log)
    assert not verdict.findings, verdict
