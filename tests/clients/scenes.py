"""What the upstream of these tests says: scenes, named by a mark in the prompt.

A prompt that holds `[[scene:NAME/RUN]]` gets the answer of the scene NAME; RUN keeps
apart the programs that play it. Draft and verifier say different things, so that a
reader can tell them apart by more than `model`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.clients.provision import VERIFIER

WEATHER = {"paris": "17 degrees", "rome": "24 degrees"}
SIGNATURE = "EqQBCkYIBBgCKkDraft/Verifier+signature=="

_MARK = re.compile(r"\[\[scene:([\w-]+)/([\w.-]+)((?: \w+=[^\] ]+)*)\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a scene. `turn` counts the assistant's turns before it.

    In this run of the scene `tries` requests came before it, and the verifier has
    failed `failures` times.
    """

    scene: str
    run: str
    words: Mapping[str, str]
    body: Mapping[str, Any]
    turn: int
    tries: int = 0
    failures: int = 0

    @property
    def speaker(self) -> str:
        """`verifier` for the model that clients ask for, else `draft`."""
        return "verifier" if self.body["model"] == VERIFIER else "draft"

    @property
    def tools(self) -> set[str]:
        """The names of the tools that may be called."""
        return {tool["name"] for tool in self.body.get("tools", ())}

    @property
    def results(self) -> str:
        """What the tools called last have said."""
        content = self.body["messages"][-1]["content"]
        blocks = content if isinstance(content, list) else []
        return " ".join(_text(b) for b in blocks if b.get("type") == "tool_result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """An answer. `breaks` says how a stream of it ends before its time."""

    blocks: tuple[Mapping[str, Any], ...]
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    breaks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuses:
    """An error, with the headers that come with it."""

    status: int
    error_type: str
    message: str = "as the scene wants it"
    headers: Mapping[str, str] = field(default_factory=dict)


def asked(body: bytes) -> Asked | None:
    """Return what a request asks for; None when it names no scene."""
    fields = json.loads(body)  # noqa: TID251  not the product's own reader, on purpose
    messages = fields.get("messages", ())
    found = _MARK.search(json.dumps(messages))
    if found is None:
        return None
    scene, run, words = found.groups()
    return Asked(
        scene=scene,
        run=run,
        words=dict(word.split("=", 1) for word in words.split()),
        body=fields,
        turn=sum(message["role"] == "assistant" for message in messages),
    )


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def tool_use(name: str, number: int = 1, **arguments: Any) -> dict[str, Any]:
    use_id = f"toolu_0123456789abcdefghij{number:04}"
    return {"type": "tool_use", "id": use_id, "name": name, "input": arguments}


def calls(*blocks: Mapping[str, Any]) -> Says:
    return Says(blocks=blocks, stop_reason="tool_use")


def _plain(ask: Asked) -> Says:
    return Says(blocks=(text(f"Grüße from the {ask.speaker}: four 🙂, as you asked."),))


def _thinking(ask: Asked) -> Says:
    return Says(
        blocks=(
            _thought(ask),
            {"type": "redacted_thinking", "data": "EmwKAhgB" + ask.speaker},
            text(f"The {ask.speaker} is sure: four."),
        )
    )


def _thought(ask: Asked) -> dict[str, Any]:
    return {
        "type": "thinking",
        "thinking": f"The {ask.speaker} adds two and two.",
        "signature": SIGNATURE + ask.speaker,
    }


def _reasoned(ask: Asked) -> Says:
    """A loop whose calls rest on thoughts that only one model can read."""
    if ask.turn:
        return Says(blocks=(text(f"The {ask.speaker} read: {ask.results}"),))
    return calls(_thought(ask), tool_use("get_weather", city="paris"))


def _parallel(ask: Asked) -> Says:
    if ask.turn:
        return Says(blocks=(text(f"The {ask.speaker} read: {ask.results}"),))
    return calls(
        text(f"The {ask.speaker} will look."),
        *(tool_use("get_weather", i, city=city) for i, city in enumerate(WEATHER)),
    )


def _structured(ask: Asked) -> Says:
    return Says(blocks=(text(json.dumps({"speaker": ask.speaker, "answer": 4})),))


def _cited(ask: Asked) -> Says:
    citation = {
        "type": "char_location",
        "cited_text": "Grass is green. ",
        "document_index": 0,
        "document_title": "Colours",
        "start_char_index": 0,
        "end_char_index": 16,
        "file_id": None,
    }
    quoted = text("grass is green", citations=[citation])
    return Says(blocks=(text(f"To the {ask.speaker}, "), quoted, text(".")))


def _searched(ask: Asked) -> Says:
    found = {
        "type": "web_search_result",
        "url": "https://example.com/",
        "title": "Two and two",
        "encrypted_content": "EqgfCioIARgB",
        "page_age": None,
    }
    use_id = "srvtoolu_0123456789abcdefghijABCD"
    query = {"query": f"2+2, wonders the {ask.speaker}"}
    use = {"type": "server_tool_use", "id": use_id, "name": "web_search"}
    result = {"type": "web_search_tool_result", "tool_use_id": use_id}
    return Says(
        blocks=(
            {**use, "input": query},
            {**result, "content": [found]},
            text("It is four."),
        )
    )


def _stopped(ask: Asked) -> Says:
    return Says(
        blocks=(text(f"The {ask.speaker} counts: one, two, "),),
        stop_reason="stop_sequence",
        stop_sequence="three",
    )


def _storm(ask: Asked) -> Says | Refuses:
    if ask.failures < 2:
        return Refuses(status=529, error_type="overloaded_error")
    return Says(blocks=(text(f"The storm is over, says the {ask.speaker}."),))


def _gust(ask: Asked) -> Says | Refuses:
    if ask.tries == 0:
        wait = {"retry-after": "0.1"}
        return Refuses(status=529, error_type="overloaded_error", headers=wait)
    return Says(blocks=(text(f"The gust is over, says the {ask.speaker}."),))


def _limited(ask: Asked) -> Says | Refuses:
    if ask.failures < 1:
        wait = {"retry-after": "0.2"}
        return Refuses(status=429, error_type="rate_limit_error", headers=wait)
    return Says(blocks=(text(f"There is room again, says the {ask.speaker}."),))


def _cut(ask: Asked) -> Says:
    words = f"A long text of the {ask.speaker}, all of it here."
    return Says(blocks=(text(words),), breaks="" if ask.failures else "cut")


def _erring(ask: Asked) -> Says:
    return Says(blocks=(text("Half of this"),), breaks="error")


def _torn(ask: Asked) -> Says:
    return Says(blocks=(text("Half of this"),), breaks="cut")


def _work(ask: Asked) -> Says:
    """A loop as Claude Code has them: read a file, run a command, tell of it."""
    if ask.turn == 0:
        reading = tool_use("Read", file_path=ask.words["file"])
        return calls(text("I shall read it."), reading)
    if ask.turn == 1:
        command = "tr a-z A-Z < notes.txt | tee seen.txt"
        return calls(tool_use("Bash", 2, command=command, description="Shout it"))
    return Says(blocks=(text(f"The {ask.speaker} saw: {ask.results}"),))


def _delegate(ask: Asked) -> Says:
    """One call of a subagent, then words; never a second call."""
    if ask.turn == 0:
        prompt = f"[[scene:text/{ask.run}-subagent]] Add two and two."
        name = "Agent" if "Agent" in ask.tools else "Task"
        agent = {"description": "Add numbers", "subagent_type": "general-purpose"}
        return calls(tool_use(name, prompt=prompt, **agent))
    return Says(blocks=(text(f"The {ask.speaker} was told: {ask.results}"),))


_ERRORS = {
    "error-400": Refuses(status=400, error_type="invalid_request_error"),
    "error-401": Refuses(status=401, error_type="authentication_error"),
    "error-403": Refuses(status=403, error_type="permission_error"),
    "error-404": Refuses(status=404, error_type="not_found_error"),
    "error-413": Refuses(status=413, error_type="request_too_large"),
    "error-529": Refuses(status=529, error_type="overloaded_error"),
    "error-do-not-retry": Refuses(
        status=529, error_type="overloaded_error", headers={"x-should-retry": "false"}
    ),
}

Scene = Callable[[Asked], Says | Refuses]
SCENES: Mapping[str, Scene] = {
    "text": _plain,
    "thinking": _thinking,
    "reasoned": _reasoned,
    "parallel": _parallel,
    "structured": _structured,
    "cited": _cited,
    "searched": _searched,
    "stopped": _stopped,
    "storm": _storm,
    "gust": _gust,
    "limited": _limited,
    "cut": _cut,
    "erring": _erring,
    "torn": _torn,
    "work": _work,
    "delegate": _delegate,
    **{name: lambda _, error=error: error for name, error in _ERRORS.items()},
}


def _text(result: Mapping[str, Any]) -> str:
    content = result.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(block.get("text", "") for block in content)
