"""The text of a systemd unit for one instance of the daemon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whalebot.domain.errors import ConfigError

RELIES_ON: Final = """\
Type=notify
NotifyAccess=main
# Of all threads, where a watchdog's abort found them; memory with keys in it is written nowhere.
Environment=PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1
# The program comes from where it is installed: no file of the working folder stands in for a module.
Environment=PYTHONSAFEPATH=1
LimitCORE=0"""

CHECKED_FIRST: Final = """\
# Names every problem of the configuration, and no more: an outage of the venue must not keep the daemon from
# its positions. A failure here is passed over ("-"), because systemd would try again; the daemon then ends by
# itself with exit code 2, after which it does not."""

MANNERS: Final = """\
ExecReload=/bin/kill -HUP $MAINPID

# Ready means: reconciled with the venue, which takes as long as an outage lasts.
TimeoutStartSec=infinity
# Fed by the main loop only while it goes round.
WatchdogSec=30
# The daemon ends in under five seconds; a demo's exchange is its child and ends after it.
KillMode=mixed
KillSignal=SIGTERM
TimeoutStopSec=20
Restart=on-failure
RestartSec=5
# A wrong configuration or a refused key does not get better by trying again.
RestartPreventExitStatus=2 3"""

SANDBOX_OF_ALL: Final = """\
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM"""
"""What a user's own service manager can do as well."""

SANDBOX_OF_SYSTEM: Final = """\
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RemoveIPC=yes"""

_HOMES: Final = ("/home", "/root", "/run/user")
_SHARED: Final = ("/tmp", "/var/tmp")


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """What a unit is made for. `account` is user and group, None in a user's own service manager.

    `import_path` is the folder that holds the program where the interpreter does not find it by itself.
    `options` stand behind `run`; `config` is None where it lies in `folder`.
    """

    python: Path
    folder: Path
    account: tuple[str, str] | None
    import_path: Path | None = None
    config: Path | None = None
    options: tuple[str, ...] = ()

    @property
    def is_temporary(self) -> bool:
        """True where the folder is one that is emptied now and then."""
        return _lies_below(self.folder, _SHARED)


def unit_text(place: UnitPlace) -> str:
    """Return the unit. Raises ConfigError for a path that a unit cannot hold."""
    common = ["--dir", str(place.folder)]
    if place.config is not None:
        common += ["--config", str(place.config)]
    python = [str(place.python), "-m", "whalebot"]
    service = [
        RELIES_ON,
        f"WorkingDirectory={_plain(str(place.folder))}",
        *_account(place),
        *_import_path(place),
        *CHECKED_FIRST.splitlines(),
        f"ExecStartPre=-{_command([*python, 'config', 'check', *common])}",
        f"ExecStart={_command([*python, 'run', *common, *place.options])}",
        MANNERS,
        "",
        "# Sandbox",
        SANDBOX_OF_ALL,
        *_sandbox_of_system(place),
    ]
    target = "default.target" if place.account is None else "multi-user.target"
    return "\n".join([*_head(place), "[Service]", *service, "", "[Install]", f"WantedBy={target}", ""])


def _head(place: UnitPlace) -> list[str]:
    network = ["After=network-online.target time-sync.target", "Wants=network-online.target"]
    return [
        "[Unit]",
        "Description=whalebot, a trading daemon for Bybit",
        *(network if place.account is not None else []),
        "# Five failures in ten minutes need a person.",
        "StartLimitIntervalSec=600",
        "StartLimitBurst=5",
        "",
    ]


def _account(place: UnitPlace) -> list[str]:
    if place.account is None:
        return []
    user, group = place.account
    return [f"User={user}", f"Group={group}"]


def _import_path(place: UnitPlace) -> list[str]:
    return [] if place.import_path is None else [f"Environment={_quoted(f'PYTHONPATH={place.import_path}')}"]


def _sandbox_of_system(place: UnitPlace) -> list[str]:
    if place.account is None:
        return []
    read = [
        path for path in (place.python, place.folder, place.import_path, place.config) if path is not None
    ]
    # The program or its files lie in somebody's home: nothing there can be written but the folder itself.
    home = "read-only" if any(_lies_below(path, _HOMES) for path in read) else "yes"
    shared = "no" if any(_lies_below(path, _SHARED) for path in read) else "yes"
    return [
        SANDBOX_OF_SYSTEM,
        f"ProtectHome={home}",
        f"PrivateTmp={shared}",
        f"ReadWritePaths={_quoted(str(place.folder))}",
    ]


def _lies_below(path: Path, folders: tuple[str, ...]) -> bool:
    # The interpreter of a virtual environment is a link to one that may lie elsewhere: both are needed.
    return any(spot.is_relative_to(folder) for spot in {path, path.resolve()} for folder in folders)


def _command(words: list[str]) -> str:
    return " ".join(_quoted(word.replace("$", "$$")) for word in words)


def _quoted(word: str) -> str:
    word = _plain(word)
    if not set(word) & set(" \t\"'\\;"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(word: str) -> str:
    if any(ord(letter) < 32 for letter in word):
        raise ConfigError(f"{word!r}: a unit cannot hold a path with control characters; use another folder")
    return word.replace("%", "%%")
