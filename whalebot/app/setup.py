"""What every command starts from: configuration, secrets, paths."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.app.config.defaults import write_default
from whalebot.app.config.document import Config
from whalebot.app.config.environment import Environment, read_environment
from whalebot.app.config.launch import check_launch
from whalebot.app.config.loading import check_text, load
from whalebot.app.data_files import DataFile, parse_data_files
from whalebot.app.paths import Paths
from whalebot.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Setup:
    """A checked configuration and what belongs to it. `notes` are for the log, in order."""

    config: Config
    environment: Environment
    paths: Paths
    masker: SecretMasker
    notes: tuple[str, ...]
    config_found: bool
    overrides: Mapping[tuple[str | int, ...], Any] = field(default_factory=dict)


def read_setup(
    args: argparse.Namespace,
    overrides: Mapping[tuple[str | int, ...], Any] | None = None,
    *,
    create: bool = False,
) -> Setup:
    """Read .env and config.json of a command line and learn what must be masked.

    `create` writes a complete default file where there is none. Raises ConfigError with everything that is
    wrong.
    """
    paths: Paths = args.paths
    masker: SecretMasker = args.masker
    environment = read_environment(paths.env)
    masker.add(*environment.secrets())
    loaded = load(paths.config, environment, overrides, paths.env)
    masker.add(*loaded.secrets)
    config = _with_data_places(loaded.config, paths)
    notes = list(loaded.notes)
    if not loaded.found and create:
        write_default(paths.config)
        notes.insert(0, f"there was no configuration; a complete default one was written to {paths.config}")
    return Setup(config, environment, paths, masker, tuple(notes), loaded.found, overrides or {})


def read_again(setup: Setup) -> Config:
    """Read the file of a running daemon again, the command line still above it.

    Raises as `read_setup`, and ConfigError where the file is gone: the defaults may risk more than its
    owner allowed.
    """
    loaded = load(setup.paths.config, setup.environment, setup.overrides, setup.paths.env)
    if not loaded.found:
        raise ConfigError(f"{setup.paths.config}: the file is gone; put it back and reload again")
    setup.masker.add(*loaded.secrets)
    return _with_data_places(loaded.config, setup.paths)


def check_again(setup: Setup, text: str) -> Config:
    """Check the text of a file that a running daemon might read. Raises as `read_setup`."""
    source = str(setup.paths.config)
    loaded = check_text(text, source, setup.environment, setup.overrides)
    setup.masker.add(*loaded.secrets)
    return _with_data_places(loaded.config, setup.paths)


def check_start(setup: Setup, live_flag: bool) -> tuple[DataFile, ...]:
    """Make sure that the mode may start: keys, confirmation, data. Returns the files to play.

    Raises ConfigError.
    """
    check_launch(setup.config, setup.environment, live_flag, str(setup.paths.config))
    return data_files(setup)


def data_files(setup: Setup) -> tuple[DataFile, ...]:
    """Return the files that mode demo or replay plays, in the order of the traded symbols."""
    files = {file.symbol: file for file in _parse_data(setup.config, setup.paths)}
    return tuple(files[symbol] for symbol in setup.config.traded_symbols) if files else ()


def _parse_data(config: Config, paths: Paths) -> tuple[DataFile, ...]:
    if config.mode not in ("demo", "replay"):
        return ()
    return parse_data_files(config.demo.data, paths.dir, "demo.data")


def _with_data_places(config: Config, paths: Paths) -> Config:
    """Write out where each file lies, and trade its symbol where the configuration names none.

    Raises ConfigError for a traded symbol without a file.
    """
    files = _parse_data(config, paths)
    if not files:
        return config
    played = tuple(file.symbol for file in files)
    if not config.model_fields_set & {"symbol", "symbols"}:
        config = config.model_copy(update={"symbols": played})
    missing = [symbol for symbol in config.traded_symbols if symbol not in played]
    if missing:
        names = ", ".join(missing)
        raise ConfigError(f"demo.data has no file of {names}, to be traded; it has {', '.join(played)}")
    demo = config.demo.model_copy(update={"data": tuple(str(file) for file in files)})
    return config.model_copy(update={"demo": demo})
