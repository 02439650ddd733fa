"""Asks, requests and readers for the simulator's tests."""

import msgspec

from routing.simulator import anthropic_ask, openai_wire
from routing.simulator.values import Ask, Request

VERSION = {"anthropic-version": "2023-06-01", "x-api-key": "acme"}
WEATHER = {
    "name": "get_weather",
    "input_schema": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "minLength": 3},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 2},
        },
        "required": ["city", "unit", "days"],
        "additionalProperties": False,
    },
}
BASH = {
    "name": "Bash",
    "input_schema": {
        "type": "object",
        "properties": {
            "command": {"type": "string"},
            "description": {"type": "string"},
        },
        "required": ["command"],
    },
}


def fields_for(prompt="Explain gravity", model="verifier-large", **fields):
    """A Messages body; keywords overrule its parts."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": model, "max_tokens": 400, "messages": messages, **fields}


def ask_for(prompt="Explain gravity", model="verifier-large", **fields) -> Ask:
    return anthropic_ask.read_ask(fields_for(prompt, model, **fields), 7)


def openai_ask_for(prompt="Explain gravity", model="verifier-large", **fields) -> Ask:
    messages = [{"role": "user", "content": prompt}]
    return openai_wire.read_ask({"model": model, "messages": messages, **fields}, 7)


def request_for(method="GET", path="/", body=b"", query="", **headers) -> Request:
    """A request; header names with underscores stand for hyphens."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    if not isinstance(body, bytes):
        body = msgspec.json.encode(body)
    return Request(method=method, path=path, query=query, headers=pairs, body=body)


def chat_request(prompt="Explain gravity", model="verifier-large", **fields) -> Request:
    return request_for(
        "POST",
        "/v1/messages",
        fields_for(prompt, model, **fields),
        anthropic_version="2023-06-01",
    )


def events_in(body: bytes) -> list[dict]:
    """The data of each event, in order; "[DONE]" is left out."""
    lines = [line for line in body.split(b"\n") if line.startswith(b"data: {")]
    return [msgspec.json.decode(line.removeprefix(b"data: ")) for line in lines]


def json_in(body: bytes):
    return msgspec.json.decode(body)
