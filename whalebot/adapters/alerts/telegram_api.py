"""The three calls of Telegram's Bot API that commands by chat need. Nothing here tells the token."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from whalebot.domain.errors import WhalebotError

BASE_URL: Final = "https://api.telegram.org"
LONGEST_TEXT: Final = 4_000
"""Characters of one message; the service takes 4096."""
_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 10.0
_LARGEST_ANSWER: Final = 4 * 1024 * 1024
_BLOCK_BYTES: Final = 64 * 1024
_CONFLICT_WAIT_S: Final = 30.0
_REFUSED_WAIT_S: Final = 600.0
_LONGEST_WAIT_S: Final = 3_600.0


class ChatTrouble(WhalebotError):
    """A call failed. `wait_s`: how long the service is to be left alone, None where it did not say."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A text that somebody sent to the bot. `sent_s` is Unix time by the service's clock."""

    chat_id: int
    user_id: int
    text: str
    sent_s: int


@dataclass(frozen=True, slots=True)
class ChatUpdate:
    """One update; `message` is None where it holds no text that we read. `now_s`: the service's clock."""

    update_id: int
    message: ChatMessage | None
    now_s: float


class _Chat(msgspec.Struct):
    id: int


class _Text(msgspec.Struct):
    chat: _Chat
    date: int
    sender: _Chat | None = msgspec.field(name="from", default=None)
    text: str | None = None
    forward_origin: Any = None
    forward_date: Any = None


class _Update(msgspec.Struct):
    update_id: int
    message: msgspec.Raw = msgspec.Raw(b"null")


class _Parameters(msgspec.Struct):
    retry_after: float | None = None


class _Answer(msgspec.Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    parameters: _Parameters | None = None


class _Bot(msgspec.Struct):
    username: str = ""


_answer = msgspec.json.Decoder(_Answer)
_updates = msgspec.json.Decoder(list[_Update])
_message = msgspec.json.Decoder(_Text)
_bot = msgspec.json.Decoder(_Bot)


class TelegramApi:
    """One session, for one thread. Every call raises ChatTrouble and nothing else."""

    def __init__(self, token: str, base_url: str = BASE_URL) -> None:
        """base_url: where the service is; another one than Telegram's is for trying things out."""
        import requests

        self._token = token
        self._base_url = base_url.rstrip("/")
        self._session = requests.Session()
        # A proxy of the environment leads to the service, not to a stand-in on this machine.
        self._session.trust_env = self._base_url == BASE_URL

    def __repr__(self) -> str:
        """Return the address alone."""
        return f"TelegramApi({self._base_url})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def bot_name(self) -> str:
        """Return the name by which groups address the bot."""
        bot: _Bot = _decoded(_bot, self._call("getMe", {}, 0.0)[0], "getMe")
        return bot.username

    def updates(self, offset: int | None, wait_s: int) -> list[ChatUpdate]:
        """Return what came, oldest first, waiting for it up to `wait_s`.

        offset: the first update wanted; those before it are forgotten there. -1 is the last one of all.
        """
        query: dict[str, Any] = {"timeout": wait_s, "allowed_updates": ["message"]}
        if offset is not None:
            query["offset"] = offset
        result, now_s = self._call("getUpdates", query, wait_s)
        found = _decoded(_updates, result, "getUpdates")
        return [ChatUpdate(update.update_id, _text_of(update.message), now_s) for update in found]

    def send(self, chat_id: int, text: str) -> None:
        """Send a plain text; what is too long is cut."""
        cut = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 2]} …"
        self._call("sendMessage", {"chat_id": chat_id, "text": cut}, 0.0)

    def _call(self, method: str, body: dict[str, Any], wait_s: float) -> tuple[msgspec.Raw, float]:
        """Return the result and the service's clock (ours where it does not tell)."""
        import requests
        import urllib3

        url = f"{self._base_url}/bot{self._token}/{method}"
        limits = (_CONNECT_S, wait_s + _ANSWER_S)
        try:
            with self._session.post(
                url, json=body, timeout=limits, allow_redirects=False, stream=True
            ) as response:
                content = _content(response, method, wait_s + _ANSWER_S)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # Without its words and its chain: they hold the address, and that the token.
            raise ChatTrouble(f"{method}: {type(error).__name__}") from None
        return self._read(method, response.status_code, content), _clock(response.headers.get("Date"))

    def _read(self, method: str, status: int, content: bytes) -> msgspec.Raw:
        try:
            answer = _answer.decode(content)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise ChatTrouble(f"{method}: HTTP {status}, an answer that cannot be read") from None
        if answer.ok and status == 200:
            return answer.result
        text = f"{method}: HTTP {status}: {answer.description.replace(self._token, '***')[:200]}"
        if status == 429:
            asked = answer.parameters.retry_after if answer.parameters is not None else None
            raise ChatTrouble(text, min(max(asked or 1.0, 1.0), _LONGEST_WAIT_S))
        if status == 409:
            raise ChatTrouble(f"{text} (only one program may ask for a bot's messages)", _CONFLICT_WAIT_S)
        if status in (401, 404):
            raise ChatTrouble(f"{text} (is the token right?)", _REFUSED_WAIT_S)
        raise ChatTrouble(text)


def _content(response: Any, method: str, limit_s: float) -> bytes:
    parts, size, until_s = [], 0, time.monotonic() + limit_s + _ANSWER_S
    read = getattr(response.raw, "read1", response.raw.read)
    while part := read(_BLOCK_BYTES, decode_content=True):
        size += len(part)
        if size > _LARGEST_ANSWER or time.monotonic() > until_s:
            raise ChatTrouble(f"{method}: an endless answer")
        parts.append(part)
    return b"".join(parts)


def _decoded(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw, method: str) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ChatTrouble(f"{method}: a result that cannot be read") from None


def _text_of(raw: msgspec.Raw) -> ChatMessage | None:
    """What somebody wrote; a message that is forwarded, or that cannot be read, is nobody's command."""
    try:
        found = _message.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if found.text is None or found.forward_origin is not None or found.forward_date is not None:
        return None
    user_id = found.chat.id if found.sender is None else found.sender.id
    return ChatMessage(found.chat.id, user_id, found.text, found.date)


def _clock(date: str | None) -> float:
    if date is not None:
        try:
            return parsedate_to_datetime(date).timestamp()
        except ValueError:
            pass
    return time.time()
