"""The live stream: one look at each topic for all listeners, one serialisation of each change."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from whalebot.adapters.web.answers import Answers, now_text
from whalebot.adapters.web.desk import Desk
from whalebot.adapters.web.gate import GateRules
from whalebot.adapters.web.stream_client import TOO_SLOW, StreamClient
from whalebot.adapters.web.topics import EVERY_S, difference, topic_builders

_log = logging.getLogger("whalebot.web")

MOST_CLIENTS: Final = 64
MOST_TOPICS: Final = 100
HEARTBEAT_S: Final = 15.0
PAUSE_S: Final = 0.1
_HELLO_S: Final = 10.0
_REFUSED: Final = 1008
_GOING: Final = 1001
_MOST_ASKED: Final = 100
_ASKED_WITHIN_S: Final = 10.0


class _Topic:
    """The state that every listener of a topic has been told, or is about to be."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seq = 0
        self.data: dict[str, Any] = {}
        self.version = -1
        self.due_s = 0.0
        self.listeners: set[StreamClient] = set()
        self.snapshot = ""


class StreamHub:
    """Owns topics and listeners; everything runs on the web thread."""

    def __init__(self, desk: Desk, answers: Answers, rules: GateRules) -> None:
        self._desk = desk
        self._answers = answers
        self._rules = rules
        self._builders = topic_builders(desk, lambda: self.clients)
        self._topics = {name: _Topic(name) for name in self._builders}
        self._clients: set[StreamClient] = set()
        self._heartbeat_s = time.monotonic()

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._clients)

    def tick(self) -> None:
        """Tell every listener what changed. Called every tenth of a second."""
        now_s = time.monotonic()
        for topic in self._topics.values():
            if topic.listeners and now_s >= topic.due_s:
                self._look(topic, now_s)
        if now_s - self._heartbeat_s >= HEARTBEAT_S:
            self._heartbeat_s = now_s
            beat = self._message({"type": "heartbeat", "ts": now_text()})
            for client in self._clients:
                client.put("", beat)
        for client in self._clients:
            client.look()

    def close(self) -> None:
        """The server ends: let every listener go."""
        for client in self._clients:
            client.is_given_up.set()

    async def serve(self, socket: WebSocket) -> None:
        """Serve one listener until it leaves or is given up."""
        if len(self._clients) >= MOST_CLIENTS:
            await socket.close(TOO_SLOW, "too many listeners")
            return
        await socket.accept()
        client = StreamClient(socket, self._snapshot)
        self._clients.add(client)
        listening = asyncio.ensure_future(self._listen(socket, client))
        sending = asyncio.ensure_future(client.send_all())
        ending = asyncio.ensure_future(client.is_given_up.wait())
        tasks: list[asyncio.Future[Any]] = [listening, sending, ending]
        try:
            client.put("", self._hello())
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._leave(client)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        code = _code_of(listening, client)
        if code and socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError, TimeoutError):
                await asyncio.wait_for(socket.close(code), 1.0)

    def _leave(self, client: StreamClient) -> None:
        self._clients.discard(client)
        for topic in self._topics.values():
            topic.listeners.discard(client)

    def _hello(self) -> str:
        return self._message(
            {
                "type": "hello",
                "ts": now_text(),
                "version": self._desk.facts.version,
                "heartbeat_s": HEARTBEAT_S,
                "topics": list(self._topics),
            }
        )

    async def _listen(self, socket: WebSocket, client: StreamClient) -> int:
        """Take requests until the listener leaves; return the code to close with, 0 for none."""
        is_known = not self._desk.facts.reads_need_token
        begun_s, asked = time.monotonic(), 0
        while True:
            try:
                waits_s = None if is_known else _HELLO_S
                text = await asyncio.wait_for(socket.receive_text(), waits_s)
            except (WebSocketDisconnect, KeyError):
                return 0
            except TimeoutError:
                return _REFUSED
            if time.monotonic() - begun_s > _ASKED_WITHIN_S:
                begun_s, asked = time.monotonic(), 0
            asked += 1
            if asked > _MOST_ASKED:
                return _REFUSED
            request = _read(text)
            if request is None:
                self._complain(client, "bad_request", 'expected {"op": "subscribe", "topics": [...]}')
                continue
            is_known = is_known or self._rules.is_token(str(request.get("token", "")))
            if not is_known:
                self._complain(client, "unauthorised", "the first subscribe must hold the token")
                await asyncio.sleep(0)
                return _REFUSED
            self._do(client, request)

    def _do(self, client: StreamClient, request: dict[str, Any]) -> None:
        if request["op"] == "ping":
            client.put("", self._message({"type": "pong", "ts": now_text()}))
            return
        for name in request["topics"]:
            topic = self._topics.get(name)
            if topic is None:
                self._complain(client, "unknown_topic", "no such topic; hello names all", str(name)[:80])
            elif request["op"] == "unsubscribe":
                topic.listeners.discard(client)
                client.topics.discard(name)
                client.forget(name)
            elif name in client.topics or len(client.topics) < MOST_TOPICS:
                self._subscribe(client, topic)
            else:
                text = f"at most {MOST_TOPICS} topics a connection"
                self._complain(client, "too_many_topics", text, name)

    def _subscribe(self, client: StreamClient, topic: _Topic) -> None:
        if not topic.listeners:
            self._look(topic, time.monotonic())
        client.topics.add(topic.name)
        topic.listeners.add(client)
        client.forget(topic.name)
        client.put(topic.name, self._snapshot(topic.name))

    def _look(self, topic: _Topic, now_s: float) -> None:
        """Make the topic's state anew and tell the difference."""
        every_s = EVERY_S.get(topic.name)
        topic.due_s = now_s + (every_s or 0.0)
        version = self._desk.chronicle.version
        if every_s is None and topic.version == version and topic.name != "status":
            return
        topic.version = version
        data = self._builders[topic.name]()
        changed, gone = difference(topic.data, data)
        if not changed and not gone and topic.seq:
            return
        topic.data, topic.seq, topic.snapshot = data, topic.seq + 1, ""
        if topic.listeners:
            told = {"type": "delta", "topic": topic.name, "seq": topic.seq, "ts": now_text()}
            message = self._message({**told, "set": changed, "gone": gone})
            for client in topic.listeners:
                client.put(topic.name, message)

    def _snapshot(self, name: str) -> str:
        topic = self._topics[name]
        if not topic.snapshot:
            told = {"type": "snapshot", "topic": name, "seq": topic.seq, "ts": now_text()}
            topic.snapshot = self._message({**told, "data": topic.data})
        return topic.snapshot

    def _complain(self, client: StreamClient, code: str, detail: str, topic: str | None = None) -> None:
        client.put("", self._message({"type": "error", "code": code, "detail": detail, "topic": topic}))

    def _message(self, message: dict[str, Any]) -> str:
        return self._answers.encode(message).decode()


def _read(text: str) -> dict[str, Any] | None:
    """Return a request, None where it is none."""
    try:
        request = json.loads(text)
        json.dumps(request, ensure_ascii=False).encode()  # half a character could not be told back
    except (ValueError, RecursionError):
        return None
    if not isinstance(request, dict) or request.get("op") not in ("subscribe", "unsubscribe", "ping"):
        return None
    topics = request.setdefault("topics", [])
    is_list = isinstance(topics, list) and all(isinstance(name, str) for name in topics)
    return request if is_list and len(topics) <= MOST_TOPICS else None


def _code_of(listening: asyncio.Future[int], client: StreamClient) -> int:
    """Return the code to close with, 0 where the listener left by itself."""
    if client.is_given_up.is_set():
        return TOO_SLOW
    if listening.done() and not listening.cancelled() and listening.exception() is None:
        return listening.result()
    return _GOING
