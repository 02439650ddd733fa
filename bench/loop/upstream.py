"""A loopback upstream that answers each question as the model that is asked did."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from bench.loop.pairs import Pair, question_of


class Playbook:
    """What is answered, by traffic and question; `degrade` changes a draft silently.

    A degraded draft answers every question of `to` with what it answers to another.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._instead: dict[tuple[str, str], Pair] = {}

    def add(self, traffic: str, pairs: Iterable[Pair]) -> None:
        """Know the answers to `pairs` of `traffic`."""
        self._pairs |= {(traffic, pair.question): pair for pair in pairs}

    def degrade(self, traffic: str, pairs: Sequence[Pair]) -> None:
        """Let the draft of `traffic` answer each of `pairs` as it does the next one."""
        for pair, following in zip(pairs, (*pairs[1:], *pairs[:1]), strict=True):
            self._instead[traffic, pair.question] = following

    def answer(self, model: str, messages: Any) -> dict[str, Any] | None:
        """Return the message of `model`, named `traffic-role`; None for others."""
        traffic, _, role = model.rpartition("-")
        asked = traffic, question_of(messages)
        pair = self._pairs.get(asked)
        if pair is None or role not in pair.answers:
            return None
        if role == "draft":
            pair = self._instead.get(asked, pair)
        said = {"id": "msg_loop", "type": "message", "role": "assistant"}
        return said | {"model": model, "stop_sequence": None} | pair.answers[role]


@contextmanager
def serving(playbook: Playbook) -> Iterator[str]:
    """Yield the address of an upstream that plays `playbook`."""

    class Answering(_Answering):
        book = playbook

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Answering(BaseHTTPRequestHandler):
    book: Playbook
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        asked = msgspec.json.decode(self.rfile.read(length))
        answer = self.book.answer(asked.get("model", ""), asked.get("messages"))
        self._say(200 if answer else 404, answer or {"type": "error"})

    def do_GET(self) -> None:
        self._say(200, {"data": [], "has_more": False})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: what was asked is in the account."""

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
