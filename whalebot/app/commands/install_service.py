"""`install-service`: writes a systemd unit for this program, this folder and a user."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from whalebot.app.exits import CLEAN
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    import pwd

    from whalebot.app.service_unit import UnitPlace

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.\-]{0,200}")
_SYSTEM_FOLDER: Final = Path("/etc/systemd/system")
_TEXT: Final = (
    "Write a systemd unit that runs this program with the files of --dir, and tell the commands that enable"
    " it. A unit that is there and differs stays, unless --force is given."
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("install-service", help="write a systemd unit", description=_TEXT)
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--system", action="store_true", help="for the machine's manager (default for root)")
    scope.add_argument("--user", action="store_true", help="for your own manager (default for others)")
    parser.add_argument("--name", default="whalebot", metavar="NAME", help="of the unit (default: whalebot)")
    parser.add_argument(
        "--run-as", metavar="USER", help="whom --system runs it as (default: the folder's owner)"
    )
    parser.add_argument("--mode", metavar="MODE", help="passed on to run")
    parser.add_argument("--live", action="store_true", help="passed on to run: mode live trades real money")
    parser.add_argument("--unit-dir", type=Path, metavar="DIR", help="write the unit there")
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="print the unit, write nothing"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    parser.add_argument("--force", action="store_true", help="replace a unit that differs")
    parser.add_argument("--enable", action="store_true", help="enable and start it too, by systemctl")


def run(args: argparse.Namespace) -> int:
    """Write the unit. Raises ConfigError where folder, name or user will not do, or another unit is there."""
    from whalebot.app.service_unit import unit_text

    is_user = args.user or (not args.system and os.geteuid() != 0)
    place = _place(args, is_user)
    text = unit_text(place)
    if args.only_print:
        print(text, end="")
        return CLEAN
    folder = args.unit_dir or (_user_folder() if is_user else _SYSTEM_FOLDER)
    path = folder / f"{_name(args.name)}.service"
    for note in _notes(args, place):
        print(f"note: {note}", file=sys.stderr)
    is_new = _is_new(path, text, args.force)
    verb = (
        "would be written"
        if args.dry_run and is_new
        else "written"
        if is_new
        else "is there already, the same"
    )
    if is_new and not args.dry_run:
        _write(path, text)
    print(f"{path}: {verb}")
    commands = _commands(path.stem, is_user)
    if args.enable and not args.dry_run:
        _enable(commands)
    else:
        print("to enable and start it:" if not args.enable else "then would run:")
        for command in commands:
            print(f"  {shlex.join(command)}")
    _tell_more(path.stem, is_user)
    return CLEAN


def _place(args: argparse.Namespace, is_user: bool) -> UnitPlace:
    from whalebot.app.service_unit import UnitPlace

    paths = args.paths
    if not paths.dir.is_dir():
        raise ConfigError(
            f"--dir {paths.dir}: not there; make it, owned by the user who shall run the daemon"
        )
    if is_user and args.run_as is not None:
        raise ConfigError("--run-as belongs to --system: your own manager runs everything as you")
    account = None
    if not is_user:
        import grp

        found = _account(args.run_as, paths.dir)
        account = (found.pw_name, grp.getgrgid(found.pw_gid).gr_name)
    options = (*(("--mode", args.mode) if args.mode else ()), *(("--live",) if args.live else ()))
    config = paths.config if paths.config != paths.dir / "config.json" else None
    # The link of a virtual environment is what knows its packages: it must not be resolved.
    return UnitPlace(Path(sys.executable), paths.dir, account, _import_path(), config, options)


def _account(name: str | None, folder: Path) -> pwd.struct_passwd:
    import pwd

    try:
        return pwd.getpwuid(folder.stat().st_uid) if name is None else pwd.getpwnam(name)
    except KeyError:
        if name is None:
            raise ConfigError(f"{folder}: its owner has no name; tell the user with --run-as") from None
        raise ConfigError(
            f"--run-as {name}: no such user; make it: useradd --system --shell /usr/sbin/nologin {name}"
        ) from None


def _import_path() -> Path | None:
    """Return where the program lies, unless the interpreter finds it there by itself."""
    root = Path(__file__).resolve().parents[3]
    code = "import whalebot; print(whalebot.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd="/", check=False, timeout=60
    )
    is_found = found.returncode == 0 and Path(found.stdout.strip()).resolve().is_relative_to(root)
    return None if is_found else root


def _name(text: str) -> str:
    name = text.removesuffix(".service")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"--name {text!r}: allowed are letters, digits and : _ . -, a letter or digit first"
        )
    return name


def _user_folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "systemd" / "user"


def _is_new(path: Path, text: str, force: bool) -> bool:
    """Tell whether there is something to write. Raises ConfigError for a unit that must stay."""
    if path.is_symlink():
        raise ConfigError(f"{path}: a link (a masked unit is one); remove it first")
    if not path.exists():
        return True
    if path.read_text(encoding="utf-8", errors="replace") == text:
        return False
    if not force:
        raise ConfigError(
            f"{path}: another unit is there; compare it with that of --print, then use --force, or --name"
        )
    return True


def _write(path: Path, text: str) -> None:
    """Write the unit whole or not at all. Raises ConfigError."""
    beside = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            beside = file.name
            file.write(text)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except OSError as error:
        if beside:
            with contextlib.suppress(OSError):
                os.unlink(beside)
        remedy = (
            "run it as root, or with --user" if isinstance(error, PermissionError) else "or use --unit-dir"
        )
        raise ConfigError(f"{path}: cannot be written: {error.strerror}; {remedy}") from None


def _notes(args: argparse.Namespace, place: UnitPlace) -> list[str]:
    notes = []
    if place.account is not None and place.account[0] == "root":
        notes.append("it would run as root: better make a user of its own, chown the folder, or use --run-as")
    if place.is_temporary:
        notes.append(f"{place.folder} is emptied now and then by the system; state and trades deserve better")
    if place.account is not None:
        import pwd

        owner, user = place.folder.stat().st_uid, pwd.getpwnam(place.account[0])
        if owner != user.pw_uid:
            notes.append(f"{place.folder} is not {user.pw_name}'s: chown -R {user.pw_name}: {place.folder}")
    if args.paths.control_socket.parent != args.paths.state:
        notes.append(f"{place.folder} is too long a path for its socket: status and pause will not find it")
    from whalebot.app.setup import read_setup

    try:
        mode = read_setup(args, {("mode",): args.mode} if args.mode else {}).config.mode
    except ConfigError as error:
        return [*notes, f"the daemon will refuse to start: {error}"]
    if mode == "live" and not args.live:
        notes.append("mode live needs --live here too; without it the daemon will refuse to start")
    return notes


def _commands(name: str, is_user: bool) -> list[list[str]]:
    systemctl = ["systemctl", "--user"] if is_user else ["systemctl"]
    return [[*systemctl, "daemon-reload"], [*systemctl, "enable", "--now", "--no-block", name]]


def _enable(commands: list[list[str]]) -> None:
    for command in commands:
        try:
            subprocess.run(command, check=True, timeout=90)
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(f"{shlex.join(command)}: {error}; the unit is written, not started") from None
        print(f"done: {shlex.join(command)}")


def _tell_more(name: str, is_user: bool) -> None:
    flag = " --user" if is_user else ""
    print(f"to look after it: systemctl{flag} status {name}; journalctl{flag} -u {name} -f")
    if is_user:
        print("to let it run while you are logged out: loginctl enable-linger")
