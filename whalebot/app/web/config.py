"""The configuration as the web server shows and changes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from whalebot.adapters.logs.masking import MASK
from whalebot.adapters.web.problems import ApiProblem
from whalebot.app.config.document import OTHER_COMMANDS_TABLES, Config
from whalebot.app.config.fingerprint import config_hash
from whalebot.app.config.problems import ConfigProblems, Path, path_text
from whalebot.app.config.reading import read_file
from whalebot.app.config.references import is_secret_place
from whalebot.app.config.reload import Change, diff
from whalebot.app.config.replacing import replace_config
from whalebot.app.config.tree import mapped, put_at, value_at
from whalebot.app.setup import Setup, check_again
from whalebot.app.web.fields import field_of
from whalebot.domain.errors import ConfigError

NEVER: Final[tuple[Path, ...]] = (
    ("mode",),
    ("live_trading_confirmed",),
    ("exchange",),
    ("web",),
    ("alerts", "telegram"),
    ("metrics", "textfile"),
    *((name,) for name in OTHER_COMMANDS_TABLES),
)
"""Places that are changed in the file only: where real orders go, who may give orders, where files are
written, and tables of other commands, of which nobody would notice a change."""


class WebConfig:
    """`ConfigDesk` of the web server."""

    def __init__(
        self, setup: Setup, in_force: Callable[[], Config], reload: Callable[[], bool] | None = None
    ) -> None:
        """reload: applies the file to the running daemon, False where it was refused; None: nothing runs."""
        self._setup = setup
        self._in_force = in_force
        self._reload = reload
        self._shown: tuple[Config, dict[str, Any]] | None = None

    def shown(self) -> dict[str, Any]:
        """Return the configuration in force, secrets hidden, with its fields."""
        config = self._in_force()
        if self._shown is None or self._shown[0] is not config:
            values = hidden(config)
            self._shown = (
                config,
                {
                    "config": values,
                    "config_hash": config_hash(config),
                    "file": str(self._setup.paths.config),
                    "fields": [self._field(path, value) for path, value in leaves(values)],
                },
            )
        return self._shown[1]

    def limits(self) -> dict[str, float]:
        """Return the guardrails in force."""
        config = self._in_force()
        table = config.risk_guardrails
        found: dict[str, float] = {}
        if table.enabled:
            found = {
                "max_day_loss_pct": table.max_day_loss_pct,
                "max_drawdown_pct": table.max_drawdown_pct,
                "max_consecutive_losses": table.max_consecutive_losses,
            }
        return {**found, "max_total_positions": config.trade_management.max_total_positions}

    def change(self, changes: Mapping[str, Any], only_check: bool) -> dict[str, Any]:
        """Check, write and apply an edit; return what became of it. Raises ApiProblem."""
        places = self._places(changes)
        path = self._setup.paths.config
        old_text = self._read(path)
        new_text = _edited(old_text, places)
        new = self._checked(new_text)
        found = diff(self._in_force(), new)
        fixed = [path_text(change.path) for change in found if change.needs_restart]
        told = {"changes": [_told(change) for change in found], "needs_restart": fixed, "dry_run": only_check}
        if only_check or not found:
            text = "checked, nothing was written" if found else "these values hold already"
            return {**told, "written": False, "applied": False, "kept": None, "message": text}
        kept = self._write(path, old_text, new_text)
        applied = not fixed and self._reload is not None and self._reload()
        return {**told, "written": True, "applied": applied, "kept": kept, "message": _words(applied, fixed)}

    def _places(self, changes: Mapping[str, Any]) -> dict[Path, Any]:
        known = {path_text(path): path for path, _ in leaves(hidden(self._in_force()))}
        for name in changes:
            if name not in known:
                raise _invalid("unknown key; only keys of the present configuration can be changed", name)
            if _is_fixed(known[name]):
                raise ApiProblem(
                    "config_place_refused",
                    f"{name} decides where orders go, who may give them or where files are written, or is "
                    f"for another command; change it in the file",
                    field=name,
                )
        return {known[name]: value for name, value in changes.items()}

    def _read(self, path: FilePath) -> str:
        try:
            return read_file(path) or "{}"
        except ConfigError as error:
            raise ApiProblem("conflict", str(error)) from error

    def _checked(self, text: str) -> Config:
        try:
            return check_again(self._setup, text)
        except ConfigProblems as error:
            problems = [
                {"path": path_text(one.path), "text": one.text, "value": one.value} for one in error.problems
            ]
            first = problems[0]
            detail = f"{len(problems)} fault(s), nothing was written: {first['path']}: {first['text']}"
            raise ApiProblem("invalid", detail, field=str(first["path"]), problems=problems) from error
        except ConfigError as error:
            raise ApiProblem("invalid", str(error)) from error

    def _write(self, path: FilePath, old_text: str, new_text: str) -> str | None:
        try:
            kept = replace_config(path, old_text if path.exists() else None, new_text)
        except OSError as error:
            text = f"{path} cannot be written ({error.strerror or error}); the old file holds"
            raise ApiProblem("conflict", text) from error
        return None if kept is None else kept.name

    def _field(self, path: Path, value: Any) -> dict[str, Any]:
        is_editable = self._reload is not None and not _is_fixed(path)
        return field_of(path, value, Change(path, "", "").needs_restart, is_editable)


def hidden(config: Config) -> dict[str, Any]:
    """Return a configuration as JSON values; of a secret only that there is one."""
    values = config.model_dump(mode="json", by_alias=True)
    for name in (*OTHER_COMMANDS_TABLES, "symbols"):
        if values.get(name) is None:
            values.pop(name, None)
    if config.symbols is not None:
        values.pop("symbol", None)
    shown: dict[str, Any] = mapped(
        values, lambda path, leaf: MASK if is_secret_place(path) and leaf is not None else leaf
    )
    return shown


def leaves(values: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every key with its value; a list counts as one value, and so does an empty table."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _is_fixed(path: Path) -> bool:
    return any(path[: len(place)] == place for place in NEVER)


def _edited(text: str, places: Mapping[Path, Any]) -> str:
    try:
        table = json.loads(text)
    except ValueError:
        raise ApiProblem("conflict", "the file is not JSON any more; mend it first") from None
    if not isinstance(table, dict):
        raise ApiProblem("conflict", "the file does not hold a table any more; mend it first")
    for path, value in places.items():
        if value_at(table, path, default=...) != value:
            put_at(table, path, value)
    return json.dumps(table, indent=4, ensure_ascii=False) + "\n"


def _told(change: Change) -> dict[str, Any]:
    return {
        "path": path_text(change.path),
        "before": change.before,
        "after": change.after,
        "applies": "restart" if change.needs_restart else "next_bar",
    }


def _words(applied: bool, fixed: list[str]) -> str:
    if applied:
        return "written; holds from the next bar on"
    if fixed:
        return (
            f"written; nothing changes in the running daemon: {', '.join(fixed)} need(s) a restart, and "
            f"until then the old configuration holds as a whole"
        )
    return "written; the running daemon did not take it over, its log says why; the old one holds"


def _invalid(text: str, path: str) -> ApiProblem:
    problems = [{"path": path[:200], "text": text, "value": None}]
    return ApiProblem("invalid", f"{path[:200]}: {text}", field=path[:200], problems=problems)
