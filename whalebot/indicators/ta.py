"""TA-Lib, loaded without pandas: every indicator that needs it takes it from here.

TA-Lib's Python package imports pandas only to accept its Series. That costs a second and 90 MB, more than all
the rest of a trading process; float64 arrays are all that is used here.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["ta"]

_OPTIONAL = ("pandas", "polars")


def _load() -> ModuleType:
    hidden = [name for name in _OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # makes its import raise ModuleNotFoundError
    try:
        import talib
    finally:
        for name in hidden:
            del sys.modules[name]
    if not hasattr(talib, "CMF"):
        raise ImportError(
            f"TA-Lib {talib.__version__} is too old: 0.8 or later is needed (pip install -U TA-Lib)"
        )
    return talib


if TYPE_CHECKING:
    import talib as ta
else:
    ta = _load()
