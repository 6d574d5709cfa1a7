"""A strategy of the user's own: found by its name, and every mistake in it named by file and line."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from whalebot.domain.errors import ConfigError
from whalebot.research.strategy import DecisionColumns

if TYPE_CHECKING:
    from whalebot.engine.bars import Analyzer
    from whalebot.engine.settings import EngineSettings
    from whalebot.research.dataset import SymbolData

_ARRAYS: Final = {"score": "fiu", "threshold": "fiu", "signal": "fiu", "atr": "fiu", "may_enter": "b"}
_KINDS: Final = {"fiu": "numbers", "b": "booleans"}


class OwnStrategy:
    """A strategy as `module:Class` names it; what goes wrong inside becomes a ConfigError."""

    def __init__(self, place: str, settings: EngineSettings) -> None:
        """Import the module, from the working directory too, and make the class. Raises ConfigError."""
        self._place = place
        maker = _class_of(place)
        self._inner: Any = self._asked(lambda: maker(settings), "made with EngineSettings alone")
        self.name: str = self._asked(lambda: self._inner.name, "asked for its name")
        if not isinstance(self.name, str) or not callable(getattr(self._inner, "columns", None)):
            raise ConfigError(f"--strategy {place}: a strategy has a name, which is text, and columns(data)")

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Decide on every decision bar of a symbol. Raises ConfigError for a mistake in the class."""
        found = self._asked(lambda: self._inner.columns(data), f"columns({data.symbol})")
        if not isinstance(found, DecisionColumns):
            raise ConfigError(
                f"--strategy {self._place}: columns({data.symbol}) returned {type(found).__name__}; "
                "expected DecisionColumns"
            )
        for name, kinds in _ARRAYS.items():
            array = getattr(found, name)
            if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
                raise ConfigError(
                    f"--strategy {self._place}: {name} of columns({data.symbol}) is no array of "
                    f"{_KINDS[kinds]}"
                )
            if array.shape != (len(data.decisions),):
                raise ConfigError(
                    f"--strategy {self._place}: {name} of columns({data.symbol}) has the shape "
                    f"{array.shape}; expected one value for each of {len(data.decisions)} decision bars"
                )
        return found

    def analyzer(self, symbol: str) -> Analyzer:
        """Return what decides bar by bar inside an engine. Raises ConfigError for a mistake in the class."""
        made: Analyzer = self._asked(lambda: self._inner.analyzer(symbol), f"analyzer({symbol})")
        return made

    def _asked(self, ask: Callable[[], Any], doing: str) -> Any:
        try:
            return ask()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001  root of the user's own code, which may raise anything
            fault = error
        raise ConfigError(f"--strategy {self._place}: {doing}: {_told(fault)}") from fault


def _class_of(place: str) -> Callable[[EngineSettings], Any]:
    module_name, _, class_name = place.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise ConfigError(
            f"--strategy {place}: expected module:Class, as my.strategies:Trend for Trend in my/strategies.py"
        )
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)
    maker = getattr(_imported(place, module_name), class_name, None)
    if isinstance(maker, type):
        return maker
    fault = f"{module_name} has no {class_name}" if maker is None else f"{class_name} is no class"
    raise ConfigError(f"--strategy {place}: {fault}; your own is module:Class")


def _imported(place: str, module_name: str) -> ModuleType:
    fault: BaseException
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigError(
                f"--strategy {place}: {error}; the module must lie in the working directory or on PYTHONPATH"
            ) from None
        fault = error
    except (Exception, SystemExit) as error:  # noqa: BLE001  root of the user's own code
        fault = error
    raise ConfigError(f"--strategy {place}: {_told(fault)}") from fault


def _told(error: BaseException) -> str:
    """Say where and what: the last line of the user's own files that the error came through."""
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<") and frame.filename not in (__file__, importlib.__file__)
    ]
    if not frames:
        return said
    folder = os.path.dirname(frames[0].filename)
    last = [frame for frame in frames if os.path.dirname(frame.filename) == folder][-1]
    return f"{last.filename}, line {last.lineno}: {said}"
