"""What tests of OpenAI's dialect ask of the proxy, and what providers answer there."""

from __future__ import annotations

import msgspec

from routing import models
from routing.sse import EventSplitter
from tests.fakes import EVENTS, HttpAnswer
from tests.routing.translating.speaking import (
    chat_answer,
    chunk,
    data_of,
)

PATH = "/v1/chat/completions"
OPENAI_KEY = "sk-of-openai"
ODD_BODY = b' {"messages": [{"role":"user","content":"Hi"}], "model" :\t"gpt-large" }\n'
LARGE, SMALL = "gpt-large", "gpt-small"


def rule(request_model=LARGE, draft_model=SMALL, **terms):
    models.CascadeRule.objects.create(
        name="chat",
        request_model=request_model,
        draft_model=draft_model,
        economics=False,
        **terms,
    )


def body(model=LARGE, text="What is 2 + 2?", **fields):
    messages = [{"role": "user", "content": text}]
    return msgspec.json.encode({"model": model, "messages": messages, **fields})


def ask(proxy, *, path=PATH, **fields):
    headers = {"authorization": f"Bearer {proxy.key}"}
    return proxy.post(body(**fields), path, headers=headers)


def spaced(value):
    """JSON as no encoder of ours would write it."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def whole(content="4", *, model=LARGE, **options):
    answer = chat_answer(content, **options) | {"model": model}
    return HttpAnswer(chunks=[spaced(answer)])


def streamed(*chunks, model=LARGE):
    named = [raw.replace(b'"small"', b'"%b"' % model.encode()) for raw in chunks]
    return HttpAnswer(chunks=named, headers=EVENTS)


def chunks_in(answer):
    return [data_of(raw) for raw in EventSplitter().feed(answer.body)]


def text_in(answer):
    told = [c for c in chunks_in(answer) if isinstance(c, dict)]
    return "".join(
        choice["delta"].get("content") or "" for c in told for choice in c["choices"]
    )


TEXT = (chunk(role="assistant", content=""), chunk(content="4"), chunk("stop"))
