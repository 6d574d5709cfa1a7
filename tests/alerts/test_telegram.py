"""Commands by chat against a service on loopback: who may, what is done, and every way the service fails."""

from __future__ import annotations

import itertools
import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest
from chat_service import TOKEN, ChatService

from whalebot.adapters.alerts.chat_commands import ChatCommands, ChatDuties
from whalebot.adapters.alerts.telegram import TelegramDesk
from whalebot.adapters.alerts.telegram_api import LONGEST_TEXT, ChatMessage, ChatTrouble, TelegramApi
from whalebot.domain.events import Order

pytestmark = pytest.mark.socket
LIMIT_S = 30


class Daemon:
    """What commands reach; keeps it."""

    def __init__(self) -> None:
        self.orders: queue.Queue[tuple[Order, str]] = queue.Queue()
        self.seen: list[int] = []
        self.records: list[tuple[str, str, Mapping[str, str]]] = []
        self.now_s = 0.0
        self.codes = (f"{number}" for number in itertools.count(4001))

    def commands(self, *chats: int) -> ChatCommands:
        duties = ChatDuties(
            {"status": lambda: "trading", "positions": lambda: "no position", "pnl": lambda: "+1.00"},
            lambda order, source: self.orders.put((order, source)),
            self.ack,
            lambda kind, actor, fields: self.records.append((kind, actor, fields)),
        )
        return ChatCommands(chats or (7,), duties, lambda: self.now_s, lambda: next(self.codes))

    def ack(self, number: int, actor: str) -> bool:
        self.seen.append(number)
        return number == 3

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.records]


@pytest.fixture
def service() -> Iterator[ChatService]:
    found = ChatService()
    yield found
    found.close()


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def listen(service: ChatService, daemon: Daemon) -> Iterator[Callable[..., TelegramDesk]]:
    """Start a desk; it has begun when this returns, unless told not to wait."""
    with ExitStack() as stack:

        def start(*chats: int, waits: bool = True) -> TelegramDesk:
            asked = len(service.offsets)
            desk = TelegramDesk(TelegramApi(TOKEN, service.url), daemon.commands(*chats), poll_s=5)
            stack.callback(desk.stop, LIMIT_S)
            stack.callback(service.say, "/end of the test")
            if waits:
                until(lambda: len(service.offsets) > asked + 1)
            return desk

        yield start


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not come"
        threading.Event().wait(0.002)


def heard(service: ChatService) -> tuple[int, str]:
    return service.sent.get(timeout=LIMIT_S)


def message(text: str, chat: int = 7, user: int = 7, sent_s: int = 1_000) -> ChatMessage:
    return ChatMessage(chat, user, text, sent_s)


# --- what is said and done ------------------------------------------------------------


def test_questions_are_answered(service, daemon, listen) -> None:
    listen()
    for text, answer in (
        ("/status", "trading"),
        ("/positions", "no position"),
        ("/pnl@WhaleTestBot", "+1.00"),
    ):
        service.say(text)
        assert heard(service) == (7, answer)
    assert daemon.orders.empty()


def test_pause_and_resume_reach_the_daemon_with_who_said_it(service, daemon, listen) -> None:
    listen()
    for text, order in (("/pause", Order.PAUSE), ("/resume", Order.RESUME)):
        service.say(text, user=9)
        assert daemon.orders.get(timeout=LIMIT_S) == (order, "telegram 7/9")
        heard(service)


def test_panic_needs_its_code(service, daemon, listen) -> None:
    listen()
    service.say("/panic")
    assert "/confirm 4001" in heard(service)[1]
    assert daemon.orders.empty()
    service.say("/confirm 4001")
    assert daemon.orders.get(timeout=LIMIT_S) == (Order.PANIC, "telegram 7/7")
    assert heard(service)[1].startswith("panic: cancelling")
    service.say("/confirm 4001")
    assert heard(service)[1].startswith("nothing waits")
    assert daemon.orders.empty()
    assert daemon.kinds() == ["panic_asked"]


def test_a_confirmation_that_is_wrong_late_or_of_another_does_nothing(daemon) -> None:
    commands = daemon.commands(7, 8)

    def tried(text: str, user: int = 7, chat: int = 7) -> str:
        return str(commands.answer(message(text, chat, user), 1_000))

    tried("/panic")
    assert tried("/confirm 1234").startswith("that is not the code")
    assert tried("/confirm 4001").startswith("nothing waits"), "one try a code"
    tried("/panic")
    assert tried("/confirm 4002", user=66).startswith("only who asked")
    tried("/panic")
    assert tried("/confirm 4003", chat=8).startswith("nothing waits")
    daemon.now_s += 60.1
    assert tried("/confirm 4003").startswith("the time for the confirmation is over")
    tried("/panic")
    assert tried("/confirm").startswith("that is not the code")
    assert daemon.orders.empty()
    assert daemon.kinds().count("panic_refused") == 4


def test_an_alert_is_acknowledged_by_its_number(daemon) -> None:
    commands = daemon.commands()
    assert commands.answer(message("/ack 3"), 1_000) == "alert 3: seen"
    assert commands.answer(message("/ack 4"), 1_000) == "there is no alert 4"
    for text in ("/ack", "/ack x", "/ack 1 2", "/ack -1", "/ack ٣"):
        assert str(commands.answer(message(text), 1_000)).startswith("say which")
    assert daemon.seen == [3, 4]


def test_talk_and_other_bots_commands_are_left_alone_and_the_unknown_gets_help(daemon) -> None:
    commands = daemon.commands()
    commands.bot_name = "WhaleTestBot"
    for text in ("hello", "", "panic", "/panic@OtherBot"):
        assert commands.answer(message(text), 1_000) is None
    for text in ("/help", "/", "/start", "/PaNiC2"):
        assert "/status" in str(commands.answer(message(text), 1_000))
    assert daemon.orders.empty()


def test_strangers_get_no_answer_and_one_line_in_the_log(service, daemon, listen, caplog) -> None:
    listen(7)
    for _ in range(3):
        service.say("/pause", chat=666)
    service.say("/status")
    assert heard(service) == (7, "trading")
    assert service.sent.empty()
    assert daemon.orders.empty()
    assert daemon.kinds() == ["stranger"]
    assert sum("666" in record.getMessage() for record in caplog.records) == 1


def test_a_command_that_lay_too_long_is_not_carried_out(service, daemon, listen) -> None:
    listen()
    service.say("/pause", age_s=121)
    assert "not carried out" in heard(service)[1]
    service.say("/pause", age_s=119)
    assert heard(service)[1].startswith("no more entries")
    assert daemon.orders.qsize() == 1


def test_a_forwarded_command_is_nobodys(service, daemon, listen) -> None:
    listen()
    service.say("/pause", forward_origin={"type": "user"})
    service.say("/pause", forward_date=1)
    service.say("/status")
    assert heard(service) == (7, "trading")
    assert daemon.orders.empty()


# --- once and only once ------------------------------------------------------------


def test_what_was_sent_before_the_start_is_dropped_and_its_sender_told(service, daemon, listen) -> None:
    service.say("/panic")
    service.say("/confirm 4001")
    service.say("/pause")
    listen()
    assert heard(service) == (7, "whalebot has just started; what was sent before is not carried out")
    service.say("/status")
    assert heard(service) == (7, "trading")
    assert daemon.orders.empty()
    assert service.sent.empty()


def test_a_restart_does_not_repeat_a_command(service, daemon, listen) -> None:
    desk = listen()
    service.say("/pause")
    assert daemon.orders.get(timeout=LIMIT_S)[0] is Order.PAUSE
    heard(service)
    service.say("/status")
    heard(service)
    desk.stop(0)
    listen()
    service.say("/status")
    until(lambda: "trading" in [text for _, text in list(service.sent.queue)])
    assert daemon.orders.empty()


def test_an_update_that_comes_twice_is_carried_out_once(service, daemon, listen) -> None:
    listen()
    service.forgets_offsets = True
    service.say("/pause")
    service.say("/resume")
    until(lambda: service.calls.count("getUpdates") > 6)
    assert [order for order, _ in list(daemon.orders.queue)] == [Order.PAUSE, Order.RESUME]
    service.forgets_offsets = False


def test_each_question_confirms_what_came_before(service, listen) -> None:
    listen()
    last = service.say("/status")
    heard(service)
    until(lambda: service.offsets[-1] == last + 1)
    assert service.offsets[0] == -1


# --- a service that fails ------------------------------------------------------------


def problem(code: int, description: str, **parameters: object) -> tuple[int, bytes]:
    answer = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return code, json.dumps(answer).encode()


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [
        (problem(429, "Too Many Requests: retry after 17", retry_after=17), 17.0),
        (problem(429, "Too Many Requests"), 1.0),
        (problem(429, "Too Many Requests", retry_after=10**9), 3600.0),
        (problem(409, "Conflict: terminated by other getUpdates request"), 30.0),
        (problem(401, "Unauthorized"), 600.0),
        (problem(500, "Internal Server Error"), None),
        ((502, b"<html>Bad Gateway</html>"), None),
        ((200, b"not json"), None),
        ((200, b'{"ok":true,"result":{"a":1}}'), None),
        ((200, b'{"ok":false}'), None),
        ((302, b'{"ok":true,"result":[]}'), None),
    ],
)
def test_each_refusal_says_how_long_to_wait(service, fault, wait_s) -> None:
    service.faults.put(fault)
    api = TelegramApi(TOKEN, service.url)
    with pytest.raises(ChatTrouble) as caught:
        api.updates(None, 0)
    api.close()
    assert caught.value.wait_s == wait_s
    assert TOKEN not in str(caught.value)


def test_garbage_among_the_updates_costs_only_itself(service, daemon, listen) -> None:
    listen()
    for update in (
        {"message": {"text": 5}},
        {"message": {"chat": {"id": "x"}, "date": 1, "text": "/pause"}},
        {"edited_message": {"chat": {"id": 7}, "date": 1, "text": "/pause"}},
        {"message": None},
        {"message": {"chat": {"id": 7}, "date": 1}},
        {},
    ):
        service.put(update)
    service.say("/status")
    assert heard(service) == (7, "trading")
    assert daemon.orders.empty()


def test_after_failures_it_goes_on_and_says_so_once(service, daemon, listen, caplog) -> None:
    caplog.set_level(logging.INFO, "whalebot.telegram")
    listen()
    service.faults.put((502, b"<html>"))
    service.say("/status")
    heard(service)
    service.say("/pause")
    assert daemon.orders.get(timeout=LIMIT_S)[0] is Order.PAUSE
    heard(service)
    told = [record.getMessage() for record in caplog.records if record.name == "whalebot.telegram"]
    assert len([text for text in told if "do not work" in text]) == 1
    until(lambda: any("work again" in record.getMessage() for record in caplog.records))


def test_a_service_that_cannot_be_reached_is_waited_for_without_telling_the_token(daemon, caplog) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        desk = TelegramDesk(TelegramApi(TOKEN, url), daemon.commands())
        until(lambda: any("do not work" in record.getMessage() for record in caplog.records))
        assert desk.is_alive
        desk.stop(LIMIT_S)
        assert not desk.is_alive
    assert "AAsecret" not in caplog.text
    assert "AAsecret" not in repr(TelegramApi(TOKEN, url))


def test_a_bug_in_an_answer_does_not_end_the_thread(service, daemon, caplog) -> None:
    def broken() -> str:
        raise KeyError("bug")

    duties = ChatDuties({"status": broken, "pnl": lambda: "+1"}, lambda *_: None, daemon.ack, lambda *_: None)
    desk = TelegramDesk(TelegramApi(TOKEN, service.url), ChatCommands((7,), duties), poll_s=5)
    until(lambda: len(service.offsets) > 1)
    service.say("/status")
    until(lambda: "a command by chat failed" in caplog.text)
    service.say("/pnl")
    assert heard(service) == (7, "+1")
    service.say("/end")
    desk.stop(LIMIT_S)


def test_a_long_text_is_cut(service) -> None:
    api = TelegramApi(TOKEN, service.url)
    api.send(7, "x" * 10_000)
    api.close()
    text = heard(service)[1]
    assert len(text) == LONGEST_TEXT
    assert text.endswith("…")
