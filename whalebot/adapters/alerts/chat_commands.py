"""What may be said to the daemon by chat, by whom, and what it answers."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from whalebot.adapters.alerts.telegram_api import ChatMessage
from whalebot.domain.events import Order

CONFIRM_WITHIN_S: Final = 60.0
STALE_S: Final = 120.0
"""A command older than this, by the service's own clock, is not carried out."""
_MOST_STRANGERS: Final = 100
_log = logging.getLogger("whalebot.telegram")
HELP: Final = "\n".join(
    (
        "/status: does it trade, or why not",
        "/positions: what is open, and where the stops lie",
        "/pnl: result of today and of the last 24 h",
        "/alerts: the last alerts; /ack N: alert N was seen",
        "/pause, /resume: stop and allow entries; stops and exits go on",
        "/panic: cancel everything, close everything, no entries until /resume; asks for a confirmation",
    )
)


@dataclass(frozen=True, slots=True)
class ChatDuties:
    """What commands do. All are called on the chat's thread.

    `answers`: name of a question to the function that makes its answer. `order` hands an order with its
    source to the daemon. `ack` notes that somebody saw an alert, False where there is none of that number.
    `record` takes what the audit trail should hold: kind, actor, fields.
    """

    answers: Mapping[str, Callable[[], str]]
    order: Callable[[Order, str], None]
    ack: Callable[[int, str], bool]
    record: Callable[[str, str, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A panic that waits for its confirmation."""

    code: str
    user_id: int
    until_s: float


class ChatCommands:
    """Judges messages one by one. Not thread-safe; knows no network."""

    def __init__(
        self,
        chat_ids: tuple[int, ...],
        duties: ChatDuties,
        now_s: Callable[[], float] = time.monotonic,
        make_code: Callable[[], str] = lambda: f"{secrets.randbelow(9000) + 1000}",
    ) -> None:
        """now_s: a clock that never jumps, for the end of a confirmation's time."""
        self._chat_ids = frozenset(chat_ids)
        self._duties = duties
        self._now_s = now_s
        self._make_code = make_code
        self._pending: dict[int, _Pending] = {}
        self._strangers: set[int] = set()
        self.bot_name = ""

    def knows(self, chat_id: int) -> bool:
        """Tell whether a chat may command."""
        return chat_id in self._chat_ids

    def answer(self, message: ChatMessage, clock_s: float) -> str | None:
        """Carry out what a message says; return the answer, None where there is to be none.

        clock_s: the service's clock, against which the age of the message is taken.
        """
        if not self.knows(message.chat_id):
            self._ignore(message)
            return None
        word, arguments = self._parsed(message.text)
        if word is None:
            return None
        age_s = clock_s - message.sent_s
        if age_s > STALE_S:
            return f"/{word} was sent {age_s:.0f} s ago and is not carried out; send it again"
        actor = f"telegram {message.chat_id}/{message.user_id}"
        if word in self._duties.answers:
            return self._duties.answers[word]()
        if word in ("pause", "resume"):
            self._duties.order(Order(word), actor)
            return (
                "no more entries until /resume; stops and exits go on"
                if word == "pause"
                else "entries allowed"
            )
        if word == "panic":
            return self._ask(message, actor)
        if word == "confirm":
            return self._confirm(message, arguments, actor)
        if word == "ack":
            return self._acknowledge(arguments, actor)
        return HELP

    def _parsed(self, text: str) -> tuple[str | None, list[str]]:
        """A command and its arguments; None for what is said to nobody, or to another bot of the group."""
        parts = text.split()
        if not parts or not parts[0].startswith("/"):
            return None, []
        word, _, bot = parts[0][1:].partition("@")
        if bot and bot.lower() != self.bot_name.lower():
            return None, []
        return word.lower(), parts[1:]

    def _ask(self, message: ChatMessage, actor: str) -> str:
        code = self._make_code()
        until_s = self._now_s() + CONFIRM_WITHIN_S
        self._pending[message.chat_id] = _Pending(code, message.user_id, until_s)
        self._duties.record("panic_asked", actor, {})
        return (
            "panic cancels every order and closes every position at market, and pauses entries.\n"
            f"To do it, send within {CONFIRM_WITHIN_S:.0f} s: /confirm {code}"
        )

    def _confirm(self, message: ChatMessage, arguments: list[str], actor: str) -> str:
        pending = self._pending.pop(message.chat_id, None)
        if pending is None:
            return "nothing waits for a confirmation; begin with /panic"
        problem = ""
        if self._now_s() > pending.until_s:
            problem = "the time for the confirmation is over"
        elif pending.user_id != message.user_id:
            problem = "only who asked may confirm"
        elif arguments != [pending.code]:
            problem = "that is not the code"
        if problem:
            self._duties.record("panic_refused", actor, {"reason": problem})
            return f"{problem}: nothing was done; begin again with /panic"
        self._duties.order(Order.PANIC, actor)
        return "panic: cancelling orders, closing every position; see /positions"

    def _acknowledge(self, arguments: list[str], actor: str) -> str:
        if len(arguments) != 1 or not (arguments[0].isascii() and arguments[0].isdigit()):
            return "say which: /ack N; /alerts shows the numbers"
        number = int(arguments[0][:18])
        return f"alert {number}: seen" if self._duties.ack(number, actor) else f"there is no alert {number}"

    def _ignore(self, message: ChatMessage) -> None:
        """Say nothing to strangers, and to the log once that they were there."""
        if message.chat_id in self._strangers or len(self._strangers) >= _MOST_STRANGERS:
            return
        self._strangers.add(message.chat_id)
        _log.warning(
            "ignored a message from chat %d, which is not in alerts.telegram.chat_ids", message.chat_id
        )
        self._duties.record("stranger", f"telegram {message.chat_id}/{message.user_id}", {})
