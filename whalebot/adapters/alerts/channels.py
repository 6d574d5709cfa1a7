"""Where alerts go: a channel is anything that can deliver a title and a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError

_RANK = {Level.DEBUG: 0, Level.INFO: 1, Level.WARNING: 2, Level.CRITICAL: 3}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel as the owner configured it. `url` is a secret."""

    name: str
    url: str = field(repr=False)
    min_level: Level = Level.WARNING


class Channel(Protocol):
    """Delivers messages. May block and may raise: it works on the alerts' own thread."""

    @property
    def name(self) -> str:
        """Name of the channel in the log."""
        ...

    @property
    def min_level(self) -> Level:
        """Least level that is delivered."""
        ...

    def deliver(self, level: Level, title: str, text: str) -> bool:
        """Deliver one message; False where the channel did not take it."""
        ...


def reaches(channel: Channel, level: Level) -> bool:
    """Tell whether a message of this level goes to a channel."""
    return _RANK[level] >= _RANK[channel.min_level]


class AppriseChannel:
    """A channel behind an Apprise URL: chat, e-mail, webhook and a hundred more."""

    def __init__(self, settings: ChannelSettings) -> None:
        """Check the URL. Raises ConfigError where Apprise is not installed or cannot read it."""
        self._settings = settings
        try:
            import apprise
        except ImportError:
            raise ConfigError(
                "alerts.channels: this needs apprise: pip install apprise (extra alerts)"
            ) from None
        self._sender = apprise.Apprise()
        if not self._sender.add(settings.url):
            raise ConfigError(
                f"alerts.channels: the url of {settings.name!r} is none that Apprise knows;"
                " its documentation lists their forms"
            )
        self._kinds = {
            Level.DEBUG: apprise.NotifyType.INFO,
            Level.INFO: apprise.NotifyType.INFO,
            Level.WARNING: apprise.NotifyType.WARNING,
            Level.CRITICAL: apprise.NotifyType.FAILURE,
        }

    @property
    def name(self) -> str:
        """Name of the channel in the log."""
        return self._settings.name

    @property
    def min_level(self) -> Level:
        """Least level that is delivered."""
        return self._settings.min_level

    def deliver(self, level: Level, title: str, text: str) -> bool:
        """Deliver one message; False where the service did not take it."""
        return bool(self._sender.notify(title=title, body=text or title, notify_type=self._kinds[level]))


def open_channels(settings: tuple[ChannelSettings, ...]) -> tuple[AppriseChannel, ...]:
    """Return the configured channels. Raises ConfigError naming the extra or the faulty channel."""
    return tuple(AppriseChannel(channel) for channel in settings)
