"""Renders figures in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from whalebot.adapters.metrics.snapshot import MetricsSnapshot
from whalebot.domain.errors import ConfigError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

MISSING: Final = 'metrics need prometheus-client: pip install -e ".[web]" in the clone of whalebot'


def require() -> None:
    """Raise ConfigError where the extra is not installed."""
    if find_spec("prometheus_client") is None:
        raise ConfigError(MISSING)


def render(snapshot: MetricsSnapshot) -> bytes:
    """Return the figures in the Prometheus text format, version 0.0.4.

    A pure function: it keeps nothing, and registers nothing globally. Raises ConfigError without the extra.
    """
    try:
        from prometheus_client.exposition import generate_latest
        from prometheus_client.registry import CollectorRegistry

        from whalebot.adapters.metrics import families
    except ImportError:
        raise ConfigError(MISSING) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(families.of, snapshot))
    return bytes(generate_latest(registry))


class _Given:
    """A collector of one snapshot."""

    def __init__(
        self, families_of: Callable[[MetricsSnapshot], Iterator[Metric]], snapshot: MetricsSnapshot
    ) -> None:
        self._families_of = families_of
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield every family of the snapshot."""
        return self._families_of(self._snapshot)

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: the registry lives for one rendering."""
        return []
