"""The requests that every SDK sends in these tests."""

from __future__ import annotations

from typing import Any

from tests.clients.provision import VERIFIER
from tests.clients.sessions import Caller

WEATHER_TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
ANSWER_SCHEMA = {
    "type": "object",
    "properties": {"speaker": {"type": "string"}, "answer": {"type": "integer"}},
    "required": ["speaker", "answer"],
    "additionalProperties": False,
}
DOCUMENT = {
    "type": "document",
    "title": "Colours",
    "source": {"type": "text", "media_type": "text/plain", "data": "Grass is green. "},
    "citations": {"enabled": True},
}
# What a scene's request has beside its prompt.
_EXTRAS: dict[str, dict[str, Any]] = {
    "text": {},
    "thinking": {"thinking": {"type": "adaptive"}},
    "reasoned": {"thinking": {"type": "adaptive"}, "tools": [WEATHER_TOOL]},
    "parallel": {"tools": [WEATHER_TOOL]},
    "structured": {
        "output_config": {"format": {"type": "json_schema", "schema": ANSWER_SCHEMA}}
    },
    "cited": {},
    "searched": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    "stopped": {"stop_sequences": ["three"]},
}
_ERRORS = (
    "error-400",
    "error-401",
    "error-403",
    "error-404",
    "error-413",
    "error-do-not-retry",
)
ANSWERS = tuple(_EXTRAS)
# The last word is the way in which it is sent.
REFUSALS = tuple(f"{name} {way}" for name in _ERRORS for way in ("create", "stream"))
# With how often the verifier is asked until it answers, and how it then begins.
RETRIED = {
    "storm create": (3, "The storm is over"),
    "storm stream": (3, "The storm is over"),
    "limited create": (2, "There is room again"),
    "cut create": (2, "A long text"),
}
BROKEN = ("erring stream", "torn stream")


def request(scene: str, run: str, model: str, **more: Any) -> dict[str, Any]:
    """Return the body of a request that plays `scene`."""
    words = {"type": "text", "text": f"[[scene:{scene}/{run}]] Please."}
    documents = [DOCUMENT] if scene == "cited" else []
    message = {"role": "user", "content": [*documents, words]}
    return {"model": model, "max_tokens": 500, "messages": [message], **more}


def job(caller: Caller) -> dict[str, Any]:
    """Return what a session script is told to do.

    Only the verifier plays faults to the end: it counts them.
    """
    run, model = caller.run, caller.model
    faults = (*REFUSALS, *RETRIED, *BROKEN) if model == VERIFIER else ()
    return {
        "url": caller.url,
        "key": caller.key,
        "faulty_key": caller.faulty_key,
        "wrong_key": "sk-cascade-wrong",
        "spent_key": caller.spent_key,
        "retries": 2,
        "requests": {
            name: request(name, run, model, **extra) for name, extra in _EXTRAS.items()
        },
        "faults": {
            name: request(name.split()[0], f"{run}-{name.split()[1]}", model)
            for name in faults
        },
    }
