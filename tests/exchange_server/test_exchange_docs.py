"""The examples of the pages for outsiders run as they are printed, on another port."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import ccxt
import pytest
from exchange_harness import Running, running

from whalebot.adapters.exchange.server.fault_actions import FaultActions
from whalebot.adapters.exchange.server.options import DEFAULT_KEY, DEFAULT_SECRET

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PAGES: Final = {page.stem: page for page in (DOCS / "local-exchange.md", *(DOCS / "exchange").glob("*.md"))}
ADDRESS: Final = "127.0.0.1:8899"
# Where the real websocat is missing: a message for each line, a line for each message.
STAND_IN: Final = """
import sys, threading, websocket
socket = websocket.create_connection(sys.argv[1])
def show():
    try:
        while True:
            print(socket.recv(), flush=True)
    except (OSError, websocket.WebSocketException):
        pass
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    socket.send(line.rstrip("\\n"))
socket.close()
"""


def examples(language: str) -> list[tuple[str, str]]:
    """Return (page, code) of every example in a language."""
    fence = re.compile(rf"```{language}\n(.*?)```", re.DOTALL)
    return [(name, code) for name, page in sorted(PAGES.items()) for code in fence.findall(text(page))]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def numbered(found: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(code, id=f"{page}-{number}") for number, (page, code) in enumerate(found)]


@pytest.fixture
def exchange():
    with running(api_key=DEFAULT_KEY, api_secret=DEFAULT_SECRET, speed="60") as alive:
        yield alive


def here(code: str, exchange: Running) -> str:
    return code.replace(ADDRESS, f"127.0.0.1:{exchange.server.port}")


@pytest.mark.socket
@pytest.mark.parametrize("code", numbered(examples("python")))
def test_a_python_example_runs(
    exchange: Running, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = here(code, exchange)
    if "from freqtrade" in code:
        ast.parse(program)
        return
    if "asyncio.run(" in code:
        # Leaves nothing behind, and ccxt takes seconds to import anew.
        example = tmp_path / "example.py"
        example.write_text(program, encoding="utf-8")
        runpy.run_path(str(example), run_name="__main__")
        assert capsys.readouterr().out.strip()
        return
    command = [sys.executable, "-c", program]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        # pybit registers its callback after sending: a busy machine may let the answer come first.
        if "_queue.Empty" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.fixture
def shell_path(tmp_path: Path) -> str:
    """Return a PATH on which websocat is found: the real one, else a stand-in for what is asked here."""
    if shutil.which("websocat") is None:
        tool = tmp_path / "websocat"
        tool.write_text(f"#!{sys.executable}\n{STAND_IN}")
        tool.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.socket
@pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("openssl") is None, reason="no curl, openssl"
)
@pytest.mark.parametrize("code", numbered(examples("sh")))
def test_a_shell_example_runs(exchange: Running, code: str, shell_path: str) -> None:
    script = here(code, exchange).replace("curl ", "curl --silent --show-error --fail --write-out '\\n' ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": shell_path},
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line]
    assert answers
    for answer in answers:
        assert answer.get("retCode", 0) == 0, answer
        assert answer.get("success", True) is True, answer
    if "/v5/public/linear" in code:
        assert {"tickers.BTCUSDT", "kline.1.BTCUSDT"} <= {answer.get("topic") for answer in answers}


@pytest.mark.socket
def test_the_settings_for_freqtrade_redirect_ccxt(exchange: Running) -> None:
    ((_, document),) = examples("json")
    settings = json.loads(here(document, exchange))["exchange"]
    client = ccxt.bybit({"apiKey": settings["key"], "secret": settings["secret"], **settings["ccxt_config"]})
    assert settings["pair_whitelist"][0] in client.load_markets()
    assert client.fetch_balance()["USDT"]["total"] == 1000
    sockets = json.dumps(settings["ccxt_config"]["urls"]["api"]["ws"])
    assert set(re.findall(r"ws://([^/]+)/", sockets)) == {f"127.0.0.1:{exchange.server.port}"}
    client.session.close()


def test_every_page_is_reached_from_the_overview_and_no_link_is_dead() -> None:
    overview = text(PAGES["local-exchange"])
    for name, page in PAGES.items():
        if name != "local-exchange":
            assert f"(exchange/{name}.md)" in overview
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text(page)):
            linked = (page.parent / target).resolve() if target else page
            assert linked.is_file(), (name, target)
            if anchor:
                assert anchor in anchors(linked), (name, target, anchor)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_page_names_every_fault_and_no_other() -> None:
    with running() as exchange:
        known = set(faults_of(exchange))
    table = text(PAGES["local-exchange"]).partition("| `do` |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == known


def faults_of(exchange: Running) -> list[str]:
    actions = exchange.server._faults._actions
    assert isinstance(actions, FaultActions)
    return list(actions.table)
