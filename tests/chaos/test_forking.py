"""Processes forked from one that has imported the program: they are what plain starts of it are."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.process import Child, exchange_arguments, listening_port, make_zygote

WITHIN_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
EXCHANGE = ("whalebot.app.commands.exchange", "whalebot.adapters.exchange.main")
TELLER = """
import atexit, json, os, signal, sys

def tell():
    print(json.dumps({
        "environment": dict(os.environ), "folder": os.getcwd(), "arguments": sys.argv[1:],
        "interrupt": str(signal.getsignal(signal.SIGINT)),
        "files": len([n for n in os.listdir("/proc/self/fd") if int(n) > 2]) - 1,
        "input": os.readlink("/proc/self/fd/0"),
    }))

atexit.register(tell)
"""
CAMPAIGN = """
import sys
from pathlib import Path
from whalebot.research.chaos.process import Child, exchange_arguments, listening_port, make_zygote

folder = Path(sys.argv[1])
zygote = make_zygote(())
child = Child(folder / "out", *exchange_arguments(folder, 0, {"market": "gbm-regimes"}), zygote=zygote)
listening_port(child)
print(zygote.process.pid, child.pid, flush=True)
child.process.wait()
"""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """One that has imported the exchange."""
    with make_zygote(EXCHANGE) as made:
        yield made


def start_exchange(folder: Path, zygote: Zygote) -> Child:
    """Start an exchange and wait until it listens."""
    child = Child(folder / "out", *exchange_arguments(folder, 0, {"market": "gbm-regimes"}), zygote=zygote)
    listening_port(child)
    return child


@pytest.mark.parametrize("arguments", [["--version"], ["nonsense"], ["backtest", "--data", "no such file"]])
def test_output_and_exit_code_are_those_of_a_plain_start(
    tmp_path: Path, zygote: Zygote, arguments: list[str]
) -> None:
    forked = Child(tmp_path / "forked", *arguments, zygote=zygote)
    plain = Child(tmp_path / "plain", *arguments)
    codes = forked.wait(WITHIN_S), plain.wait(WITHIN_S)
    assert codes[0] == codes[1] is not None
    assert forked.said() == plain.said() != b""


def test_an_exchange_that_is_told_to_end_does_so_in_order(tmp_path: Path, zygote: Zygote) -> None:
    child = start_exchange(tmp_path, zygote)
    assert child.wait(0) is None
    assert child.peak_mib() > 1
    child.signal(signal.SIGTERM)
    assert child.wait(WITHIN_S) == 0
    assert child.code == 0
    assert (tmp_path / "exchange.jsonl").read_text().count('"kind":"start"') == 1


def test_a_process_is_stopped_goes_on_and_is_killed(tmp_path: Path, zygote: Zygote) -> None:
    child = start_exchange(tmp_path, zygote)
    child.signal(signal.SIGSTOP)
    child.signal(signal.SIGTERM)
    assert child.wait(0.2) is None
    child.signal(signal.SIGKILL)
    assert child.wait(WITHIN_S) == -signal.SIGKILL
    child.signal(signal.SIGTERM)
    child.end()
    assert child.code == -signal.SIGKILL


def test_several_processes_end_each_with_its_own_code(tmp_path: Path, zygote: Zygote) -> None:
    arguments = ["--version", "nonsense"] * 3
    children = [Child(tmp_path / f"out{at}", word, zygote=zygote) for at, word in enumerate(arguments)]
    assert [child.wait(WITHIN_S) for child in children] == [0, 2] * 3


def test_environment_folder_signals_and_files_are_those_of_a_fresh_process(tmp_path: Path) -> None:
    (tmp_path / "teller.py").write_text(TELLER)
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PATH": os.environ["PATH"], "A": "b"}
    with Zygote((), environment, ["numpy", "teller"]) as zygote, (tmp_path / "out").open("wb") as output:
        running = zygote.start(["exchange", "--help"], tmp_path, output.fileno())
        first = zygote.start(["--version"], tmp_path, output.fileno())
        assert running.wait(WITHIN_S) == first.wait(WITHIN_S) == 0
    told = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines() if line.startswith("{")]
    assert sorted(entry.pop("arguments") for entry in told) == [["--version"], ["exchange", "--help"]]
    for entry in told:
        # Python itself sets this one where the locale is C.
        entry["environment"].pop("LC_CTYPE", None)
        assert entry == {
            "environment": environment,
            "folder": str(tmp_path),
            "interrupt": str(signal.getsignal(signal.SIGINT)),
            "files": 0,
            "input": os.devnull,
        }


def test_an_import_that_starts_threads_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    (tmp_path / "busy.py").write_text(text)
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    with (
        Zygote((), environment, ["busy"]) as zygote,
        (tmp_path / "out").open("wb") as output,
        pytest.raises(OSError, match="has died"),
    ):
        zygote.start(["--version"], tmp_path, output.fileno())
    assert "a process of 2 threads cannot be forked safely" in capfd.readouterr().err


def test_nothing_stays_behind_when_what_forks_is_killed(tmp_path: Path) -> None:
    with make_zygote(EXCHANGE) as zygote:
        child = start_exchange(tmp_path, zygote)
        ended = os.pidfd_open(child.pid)
        zygote.process.kill()
        assert child.wait(WITHIN_S) == -signal.SIGKILL
        assert select.select([ended], [], [], WITHIN_S)[0]
        os.close(ended)
        with pytest.raises(OSError, match=r"Broken pipe|reset|has died"):
            Child(tmp_path / "out", "--version", zygote=zygote)


def test_nothing_stays_behind_when_the_campaign_is_killed(tmp_path: Path) -> None:
    campaign = subprocess.Popen(
        [sys.executable, "-c", CAMPAIGN, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with campaign:
        assert campaign.stdout is not None
        ended = [os.pidfd_open(int(pid)) for pid in campaign.stdout.readline().split()]
        campaign.kill()
        assert len(ended) == 2
        for descriptor in ended:
            assert select.select([descriptor], [], [], WITHIN_S)[0]
            os.close(descriptor)
