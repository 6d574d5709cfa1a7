"""Compiles plain functions of numbers, and keeps the machine code between runs.

What is compiled calls functions of other rooms, and the compiler's own cache looks only at the file of the
function it compiles. The cache folder is therefore named by a digest of every file that takes part.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from whalebot import __version__
from whalebot.decisions.analysis import signal
from whalebot.decisions.risk import costs, gate, guardrails, sizing, stops
from whalebot.domain import instrument
from whalebot.domain.errors import ConfigError
from whalebot.indicators import averages, crossing, trend

# Made for terminals, and a tenth of the time of compiling.
os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
try:
    import numba
except ImportError:
    raise ConfigError(
        "the column tier needs Numba: pip install -e '.[research]' in the clone, or choose --tier event"
    ) from None

_jit: Any = numba.njit
F = TypeVar("F", bound=Callable[..., Any])

_SHARED: Final = (costs, gate, guardrails, sizing, stops, instrument, signal, averages, crossing, trend)

# Copied to where they are called: a call would pass every array as seven numbers. Compiling takes no longer.
_INNER: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True}

# No function here makes an array, so that none has to count references: that would take most of the time.
_OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "_nrt": False}


def compiled(function: F) -> F:
    """Return the compiled form of a function that the cached ones call; from Python it cannot be called."""
    return cast(F, _jit(**_OPTIONS, **_INNER)(function))


def cached(function: F) -> F:
    """Return the compiled form of a function that is called from Python, kept between runs if possible."""
    config: Any = numba.config
    before, folder = config.CACHE_DIR, _cache_folder()
    config.CACHE_DIR = "" if folder is None else str(folder)
    try:
        dispatcher = _jit(**_OPTIONS, cache=folder is not None)(function)
    finally:
        config.CACHE_DIR = before

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        if dispatcher.overloads:
            return dispatcher(*arguments)
        # Compiling makes millions of objects that stay; it would be searched for garbage again and again.
        with _without_collecting():
            return dispatcher(*arguments)

    return cast(F, call)


@contextmanager
def _without_collecting() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _cache_folder() -> Path | None:
    """Return a folder that can be written, None where there is none: then every run compiles anew."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return None
    for root in _roots():
        folder = root / "whalebot" / "compiled" / _digest()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _roots() -> list[Path]:
    given = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    roots = [Path(text) for text in given if text]
    home = os.path.expanduser("~")
    return roots if home == "~" else [*roots, Path(home) / ".cache"]


def _digest() -> str:
    state = hashlib.sha256(f"{__version__} {numba.__version__} {sys.version}".encode())
    files = [Path(str(module.__file__)) for module in _SHARED]
    for file in sorted([*files, *Path(__file__).parent.glob("*.py")]):
        state.update(file.read_bytes())
    return state.hexdigest()[:16]
