"""What is left behind when the program itself is at fault: a traceback in the log, a line for people."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback

from whalebot.domain.errors import ConfigError


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an error as Python prints it."""
    return "".join(traceback.format_exception(error)).rstrip()


def report_bug(error: BaseException, args: argparse.Namespace) -> None:
    """Write the traceback into the log (masked) and one line to standard error; -v shows it there too."""
    from whalebot.adapters.logs.formats import printable

    place = _write_to_log(error, args)
    line = f"whalebot: internal error, {type(error).__name__}: {error}; {place}"
    print(printable(args.masker.mask(line)), file=sys.stderr)
    if args.verbose:
        print(args.masker.mask(traceback_text(error)), file=sys.stderr)


def _write_to_log(error: BaseException, args: argparse.Namespace) -> str:
    """Return where the traceback can be found."""
    from whalebot.adapters.logs.files import LogFile
    from whalebot.adapters.logs.formats import HumanFormatter

    paths = getattr(args, "paths", None)
    if paths is None:
        return "use -v for the traceback"
    record = logging.LogRecord(
        "whalebot", logging.CRITICAL, "", 0, "internal error", None, (type(error), error, error.__traceback__)
    )
    try:
        paths.prepare()
        file = LogFile(paths.log)
    except (OSError, ConfigError):
        return "the log cannot be written; use -v for the traceback"
    file.setFormatter(HumanFormatter(args.masker))
    file.handle(record)
    file.close()
    return f"the traceback is in {paths.log}"
