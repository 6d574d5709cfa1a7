"""From a trial to a configuration: checked, the old one kept, the difference told."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.study import Study

from whalebot.app.config.document import Config
from whalebot.app.config.environment import read_environment
from whalebot.app.config.fingerprint import config_hash
from whalebot.app.config.loading import check_text
from whalebot.app.config.reading import read_file
from whalebot.app.config.reload import diff
from whalebot.app.config.replacing import replace_config
from whalebot.app.config.tree import put_at
from whalebot.app.search_setup import NOT_SEARCHED, TABLE, ConfiguredSettings, place_of, why_not_searched
from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.optimisation import VERDICT
from whalebot.research.optimise.storage import IDENTITY, load_study, open_there
from whalebot.research.optimise.trials import TrialRow, Trials, read_trials


def apply(args: argparse.Namespace, storage: str | None) -> list[str]:
    """Write a trial's values into the configuration file and return what to tell.

    Raises ConfigError where the guards, the data or the file speak against it, unless `--force`.
    """
    study = load_study(open_there(storage), args.study)
    row = chosen(open_named(study), args.trial)
    _refuse_other_keys(row)
    path: Path = args.paths.config
    old_text = read_file(path)
    environment = read_environment(args.paths.env)
    old = check_text(old_text or "{}", str(path), environment, {}).config
    new_text = _edited(old_text or "{}", row)
    new = check_text(new_text, str(path), environment, {}).config
    doubts = [*_doubts(study, row)]
    if config_hash(new) != row.config_hash:
        doubts.append(
            f"{path} is not the configuration of the search; what it would come to was never tested:"
        )
        doubts += [f"  {line}" for line in _untested(study, row, new)]
    if doubts and not args.force:
        lines = "\n  ".join(doubts)
        raise ConfigError(f"trial {row.number} was not applied; --force does it all the same:\n  {lines}")
    changes = [str(change) for change in diff(old, new)]
    if not changes:
        return [f"{path} has these values already; nothing was written"]
    kept = replace_config(path, old_text, new_text)
    told = [f"warning: {doubt}" for doubt in doubts]
    told += [f"{path}: trial {row.number} of study {args.study}", *(f"  {change}" for change in changes)]
    return told if kept is None else [*told, f"the old one is kept as {kept}"]


def open_named(study: Study) -> Trials:
    """Return the trials of a study of this program. Raises ConfigError for another one."""
    identity = study.user_attrs.get(IDENTITY)
    if not isinstance(identity, dict) or "objectives" not in identity:
        raise ConfigError(f"--study {study.study_name}: was not made by this program")
    return read_trials(study, identity["objectives"])


def chosen(trials: Trials, number: int | None) -> TrialRow:
    """Return a trial by number, the best without one. Raises ConfigError where there is none."""
    row = trials.best if number is None else trials.row(number)
    if row is None:
        what = "no trial has a score" if number is None else f"has no finished trial {number}"
        raise ConfigError(f"the study: {what}")
    return row


def _refuse_other_keys(row: TrialRow) -> None:
    """Whoever may write to a storage could name any key; `--force` is for doubts, not for mode live."""
    refused = [f"{key}: {reason}" for key in row.values if (reason := why_not_searched(key)) is not None]
    if refused:
        raise ConfigError("\n  ".join((f"trial {row.number} is never applied:", *refused)))


def _doubts(study: Study, row: TrialRow) -> list[str]:
    verdict: Mapping[str, Any] | None = study.user_attrs.get(VERDICT)
    identity: Mapping[str, Any] = study.user_attrs[IDENTITY]
    doubts = []
    if verdict is None:
        doubts.append("the search did not end: nobody has judged its trials")
    elif verdict.get("trial") != row.number:
        doubts.append(f"the guards judged trial {verdict.get('trial')}, not this one")
    doubts += [] if verdict is None else [str(warning) for warning in verdict.get("warnings", ())]
    return doubts + list(_changed_files(identity))


def _untested(study: Study, row: TrialRow, new: Config) -> list[str]:
    """Name the places in which the new configuration is not the one of the trial."""
    tested = ConfiguredSettings(study.user_attrs[IDENTITY][TABLE]).config(row.values)
    return [str(change) for change in diff(tested, new) if change.path[0] not in (*NOT_SEARCHED, "mode")]


def _changed_files(identity: Mapping[str, Any]) -> list[str]:
    """Name the data files that are still there and no longer what was searched on."""
    known = dict(identity.get("data", ()))
    found = []
    for text in identity.get("files", ()):
        path = Path(text.partition("=")[2])
        if path.is_file() and path.name in known:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != known[path.name]:
                found.append(f"{path} has changed since the search: the trial knows other data")
    return found


def _edited(text: str, row: TrialRow) -> str:
    table: dict[str, Any] = json.loads(text)
    for key, value in row.values.items():
        put_at(table, place_of(key), value)
    return json.dumps(table, indent=4, ensure_ascii=False) + "\n"
