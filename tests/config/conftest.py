"""Reading configurations from text, without files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from whalebot.app.config.environment import Environment
from whalebot.app.config.loading import Loaded, check_text
from whalebot.app.config.problems import ConfigProblems

Read = Callable[..., Loaded]
Refused = Callable[..., ConfigProblems]


@pytest.fixture
def read() -> Read:
    """Check a table (or text) and return what it comes to."""

    def run(
        table: Mapping[str, Any] | str = "{}",
        env: Mapping[str, str] | None = None,
        overrides: Mapping[Any, Any] | None = None,
    ) -> Loaded:
        text = table if isinstance(table, str) else json.dumps(table)
        return check_text(text, "config.json", Environment(env or {}), overrides or {})

    return run


@pytest.fixture
def refused(read: Read) -> Refused:
    """Check a table (or text) that must be refused and return the refusal."""

    def run(table: Mapping[str, Any] | str, **more: Any) -> ConfigProblems:
        with pytest.raises(ConfigProblems) as caught:
            read(table, **more)
        return caught.value

    return run
