"""`optimize`: searches parameters on recorded history, says how far to believe the best, and installs it."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from typing import Any

from whalebot.app.exits import CLEAN, DIFFERENCE
from whalebot.app.search_options import add_search_options, need_optuna, progress_line, storage_url

_TEXT = "search parameters on recorded history"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "optimize",
        help=_TEXT,
        description=f"{_TEXT}. A study that was stopped goes on when the same command is given again; several"
        " processes may work on one. `optimize show` prints a study, `optimize apply` writes a trial's values"
        " into the configuration, keeps the old one and prints what changed.",
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=("run", "show", "apply"),
        default="run",
        help="search (the default), print a study, or write what it found into the configuration",
    )
    add_search_options(parser)
    parser.add_argument("--trial", type=int, metavar="N", help="show, apply: this trial (default: the best)")
    parser.add_argument("--force", action="store_true", help="apply: although the guards warn")


def run(args: argparse.Namespace) -> int:
    """Search, show or apply. Exit code 1 where a search found nothing that all guards pass."""
    need_optuna()
    if args.action == "show":
        return _show(args)
    return _apply(args) if args.action == "apply" else _search(args)


def _search(args: argparse.Namespace) -> int:
    from whalebot.app.search_options import read_job
    from whalebot.app.search_output import write_optimisation
    from whalebot.research.optimise.optimisation import optimise
    from whalebot.research.optimise.storage import open_storage
    from whalebot.research.optimise.wording import optimisation_lines

    job = read_job(args)
    progress = None if args.quiet else progress_line(job.plan.trials)
    storage = open_storage(job.storage)
    found = optimise(job.bench, job.plan, job.way, storage, job.study, job.identity, progress)
    if args.json:
        print(json.dumps(found.as_dict(), indent=2))
    else:
        print("\n".join(optimisation_lines(found)))
    if args.out is not None:
        for path in write_optimisation(found, args.out):
            print(f"written: {path}", file=sys.stderr)
    if found.best is not None and job.storage is not None and not args.quiet and not args.json:
        print(f"\nto use it: whalebot optimize apply --study {job.study}{_where(args)}")
    return CLEAN if found.honesty is not None and found.honesty.is_believable else DIFFERENCE


def _show(args: argparse.Namespace) -> int:
    from whalebot.app.applying import chosen, open_named
    from whalebot.research.optimise.optimisation import VERDICT, row_dict
    from whalebot.research.optimise.storage import load_study, open_there
    from whalebot.research.optimise.wording import best_lines, verdict_lines

    if args.study is None:
        import optuna

        for summary in optuna.get_all_study_summaries(open_there(storage_url(args))):
            print(f"{summary.study_name}: {summary.n_trials} trials asked for")
        return CLEAN
    study = load_study(open_there(storage_url(args)), args.study)
    trials = open_named(study)
    row = chosen(trials, args.trial)
    verdict = study.user_attrs.get(VERDICT)
    if args.json:
        print(json.dumps({**row_dict(row, trials.objectives), "verdict": verdict}, indent=2))
        return CLEAN
    print(f"study {args.study}: {trials.made} trials; objective {', '.join(trials.objectives)}")
    print("\n".join(best_lines(row)))
    print("\n".join(verdict_lines(verdict) if verdict else ["not judged yet: the search did not end"]))
    return CLEAN


def _apply(args: argparse.Namespace) -> int:
    from whalebot.app.applying import apply

    if args.study is None:
        from whalebot.domain.errors import ConfigError

        raise ConfigError("apply needs --study; `whalebot optimize show` lists those that are there")
    for line in apply(args, storage_url(args)):
        print(line)
    return CLEAN


def _where(args: argparse.Namespace) -> str:
    """Return the options without which the same study and configuration would not be found."""
    given = (("--storage", args.storage), ("--dir", args.dir), ("--config", args.config))
    return "".join(f" {name} {shlex.quote(str(value))}" for name, value in given if value)
