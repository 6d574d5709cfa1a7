"""What this machine alone can tell: files, room on the disk, secrets, optional parts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from whalebot.app.alerting import channel_fault
from whalebot.app.config.environment import too_open
from whalebot.app.config.launch import start_problems
from whalebot.app.doctor.documents import check_documents
from whalebot.app.doctor.findings import Finding, fail, ok, warn
from whalebot.app.paths import Paths
from whalebot.app.setup import Setup

_LEAST_FREE: Final = 100 * 1024 * 1024
_GOOD_FREE: Final = 1024 * 1024 * 1024


def check_local(setup: Setup) -> Iterator[Finding]:
    """Yield the findings that need no venue."""
    yield from _check_config(setup)
    yield from _check_folder(setup.paths)
    yield from _check_modes(setup.paths)
    yield from check_documents(setup.paths, setup.config.mode)
    yield from _check_parts(setup)


def _check_config(setup: Setup) -> Iterator[Finding]:
    subject = "configuration"
    if setup.config_found:
        yield ok(subject, f"{setup.paths.config} is valid, mode {setup.config.mode}")
    else:
        yield ok(subject, f"no {setup.paths.config}; the defaults hold, mode {setup.config.mode}")
    for note in setup.notes:
        yield warn(subject, note, "see docs/configuration.md")
    for problem in start_problems(setup.config, setup.environment, live_flag=True):
        yield fail(subject, f"the mode cannot start: {problem}", "mend this first")


def _check_folder(paths: Paths) -> Iterator[Finding]:
    if not paths.dir.is_dir():
        yield warn("folder", f"{paths.dir} is not there", "the first start makes it")
        return
    if not os.access(paths.dir, os.W_OK | os.X_OK):
        yield fail("folder", f"{paths.dir} cannot be written to", "change its owner or choose another --dir")
    else:
        yield ok("folder", f"{paths.dir} can be written to")
    free = shutil.disk_usage(paths.dir).free
    text = f"{free / 1024**2:,.0f} MB free"
    if free < _LEAST_FREE:
        yield fail("disk", text, "make room: state and trades must be written before and after each order")
    elif free < _GOOD_FREE:
        yield warn("disk", text, "make room: logs alone may take 120 MB")
    else:
        yield ok("disk", text)


def _check_modes(paths: Paths) -> Iterator[Finding]:
    if too_open(paths.env):
        yield fail("permissions", f"{paths.env} can be read by others", f"chmod 600 {paths.env}")
    open_places = [path for path in (paths.state, paths.logs, paths.history) if _is_open(path)]
    for path in open_places:
        mode = "700" if path.is_dir() else "600"
        yield warn("permissions", f"{path} can be read by others", f"chmod {mode} {path}")
    if not open_places and not too_open(paths.env):
        yield ok("permissions", "secrets, state and logs are their owner's alone")


def _is_open(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _check_parts(setup: Setup) -> Iterator[Finding]:
    alerts = setup.config.alerts
    if not alerts.enabled:
        yield warn("alerts", "switched off: nobody is told of a kill or an outage", "set alerts.enabled")
    elif alerts.channels and importlib.util.find_spec("apprise") is None:
        yield fail("alerts", "apprise is not installed", "pip install apprise (extra alerts)")
    elif fault := channel_fault(setup.config):
        yield fail("alerts", fault, "a start is refused until that is right")
    else:
        chats = f", commands from {len(alerts.telegram.chat_ids)} chats" if alerts.telegram.enabled else ""
        yield ok("alerts", f"{len(alerts.channels)} channels{chats}")
