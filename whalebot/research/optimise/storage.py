"""Where studies are kept, and what a study must remember so that nobody goes on with another search."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.study import Study
from sqlalchemy import event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.journal import JournalFile

IDENTITY: Final = "search"
_BESIDES: Final = ("files", "table")
"""Where the data lay, which another machine has elsewhere; the whole configuration, whose digest counts."""
_BUSY_S: Final = 60
_TRIES: Final = 10
_JOURNAL: Final = "journal:///"
_SUFFIX: Final = ".journal"


def open_storage(url: str | None) -> BaseStorage:
    """Return the storage at a SQLAlchemy URL, or in a journal: journal:///FILE, or a path NAME.journal.

    None: in memory, gone with the process. Raises ConfigError.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url is None:
        return InMemoryStorage()
    if _is_journal(url):
        return JournalStorage(JournalFile(Path(url.removeprefix(_JOURNAL))))
    return _open_database(url)


def open_there(url: str | None) -> BaseStorage:
    """Return a storage that is there already, as `open_storage` does; a file that is not is not made.

    Raises ConfigError.
    """
    file = None if url is None else _file_of(url)
    if file is not None and not file.exists():
        raise ConfigError(
            f"{file}: there is no such file of studies; name its folder with --dir, or --storage"
        )
    return open_storage(url)


def _is_journal(url: str) -> bool:
    return url.startswith(_JOURNAL) or ("://" not in url and url.endswith(_SUFFIX))


def _file_of(url: str) -> Path | None:
    """Return the file that a URL names, None where it names none."""
    if _is_journal(url):
        return Path(url.removeprefix(_JOURNAL))
    try:
        parts = make_url(url)
    except ArgumentError:
        return None
    name = parts.database or ""
    is_file = parts.get_backend_name() == "sqlite" and name and not name.startswith((":", "file:"))
    return Path(name) if is_file else None


def _open_database(url: str) -> BaseStorage:
    sqlite = url.startswith("sqlite")
    options = {"connect_args": {"timeout": _BUSY_S}} if sqlite else {"pool_pre_ping": True}
    for attempt in range(_TRIES):
        try:
            storage = RDBStorage(url, engine_kwargs=dict(options))
            break
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise ConfigError(
                f"--storage: {error}; write sqlite:///FILE, another SQLAlchemy URL, or journal:///FILE"
            ) from None
        except (DatabaseError, StorageInternalError) as error:
            # Two processes that make the tables of a new file at once: the second finds them a moment later.
            if attempt == _TRIES - 1:
                raise ConfigError(f"--storage: cannot be opened: {error}") from None
            time.sleep(0.2)
    if sqlite:
        _let_writers_queue(storage)
    return storage


def open_study(
    storage: BaseStorage,
    name: str,
    objectives: Sequence[str],
    identity: Mapping[str, Any],
    sampler: optuna.samplers.BaseSampler,
    pruner: optuna.pruners.BasePruner,
) -> Study:
    """Return the study of that name, made where there is none.

    Raises ConfigError where it is there for another search, naming what differs.
    """
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=["maximize"] * len(objectives),
            sampler=sampler,
            pruner=pruner,
            load_if_exists=True,
        )
    except ValueError as error:
        raise ConfigError(f"--study {name}: {error}") from None
    known = study.user_attrs.get(IDENTITY)
    if known is None:
        study.set_user_attr(IDENTITY, dict(identity))
    elif different := sorted(
        key for key in identity if key not in _BESIDES and known.get(key) != identity[key]
    ):
        raise ConfigError(
            f"--study {name}: is there already, made with other {', '.join(different)}; name another --study"
        )
    return study


def load_study(storage: BaseStorage, name: str) -> Study:
    """Return a study that is there. Raises ConfigError naming those that are."""
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        names = [summary.study_name for summary in optuna.get_all_study_summaries(storage)]
        raise ConfigError(
            f"--study {name}: not there; the storage has {', '.join(names) or 'none'}"
        ) from None


def _let_writers_queue(storage: RDBStorage) -> None:
    """Make every transaction of SQLite take the write lock when it begins.

    Otherwise two processes may both read a waiting trial before either takes it, and both play it.
    """

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        # Refused while another process uses the file, which has then set it already, or will.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL").close()
        connection.execute("PRAGMA synchronous=NORMAL").close()

    def began(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(storage.engine, "connect", connected)
    event.listen(storage.engine, "begin", began)
    storage.engine.dispose()
