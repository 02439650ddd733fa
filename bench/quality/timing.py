"""How long a decision takes: features, vetoes, gate, by size and kind of text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec

from routing.dialects.anthropic import parse_request
from routing.quality.features import vector
from routing.quality.gate import Gate
from routing.quality.learning import inputs
from routing.quality.route import RouteTable, route_of
from routing.quality.vetoes import vetoes_of
from routing.types import ChatRequest, Completion

SIZES = {"10 KB": 10_000, "1 MB": 1_000_000}
_PROSE = "The tank holds 40 litres, so 3 of them hold 3 * 40 = 120 litres in all. "
_CODE = "def area(width, height):\n    return [width * height, {'w': width}]\n\n"
_FIELD = '{"name": "Ada", "total": 42, "note": "paid in 3 parts"},'


def timings(gate: Gate, rounds: int) -> Iterator[tuple[str, str, float, float]]:
    """Yield (size, kind, median, 95th percentile) in milliseconds of CPU."""
    table = RouteTable(0.8)
    for size, length in SIZES.items():
        for kind, (request, draft) in cases(length).items():
            yield (
                size,
                kind,
                *measured(_decision(gate, table, request, draft), rounds),
            )


def _decision(
    gate: Gate, table: RouteTable, request: ChatRequest, draft: Completion
) -> Callable[[], float]:
    def decide() -> float:
        vetoes_of(request, draft)
        route = route_of(request, "rule")
        features = vector.features_of(request, draft)
        return gate.confidence(inputs(features, table.posterior(route)), route)

    return decide


def measured(decide: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return median and 95th percentile of `rounds`, in milliseconds of CPU."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        decide()
        times.append(1e3 * (time.process_time() - began))
    times.sort()
    return times[len(times) // 2], times[int(0.95 * (len(times) - 1))]


def cases(length: int) -> dict[str, tuple[ChatRequest, Completion]]:
    """Return requests with drafts of `length` characters, by kind."""
    prose = (_PROSE * (length // len(_PROSE) + 1))[:length]
    code = (_CODE * (length // len(_CODE) + 1))[:length]
    rows = "[" + (_FIELD * (length // len(_FIELD) + 1)).rstrip(",") + "]"
    call = {"type": "tool_use", "name": "save", "input": {"text": prose}}
    tool = {"name": "save", "input_schema": {"type": "object"}}
    return {
        "prose": (_request(_PROSE), _draft(prose)),
        "long prompt and prose": (_request(prose), _draft(prose)),
        "program": (_request(_PROSE), _draft(f"```python\n{code}\n```")),
        "JSON": (_request("As JSON, please: " + _PROSE), _draft(rows)),
        "tool call": (
            _request(_PROSE, tools=[tool]),
            Completion(
                message={"content": [call], "stop_reason": "tool_use"}, usage=None
            ),
        ),
    }


def _request(text: str, **fields: object) -> ChatRequest:
    body = {
        "model": "m",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": text}],
    }
    encoded = msgspec.json.encode(body | fields)
    return parse_request(encoded, headers=(), query="", path="/v1/messages")


def _draft(text: str) -> Completion:
    content = [{"type": "text", "text": text}]
    return Completion(
        message={"content": content, "stop_reason": "end_turn"}, usage=None
    )
