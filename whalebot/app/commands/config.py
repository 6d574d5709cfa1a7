"""`config check|show|schema`: is the file right, what does it come to, what may stand in it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from whalebot.app.exits import CLEAN
from whalebot.app.options import add_common_options

if TYPE_CHECKING:
    from whalebot.app.setup import Setup


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("config", help="check, show or describe the configuration")
    actions = parser.add_subparsers(dest="action", metavar="check|show|schema", required=True)
    for name, text in (
        ("check", "name everything that is wrong; exit code 2 if anything is"),
        ("show", "print the effective configuration, secrets masked, and the range of the score"),
        ("schema", "print the JSON Schema"),
    ):
        add_common_options(actions.add_parser(name, help=text, description=text))


def run(args: argparse.Namespace) -> int:
    """Run one of the three."""
    if args.action == "schema":
        from whalebot.app.config.schema import schema_text

        print(schema_text(), end="")
        return CLEAN
    from whalebot.app.setup import read_setup

    setup = read_setup(args)
    if args.action == "check":
        _check(setup)
    else:
        _show(setup, args)
    return CLEAN


def _check(setup: Setup) -> None:
    from whalebot.app.alerting import channel_fault
    from whalebot.app.config.launch import start_problems
    from whalebot.app.setup import data_files

    files = data_files(setup)
    found = "valid" if setup.config_found else "not there; the defaults hold, and the next start writes them"
    print(f"{setup.paths.config}: {found}")
    for note in setup.notes:
        print(f"note: {note}")
    for problem in start_problems(setup.config, setup.environment, live_flag=True):
        print(f"note: a start would be refused: {problem}")
    if fault := channel_fault(setup.config):
        print(f"note: a start would be refused: {fault}")
    if files:
        print(f"plays {', '.join(str(file) for file in files)}")


def _show(setup: Setup, args: argparse.Namespace) -> None:
    import json
    import sys

    from whalebot.app.config.document import OTHER_COMMANDS_TABLES
    from whalebot.app.config.fingerprint import config_hash
    from whalebot.app.config.score_range import range_text

    config = setup.config
    values = config.model_dump(mode="json", by_alias=True)
    for name in (*OTHER_COMMANDS_TABLES, "symbols"):
        if values[name] is None:
            del values[name]
    if config.symbols is not None:
        del values["symbol"]
    print(setup.masker.mask(json.dumps(_hide(values), indent=4, ensure_ascii=False)))
    # Beside the configuration, not in it: what stands on standard output can be saved and used as it is.
    if not args.quiet:
        print(f"config_hash {config_hash(config)}", file=sys.stderr)
        print(range_text(config), file=sys.stderr)
        for note in setup.notes:
            print(f"note: {note}", file=sys.stderr)


def _hide(values: dict[str, Any]) -> dict[str, Any]:
    """Show of a secret only that there is one."""
    from whalebot.adapters.logs.masking import MASK
    from whalebot.app.config.references import is_secret_place
    from whalebot.app.config.tree import mapped

    hidden: dict[str, Any] = mapped(
        values, lambda path, leaf: MASK if is_secret_place(path) and leaf is not None else leaf
    )
    return hidden
