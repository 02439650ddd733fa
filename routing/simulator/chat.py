"""One chat request from its body to its reply: the ask, its fault, the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing.simulator.cache import PromptCache
from routing.simulator.disturb import widened
from routing.simulator.failures import FAILURES, answer_to
from routing.simulator.faults import HEADER, Fault, error_of, fault_for
from routing.simulator.prompts import decoded
from routing.simulator.replies import (
    Wire,
    disturbed_events,
    disturbed_reply,
    html_reply,
    stream_reply,
    whole_reply,
)
from routing.simulator.values import Answer, Ask, Behaviour, Reply, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchange:
    """A chat request as it was read."""

    wire: Wire
    ask: Ask
    fault: Fault
    credential: str
    request_id: str


class Chat:
    """Answers chat requests of either wire shape."""

    def __init__(self, behaviour: Behaviour, cache: PromptCache) -> None:
        self._behaviour = behaviour
        self._cache = cache

    def reply(self, request: Request, wire: Wire, request_id: str) -> Reply:
        """Return the reply of the asked model, disturbed by the request's fault.

        Raises:
            Rejected: the request is wrong, or its fault is an error answer.
        """
        exchange = self._read(request, wire, request_id)
        fault = exchange.fault
        if fault.name == "html_error":
            return html_reply()
        error = error_of(fault)
        if error is not None:
            raise error
        reply = self._written(exchange, _answered(exchange.ask, fault))
        return disturbed_reply(reply, fault, streaming=exchange.ask.stream)

    def _read(self, request: Request, wire: Wire, request_id: str) -> _Exchange:
        fields: Mapping[str, Any] = decoded(request.body)
        wire.check_request(request, fields)
        ask = wire.read_ask(fields, self._behaviour.seed)
        return _Exchange(
            wire=wire,
            ask=ask,
            fault=fault_for(ask, request.header(HEADER), self._behaviour.fault),
            credential=request.credential,
            request_id=request_id,
        )

    def _written(self, exchange: _Exchange, answer: Answer) -> Reply:
        ask, wire, fault = exchange.ask, exchange.wire, exchange.fault
        usage = self._cache.charge(ask.model, exchange.credential, ask.blocks)
        if not ask.stream or fault.name == "wrong_content_type":
            return whole_reply(wire.whole(ask, answer, usage), answer, self._behaviour)
        events = wire.events(ask, answer, usage)
        left = disturbed_events(events, fault, wire, exchange.request_id)
        return stream_reply(left, self._behaviour)


def _answered(ask: Ask, fault: Fault) -> Answer:
    """Return the answer as the model's tier or the fault makes it."""
    answer = answer_to(ask)
    if fault.name in FAILURES:
        return FAILURES[fault.name](answer, ask)
    return widened(answer, fault.name)
