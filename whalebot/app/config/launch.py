"""What must be true before a mode may start, besides a good file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from whalebot.app.config.document import Config
from whalebot.app.config.endpoints import KEYED_MODES
from whalebot.app.config.environment import API_KEY, API_SECRET, Environment
from whalebot.app.config.problems import ConfigProblems, Problem

# It travels in the head of a request, where a line end would begin a field of its own.
_KEY: Final = re.compile(r"[!-~]{1,512}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The venue's key. Neither part is ever shown."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)


def credentials_for(config: Config, environment: Environment) -> Credentials | None:
    """Return the keys of a mode that needs them; None in the others, even where keys are set."""
    key, secret = environment.get(API_KEY), environment.get(API_SECRET)
    if config.mode not in KEYED_MODES or key is None or secret is None:
        return None
    return Credentials(key, secret)


def check_launch(config: Config, environment: Environment, live_flag: bool, source: str) -> None:
    """Refuse to start a mode that lacks its keys, its confirmation or its data.

    Raises ConfigProblems; `source` names the configuration file.
    """
    problems = start_problems(config, environment, live_flag)
    if problems:
        raise ConfigProblems(source, problems)


def start_problems(config: Config, environment: Environment, live_flag: bool) -> list[Problem]:
    """Return everything for which a start would be refused now."""
    return [*_check_live(config, live_flag), *_check_keys(config, environment), *_check_replay(config)]


def _check_live(config: Config, live_flag: bool) -> Iterator[Problem]:
    if config.mode != "live":
        return
    if not config.live_trading_confirmed:
        text = "mode live trades real money; set it to true here and give --live on the command line, both"
        yield Problem(("live_trading_confirmed",), text, "false")
    if not live_flag:
        yield Problem(("mode",), "mode live needs --live on the command line too", '"live"')


def _check_keys(config: Config, environment: Environment) -> Iterator[Problem]:
    if config.mode in KEYED_MODES:
        for name in (API_KEY, API_SECRET):
            value = environment.get(name)
            if value is None:
                text = f"this mode needs {name}; write {name}=... into .env (chmod 600) or set it outside"
                yield Problem(("mode",), text, f'"{config.mode}"')
            elif not _KEY.fullmatch(value):
                text = f"{name} holds more than printable ASCII without spaces, so it is no key; copy it anew"
                yield Problem(("mode",), text, f'"{config.mode}"')


def _check_replay(config: Config) -> Iterator[Problem]:
    if config.mode == "replay" and not config.demo.data:
        yield Problem(("demo", "data"), "mode replay needs a file: give --data FILE", "[]")
