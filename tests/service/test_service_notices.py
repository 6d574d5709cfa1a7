"""What a running daemon tells its service manager, and when it falls silent."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

from watched_service import WATCHDOG_S, Service

from whalebot.adapters.control.client import ask
from whalebot.app.paths import find_paths

DEMO = {"mode": "demo", "demo": {"speed": 60}}


def words(messages: list[list[str]]) -> set[str]:
    return {line for lines in messages for line in lines}


REFUSED = "config.json was refused at the last reload"


def _end_of(line: str) -> str:
    return line.rpartition("; ")[2]


def test_ready_once_reconciled_then_reload_then_stop(tmp_path: Path) -> None:
    with Service(tmp_path, json.dumps(DEMO)) as service:
        before = service.wait_for("READY=1")
        assert before[0] == ["STATUS=starting: waiting for the venue"]
        view = ask(find_paths(str(service.home), None).control_socket, "status", timeout_s=30)["view"]
        assert view["reconciled_ms"] is not None
        assert any(line.startswith("STATUS=") for line in service.wait_for("STATUS=")[-1])
        service.wait_for("WATCHDOG=1")

        changed = {**DEMO, "signal_score_threshold": 3.5}
        (service.home / "config.json").write_text(json.dumps(changed))
        asked_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        service.child.send_signal(signal.SIGHUP)
        told = service.wait_for("RELOADING=1")[-1]
        stamp_us = int(told[1].removeprefix("MONOTONIC_USEC="))
        assert asked_us <= stamp_us <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert service.wait_for("READY=1")[-1] == ["READY=1"]

        code, took_s = service.end()
        assert code == 0, service.output[-3000:]
        assert took_s < 5
        after = service.wait_for("STOPPING=1", 1)
        assert service.hear(0.1) is None
        assert "READY=1" not in words(after)


def test_a_refused_reload_is_over_too(tmp_path: Path) -> None:
    with Service(tmp_path, json.dumps(DEMO)) as service:
        service.wait_for("READY=1")
        (service.home / "config.json").write_text("{")
        service.child.send_signal(signal.SIGHUP)
        heard = service.wait_for("RELOADING=1")[-1:]
        while not {"READY=1", REFUSED} <= {_end_of(line) for line in words(heard)}:
            assert len(heard) < 60, heard
            heard += service.wait_for("", 30)
        service.wait_for("WATCHDOG=1")
        assert "reload refused" in (service.home / "logs" / "whalebot.log").read_text()


def test_only_the_main_loop_feeds_the_watchdog(tmp_path: Path) -> None:
    with Service(tmp_path, json.dumps(DEMO)) as service:
        service.wait_for("READY=1")
        service.wait_for("WATCHDOG=1")
        service.hang()
        while service.hear(WATCHDOG_S) is not None:
            pass
        # The process lives, and all its other threads: it answers. Only the loop stands.
        assert ask(find_paths(str(service.home), None).control_socket, "status", timeout_s=30)["ok"] is True
        assert service.hear(WATCHDOG_S / 2) is None
        service.go_on()
        service.wait_for("WATCHDOG=1", 30)

        service.child.send_signal(signal.SIGSTOP)
        os.waitpid(service.child.pid, os.WUNTRACED)
        service.drain()
        assert service.hear(WATCHDOG_S) is None
        service.child.send_signal(signal.SIGCONT)
        service.wait_for("WATCHDOG=1", 30)


def test_an_outage_at_the_start_is_no_readiness(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        exchange = {
            "rest_url": f"http://{host}",
            "ws_public_url": f"ws://{host}/v5/public/linear",
            "ws_private_url": f"ws://{host}/v5/private",
        }
        with Service(tmp_path, json.dumps({"mode": "testnet", "exchange": exchange}), keys=True) as service:
            service.wait_for("STATUS=starting")
            _until_logged(service, "does not answer")
            # What ends a reload would end the start: nothing may be said.
            service.child.send_signal(signal.SIGHUP)
            _until_logged(service, "reload: nothing changed")
            code, took_s = service.end()
            assert code == 0, service.output[-3000:]
            # Nobody has to be waited for: no order was ever sent.
            assert took_s < 3.5
            assert "READY=1" not in words(service.wait_for("STOPPING=1", 1))


def _until_logged(service: Service, text: str) -> None:
    deadline_s = time.monotonic() + 30
    while text not in service.output:
        assert time.monotonic() < deadline_s, service.output[-3000:]
        heard = service.hear(0.1)
        assert heard is None or "READY=1" not in heard
