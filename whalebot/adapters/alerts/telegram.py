"""Commands by Telegram: asks for messages in a thread of its own and answers them."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from typing import Final

from whalebot.adapters.alerts.chat_commands import ChatCommands
from whalebot.adapters.alerts.telegram_api import ChatTrouble, ChatUpdate, TelegramApi

POLL_S: Final = 25
_FIRST_WAIT_S: Final = 1.0
_LAST_WAIT_S: Final = 60.0
_LONGEST_ANSWER_WAIT_S: Final = 30.0
_REMEMBERED: Final = 1_000
# After a week without any message the numbers of updates begin somewhere else.
_NUMBERS_LAST_S: Final = 5 * 86_400.0
_log = logging.getLogger("whalebot.telegram")


class TelegramDesk:
    """Takes commands from the moment it has begun; what was sent before is dropped at the service.

    So nothing is carried out twice, not after a crash either, and nothing that was meant for an earlier run.
    An outage of the service is waited for; the daemon notices nothing of it.
    """

    def __init__(self, api: TelegramApi, commands: ChatCommands, poll_s: int = POLL_S) -> None:
        """poll_s: how long the service may hold a question until a message comes."""
        self._api = api
        self._commands = commands
        self._poll_s = poll_s
        self._halt = threading.Event()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._offset: int | None = None
        self._last_s = time.monotonic()
        self._failures = 0
        self._thread = threading.Thread(target=self._work, name="telegram", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 0.2) -> None:
        """Take no more commands. A question that is still open ends with the process, or by itself."""
        self._halt.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        has_begun = False
        while not self._halt.is_set():
            try:
                if has_begun:
                    self._poll()
                else:
                    self._begin()
                    has_begun = True
                self._well()
            except ChatTrouble as error:
                self._halt.wait(self._trouble(error))
            except Exception as error:  # noqa: BLE001  root of the thread: commands must come through again
                _log.exception("a command by chat failed")
                self._halt.wait(self._trouble(ChatTrouble(type(error).__name__)))
        self._api.close()

    def _begin(self) -> None:
        """Forget what was sent before, and tell its sender."""
        self._commands.bot_name = self._api.bot_name()
        for update in self._api.updates(-1, 0):
            self._note(update)
            message = update.message
            if message is not None and self._commands.knows(message.chat_id) and message.text.startswith("/"):
                text = "whalebot has just started; what was sent before is not carried out"
                self._reply(message.chat_id, text)

    def _poll(self) -> None:
        if time.monotonic() - self._last_s > _NUMBERS_LAST_S:
            self._offset = None
        for update in self._api.updates(self._offset, self._poll_s):
            if self._halt.is_set():
                return
            if self._note(update) and update.message is not None:
                answer = self._commands.answer(update.message, update.now_s)
                if answer is not None:
                    self._reply(update.message.chat_id, answer)

    def _note(self, update: ChatUpdate) -> bool:
        """Ask for later ones from now on; False for one that was here before."""
        self._last_s = time.monotonic()
        self._offset = update.update_id + 1
        if update.update_id in self._seen:
            return False
        self._seen[update.update_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _reply(self, chat_id: int, text: str) -> None:
        """Answer, trying once more where the service asks for a little patience."""
        try:
            self._api.send(chat_id, text)
        except ChatTrouble as error:
            if error.wait_s is None or error.wait_s > _LONGEST_ANSWER_WAIT_S:
                _log.warning("an answer by chat was not delivered: %s", error)
                return
            self._halt.wait(error.wait_s)
            try:
                self._api.send(chat_id, text)
            except ChatTrouble as again:
                _log.warning("an answer by chat was not delivered: %s", again)

    def _well(self) -> None:
        if self._failures:
            _log.info("commands by chat work again after %d failures", self._failures)
        self._failures = 0

    def _trouble(self, error: ChatTrouble) -> float:
        """Say the first failure; return how long to wait."""
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        _log.log(level, "commands by chat do not work: %s", error, extra={"kind": "telegram_failed"})
        if error.wait_s is not None:
            return error.wait_s
        return float(min(_FIRST_WAIT_S * 2 ** min(self._failures - 1, 10), _LAST_WAIT_S))
