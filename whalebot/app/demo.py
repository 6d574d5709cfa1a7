"""The exchange of mode demo: a child process that speaks Bybit v5 on loopback, with keys made for the run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import selectors
import signal
import site
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from whalebot.app.config.document import Config
from whalebot.app.config.environment import API_KEY, API_SECRET
from whalebot.app.config.launch import Credentials
from whalebot.app.paths import Paths
from whalebot.app.run_options import RunOptions
from whalebot.domain.errors import ConfigError

EXCHANGE: Final = (sys.executable, "-P", "-m", "whalebot", "exchange")
"""What starts a local exchange. -P: a folder `whalebot` where its owner stands is not the program."""
_START_S: Final = 30.0
_STOP_S: Final = 3.0
_READY: Final = "listening on http://127.0.0.1:"
_IDENTITY: Final = "identity.json"
_TOLD: Final = ("market", "symbols", "balance")
"""What makes a market, in the order in which its digest is taken."""
_DAMAGED: Final = f"{_IDENTITY}, which names the market of the account, is damaged"
_OTHER: Final = "another market than last time"
_UNSURE: Final = f"{_OTHER}, or {_IDENTITY} is damaged"


@dataclass(frozen=True, slots=True)
class DemoExchange:
    """A running local exchange. `time_scale` is market ms per real ms."""

    process: subprocess.Popen[str]
    port: int
    credentials: Credentials
    log: Path
    time_scale: float = field(default=1.0)

    @property
    def rest_url(self) -> str:
        """Where REST is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_public_url(self) -> str:
        """The public stream."""
        return f"ws://127.0.0.1:{self.port}/v5/public/linear"

    @property
    def ws_private_url(self) -> str:
        """The private stream."""
        return f"ws://127.0.0.1:{self.port}/v5/private"

    def has_died(self) -> bool:
        """True when the process ended by itself."""
        return self.process.poll() is not None

    def data_ended(self) -> bool:
        """True when it has played all its data; False while it has not, or does not answer."""
        try:
            with urllib.request.urlopen(f"{self.rest_url}/control/state", timeout=1.0) as reply:
                return bool(json.load(reply).get("ended", False))
        except (OSError, ValueError):
            return False

    def stop(self) -> None:
        """Ask it to save and end; after three seconds it is ended."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@dataclass(frozen=True, slots=True)
class StartingExchange:
    """A local exchange that was launched and is not serving yet."""

    process: subprocess.Popen[str]
    credentials: Credentials
    log: Path
    errors: Path
    time_scale: float

    def wait(self) -> DemoExchange:
        """Return the exchange once it serves. Raises ConfigError when it does not."""
        port = _wait_until_ready(self.process, self.errors)
        return DemoExchange(self.process, port, self.credentials, self.log, self.time_scale)


def launch_demo_exchange(
    config: Config, paths: Paths, options: RunOptions, say: Callable[[str], None]
) -> StartingExchange:
    """Launch the exchange that the table `demo` describes; its account goes on where it was.

    Another market than last time starts afresh, and so does the daemon's memory of the old one, which is
    kept aside. `say` takes a line for the owner. Returns at once; what it returns must be waited for.
    """
    _forget_other_market(config, paths, say)
    credentials = Credentials(f"demo{secrets.token_hex(6)}", secrets.token_hex(18))
    log = paths.logs / "exchange.jsonl"
    environment = {
        "WHALEBOT_EXCHANGE_KEY": credentials.api_key,
        "WHALEBOT_EXCHANGE_SECRET": credentials.api_secret,
    }
    errors = paths.logs / "exchange.log"
    process = start_exchange(_command(config, paths, options, log), environment, errors)
    speed = config.demo.speed
    time_scale = 1.0 if speed == "max" else float(speed)
    return StartingExchange(process, credentials, log, errors, time_scale)


def start_exchange(command: list[str], environment: Mapping[str, str], errors: Path) -> subprocess.Popen[str]:
    """Start a local exchange that never sees the owner's keys; what it complains of goes to `errors`."""
    own = {name: value for name, value in os.environ.items() if name not in (API_KEY, API_SECRET)}
    own |= _import_path(own)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(errors, flags, 0o600), "a", encoding="utf-8") as sink:
        # Its own process group: Ctrl-C in the terminal must reach us first.
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            env={**own, **environment},
            start_new_session=True,
        )


def _import_path(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which the child finds the program where its interpreter alone might not."""
    root, given = str(Path(__file__).resolve().parents[2]), environment.get("PYTHONPATH", "")
    known = (*site.getsitepackages(), site.getusersitepackages(), *filter(None, given.split(os.pathsep)))
    if root in map(os.path.realpath, known):
        return {}
    return {"PYTHONPATH": os.pathsep.join(filter(None, (root, given)))}


def _command(config: Config, paths: Paths, options: RunOptions, log: Path) -> list[str]:
    demo = config.demo
    arguments = [*EXCHANGE, "--dir", str(paths.dir)]
    arguments += ["--port", "0", "--speed", f"{demo.speed}", "--die-with-parent"]
    arguments += [
        "--balance",
        f"{config.trade_management.account_balance}",
        "--state",
        str(paths.exchange_state),
    ]
    arguments += ["--log", str(log), "--rotate-log", "--rate-limits", "off" if demo.speed != 1 else "venue"]
    if options.tick_size is not None:
        arguments += ["--tick", str(options.tick_size)]
    if options.qty_step is not None:
        arguments += ["--step", str(options.qty_step)]
    if demo.data:
        return [*arguments, "--data", *demo.data]
    symbols = ",".join(config.traded_symbols)
    return [*arguments, "--market", demo.market, "--seed", str(demo.seed), "--symbols", symbols]


def _wait_until_ready(process: subprocess.Popen[str], errors: Path) -> int:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline and process.poll() is None:
            if not selector.select(0.1):
                continue
            line = process.stdout.readline()
            if line.startswith(_READY):
                return int(line.removeprefix(_READY).split()[0])
    process.kill()
    code = process.wait()
    tail = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise ConfigError(
        f"the local exchange did not start (exit {code}): {' / '.join(tail) or 'no message'}; see {errors}"
    )


def _forget_other_market(config: Config, paths: Paths, say: Callable[[str], None]) -> None:
    identity = market_identity(config)
    file = paths.exchange_state / _IDENTITY
    paths.exchange_state.mkdir(mode=0o700, parents=True, exist_ok=True)
    text, why = _known_identity(file)
    if text == json.dumps(identity):
        return
    # Up to the comma behind it: a balance of 1000.0 begins one of 1000.05 too.
    told = json.dumps({name: identity[name] for name in _TOLD})[1:-1] + ","
    # Each half names the market by itself: damage to one loses nothing.
    if told not in text and identity["digest"] not in text:
        _keep_aside(paths, why, say)
    elif why == _DAMAGED:
        say(f"{why}; what can be read of it is of this market, whose account goes on")
    _write_whole(file, json.dumps(identity))


def _known_identity(file: Path) -> tuple[str, str]:
    """Return what the file says of the market of the last run, and why that may not be this one."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "", f"{_IDENTITY}, which names the market of the account, is missing"
    except OSError as error:
        return "", f"{_IDENTITY}, which names the market of the account, cannot be read ({error.strerror})"
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return text, _DAMAGED
    if not isinstance(known, dict):
        return text, _DAMAGED
    if known.keys() == {"market", "digest"}:
        # Of an earlier version: nothing in it vouches for its digest.
        return text, _UNSURE
    is_whole = known.get("digest") == _digest([known.get(name) for name in _TOLD])
    return text, _OTHER if is_whole else _DAMAGED


def _keep_aside(paths: Paths, why: str, say: Callable[[str], None]) -> None:
    state = paths.state_file("demo")
    for old in (state, state.with_name(state.name + ".last"), *paths.exchange_state.glob("*.json")):
        if old.exists() and (old.name != _IDENTITY or why == _DAMAGED):
            aside = _unused(old)
            old.rename(aside)
            say(f"{why}: {old.name} is kept aside as {aside.name}")


def _write_whole(file: Path, text: str) -> None:
    """Write a small file at once or not at all: half an identity would be that of another market."""
    beside = file.with_name(file.name + ".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="utf-8") as sink:
        sink.write(text)
        sink.flush()
        os.fsync(sink.fileno())
    os.replace(beside, file)


def market_identity(config: Config) -> dict[str, Any]:
    """Return what makes two runs of the demo the same market, and a digest of it."""
    demo = config.demo
    played = ";".join(f"{Path(f.rpartition('=')[2]).name}" for f in demo.data)
    source = played or f"{demo.market}/{demo.seed}"
    symbols = sorted(config.traded_symbols) if not played else []
    told = [source, symbols, config.trade_management.account_balance]
    return {**dict(zip(_TOLD, told, strict=True)), "digest": _digest(told)}


def _digest(told: list[Any]) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _unused(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.old-{number}")).exists():
        number += 1
    return aside
