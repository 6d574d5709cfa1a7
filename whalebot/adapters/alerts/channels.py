"""Where alerts go: a channel is anything that can deliver a title and a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from whalebot.domain.addresses import is_loopback
from whalebot.domain.enums import Level
from whalebot.domain.errors import ConfigError

_RANK = {Level.DEBUG: 0, Level.INFO: 1, Level.WARNING: 2, Level.CRITICAL: 3}

_ON_THIS_MACHINE: Final = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
"""Services of Apprise that are programs here; the host in their addresses is none."""


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
        """Check the URL.

        Raises ConfigError where Apprise is not installed or cannot read it, and where messages would go in
        plain text off this machine, to whoever shows any certificate, or on to where a redirect leads.
        """
        self._settings = settings
        try:
            import apprise
        except ImportError:
            raise ConfigError(
                "alerts.channels: this needs apprise: pip install apprise (extra alerts)"
            ) from None
        self._sender = apprise.Apprise(asset=_asset(apprise))
        if not self._sender.add(settings.url):
            raise ConfigError(
                f"alerts.channels: the url of {settings.name!r} is none that Apprise knows;"
                " its documentation lists their forms"
            )
        for service in self._sender:
            if fault := _fault(service):
                raise ConfigError(f"alerts.channels: the url of {settings.name!r}: {fault}")
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


def _asset(apprise: Any) -> Any:
    """How Apprise is to behave: where a redirect leads, nobody has checked."""
    try:
        return apprise.AppriseAsset(http_redirects=False)
    except AttributeError:
        raise ConfigError(
            "alerts.channels: this apprise follows redirects whatever it is told: pip install -U apprise"
        ) from None


def _fault(service: Any) -> str:
    """Why a service of Apprise may not get messages, "" where it may."""
    if not service.verify_certificate:
        return "verify=no would tell everything to whoever shows any certificate; remove it"
    if service.redirects:
        return "redirect=yes would send everything to where nobody has checked; remove it"
    if _is_encrypted(service) or service.schema in _ON_THIS_MACHINE:
        return ""
    if is_loopback((getattr(service, "smtp_host", None) or service.host or "").strip("[]")):
        return ""
    return (
        "plain text is allowed only to this machine; use the encrypted form of the scheme, which ends in s"
        " (jsons, mailtos, ntfys), and no mode=insecure"
    )


def _is_encrypted(service: Any) -> bool:
    if service.secure:
        return getattr(service, "secure_mode", None) != "insecure"
    # A service that has but one form says nothing by it: most of these are https alone.
    if not service.protocol:
        return True
    return not service.secure_protocol and str(getattr(service, "notify_url", "")).startswith("https://")


def open_channels(settings: tuple[ChannelSettings, ...]) -> tuple[AppriseChannel, ...]:
    """Return the configured channels. Raises ConfigError naming the extra or the faulty channel."""
    return tuple(AppriseChannel(channel) for channel in settings)
