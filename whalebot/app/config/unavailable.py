"""Features that the file may describe but this version does not have: switching one on is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from whalebot.app.config.document import Config
from whalebot.app.config.problems import Path, Problem, value_text
from whalebot.app.config.tree import value_at

_OFF: Final[dict[Path, tuple[Any, ...]]] = {
    ("pyramiding", "enabled"): (False,),
    ("take_profit_ladder", "enabled"): (False,),
    ("ev_filter", "enabled"): (False,),
    ("scoring", "model"): ("groups",),
    ("trade_management", "order_mode"): ("MARKET",),
    ("trade_management", "take_profit_type"): ("MARKET",),
    ("web", "allow_orders"): (False,),
    ("intrabar",): (False,),
}
"""Place -> the values that this version can do."""


def refuse_unavailable(config: Config) -> Iterator[Problem]:
    """Yield a problem for each feature that is switched on and does not exist yet."""
    values = config.model_dump(mode="json", by_alias=True)
    for path, possible in _OFF.items():
        value = value_at(values, path)
        if value not in possible:
            choice = " or ".join(value_text(path, option) for option in possible)
            yield Problem(path, f"not available in this version; set it to {choice}", value_text(path, value))
