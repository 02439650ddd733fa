"""The fake upstream: which endpoint answers a request, and with what."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote

from routing.simulator import anthropic_ask, anthropic_wire, openai_wire
from routing.simulator.cache import PromptCache
from routing.simulator.chat import Chat
from routing.simulator.dice import Dice
from routing.simulator.models import claude_page, describe, find_model, openai_page
from routing.simulator.prompts import decoded
from routing.simulator.replies import Wire, json_reply
from routing.simulator.values import Behaviour, Rejected, Reply, Request, tokens

Endpoint = Callable[[Request], Reply]
_LIMIT_WINDOW = timedelta(seconds=60)
_MODELS = "/v1/models"
NOT_PLAYED = "The simulator does not play this endpoint."
_SERVER = (("server", "cascadeproxy-simulator"),)


class FakeUpstream:
    """Answers requests; keeps nothing between them but the prompt cache.

    `clock` returns seconds that only grow; the cache's lifetimes go by it.
    """

    def __init__(
        self, behaviour: Behaviour, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._behaviour = behaviour
        self._chat = Chat(behaviour, PromptCache(clock))
        self._numbers = itertools.count(1)
        self._open_endpoints: dict[tuple[str, str], Endpoint] = {
            ("HEAD", "/"): _alive,
            ("GET", "/"): _alive,
            ("HEAD", "/api/hello"): _alive,
            ("GET", "/api/hello"): _alive,
            ("GET", "/health"): _alive,
            ("HEAD", "/health"): _alive,
        }
        self._endpoints: dict[tuple[str, str], Endpoint] = {
            ("POST", "/v1/messages/count_tokens"): self._count_tokens,
            ("GET", _MODELS): _list_models,
        }
        self._chats: dict[tuple[str, str], Wire] = {
            ("POST", "/v1/messages"): anthropic_wire,
            ("POST", "/v1/chat/completions"): openai_wire,
        }

    def answer(self, request: Request) -> Reply:
        """Return the reply to `request`, errors included."""
        wire = _wire_of(request)
        request_id = self._next_id()
        try:
            reply = self._route(request, request_id)
        except Rejected as error:
            body = wire.error_body(error, request_id)
            reply = json_reply(body, status=error.status, headers=error.headers)
        common = wire.headers(request_id, _reset_time())
        return replace(reply, headers=reply.headers + common + _SERVER)

    def _route(self, request: Request, request_id: str) -> Reply:
        at = request.method, request.path
        if at in self._open_endpoints:
            return self._open_endpoints[at](request)
        self._check_key(request)
        if at in self._chats:
            return self._chat.reply(request, self._chats[at], request_id)
        if at in self._endpoints:
            return self._endpoints[at](request)
        if request.method == "GET" and request.path.startswith(f"{_MODELS}/"):
            model_id = unquote(request.path.removeprefix(f"{_MODELS}/"))
            return json_reply(describe(find_model(model_id)))
        raise self._no_endpoint(request)

    def _no_endpoint(self, request: Request) -> Rejected:
        known = {*self._open_endpoints, *self._endpoints, *self._chats}
        if request.path in {path for _, path in known}:
            return Rejected(405, "invalid_request_error", "Method Not Allowed")
        return Rejected(404, "not_found_error", NOT_PLAYED)

    def _check_key(self, request: Request) -> None:
        expected = self._behaviour.api_key
        if expected and request.credential != expected:
            raise Rejected(401, "authentication_error", "invalid x-api-key")

    def _count_tokens(self, request: Request) -> Reply:
        fields = decoded(request.body)
        anthropic_ask.check_request(request, fields)
        ask = anthropic_ask.read_ask(fields, self._behaviour.seed, counting=True)
        chars = sum(block.chars for block in ask.blocks)
        return json_reply({"input_tokens": tokens(chars)})

    def _next_id(self) -> str:
        seed = f"{self._behaviour.seed}:{next(self._numbers)}"
        return f"req_{Dice(seed.encode(), 'request').word(24)}"


def _wire_of(request: Request) -> Wire:
    openai = request.path == "/v1/chat/completions" or _lists_for_openai(request)
    return openai_wire if openai else anthropic_wire


def _lists_for_openai(request: Request) -> bool:
    return request.path == _MODELS and not request.header("anthropic-version")


def _alive(request: Request) -> Reply:  # noqa: ARG001 - the shape of an endpoint
    return json_reply({"status": "ok", "simulated": True})


def _list_models(request: Request) -> Reply:
    if _lists_for_openai(request):
        return json_reply(openai_page())
    return json_reply(claude_page(dict(parse_qsl(request.query))))


def _reset_time() -> str:
    moment = datetime.now(UTC) + _LIMIT_WINDOW
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
