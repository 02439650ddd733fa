"""There and back again: everything both APIs can express is kept."""

from __future__ import annotations

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from routing.replaying import replay
from routing.sse import EventSplitter, encode_event, event_data
from routing.streams import MessageFolder, json_or_text
from routing.translating.answer_to_message import message_of
from routing.translating.chunks_to_events import ChunkTranslator
from routing.translating.message_to_answer import EventTranslator, answer_of
from routing.translating.request_to_chat import chat_request
from routing.translating.request_to_messages import messages_request
from tests.builders import make_completion
from tests.routing.generated import values
from tests.routing.translating.speaking import OPENAI, as_read, call, chunk_of, text

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"\A[A-Za-z0-9_-]{1,20}\Z")
inputs = st.dictionaries(words, values, max_size=3).filter(lambda given: as_json(given))
ids = st.lists(names, min_size=1, max_size=3, unique=True)
IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
}
SEEN = {"type": "image", "source": {"type": "url", "url": "https://a.test/x"}}
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


def as_json(value):
    """Whether JSON gives the value back: not every float of a decoder's is one."""
    return msgspec.json.decode(msgspec.json.encode(value)) == value


def blocks_of(kinds):
    return st.lists(kinds, min_size=2, max_size=3)


said = words | blocks_of(words.map(text) | st.sampled_from([IMAGE, SEEN]))


@st.composite
def loops(draw):
    """An assistant's turn that calls tools, and the user's with their results."""
    called = draw(ids)
    uses = [
        {
            "type": "tool_use",
            "id": f"toolu_{i}",
            "name": draw(names),
            "input": draw(inputs),
        }
        for i in called
    ]
    before = [text(draw(words))] if draw(st.booleans()) else []
    results = [
        {"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": draw(words)}
        for i in called
    ]
    after = [text(draw(words))] if draw(st.booleans()) else []
    return [
        {"role": "assistant", "content": [*before, *uses]},
        {"role": "user", "content": [*results, *after]},
    ]


@st.composite
def conversations(draw):
    turns = [{"role": "user", "content": draw(said)}]
    if draw(st.booleans()):
        turns += draw(loops())
    if draw(st.booleans()):
        turns.append({"role": "assistant", "content": draw(words)})
        turns.append({"role": "user", "content": draw(said)})
    return turns


tools = st.lists(
    st.fixed_dictionaries(
        {"name": names, "input_schema": st.just(SCHEMA)},
        optional={"description": words, "strict": st.just(True)},
    ),
    min_size=1,
    max_size=2,
)
choices = st.sampled_from(
    [
        {"type": "auto"},
        {"type": "any", "disable_parallel_tool_use": True},
        {"type": "tool", "name": "look"},
        {"type": "none"},
    ]
)


@st.composite
def requests(draw):
    """A request of the Messages API that holds nothing it alone can express."""
    fields = draw(
        st.fixed_dictionaries(
            {"max_tokens": st.integers(1, 10_000), "messages": conversations()},
            optional={
                "system": words | blocks_of(words.map(text)),
                "temperature": st.floats(0, 1),
                "top_p": st.floats(0, 1),
                "stop_sequences": st.lists(words, min_size=1, max_size=4),
                "stream": st.just(True),
                "tools": tools,
                "output_config": st.sampled_from(
                    [
                        {"effort": "high"},
                        {"format": {"type": "json_schema", "schema": SCHEMA}},
                    ]
                ),
            },
        )
    )
    if "tools" in fields:
        fields["tool_choice"] = draw(choices)
    return fields


class TestRequests:
    @given(requests())
    def test_there_and_back_is_the_same_request(self, fields):
        asked = chat_request(fields, model="there", quirks=OPENAI)
        assert as_json(asked)
        back = as_read(messages_request(asked, model="m"))
        assert back == {"model": "m", **fields}

    @given(requests())
    def test_back_and_there_is_the_same_request_too(self, fields):
        asked = chat_request(fields, model="there", quirks=OPENAI)
        back = as_read(messages_request(asked, model="m"))
        again = chat_request(back, model="there", quirks=OPENAI)
        assert again == asked


uses = st.builds(
    lambda id_, name, given: {
        "type": "tool_use",
        "id": f"toolu_01{id_}",
        "name": name,
        "input": given,
    },
    names,
    names,
    inputs,
)
usages = st.fixed_dictionaries(
    {
        name: st.integers(0, 10**6)
        for name in (
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        )
    }
)


@st.composite
def messages(draw):
    content = [text(t) for t in draw(st.lists(words, max_size=1))]
    content += draw(st.lists(uses, max_size=3, unique_by=lambda use: use["id"]))
    reason = "tool_use" if any(b["type"] == "tool_use" for b in content) else "end_turn"
    return make_completion(
        content=content, stop_reason=draw(st.sampled_from([reason, "max_tokens"]))
    ).message | {"usage": draw(usages)}


def kept(message):
    """What of a message both APIs express."""
    usage = {k: message["usage"][k] for k in sorted(message["usage"]) if "_tokens" in k}
    usage.pop("output_tokens_details", None)
    return (message["content"], message["stop_reason"], message["model"], usage)


class TestAnswers:
    @given(messages())
    def test_a_whole_message_survives(self, message):
        answer = answer_of(message, created=1)
        assert as_json(answer)
        back = message_of(answer, prompt_tokens=0, native=True)
        assert back is not None
        assert kept(back) == kept(message)

    @given(messages())
    def test_a_streamed_message_survives(self, message):
        there = EventTranslator(created=1, include_usage=True)
        chunks = b"".join(there.feed(event) for event in replay(message))
        back = ChunkTranslator(prompt_tokens=0, native=True)
        folder = MessageFolder()
        for chunk in EventSplitter().feed(chunks):
            for event in back.feed(chunk):
                folder.add(event)
        assert folder.whole
        completion = folder.completion()
        assert completion is not None
        assert kept(completion.message) == kept(message)


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | words | st.just("tool_calls"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *["choices", "delta", "message", "index", "content", "usage"],
                    *["tool_calls", "function", "name", "arguments", "finish_reason"],
                    *["id", "error", "type", "text", "logprobs", "prompt_tokens"],
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


class TestAnything:
    """Whatever a server sends, reading it raises nothing."""

    @given(st.dictionaries(st.sampled_from(["choices", "usage", "id"]), odd))
    def test_a_whole_answer(self, answer):
        message = message_of(answer, prompt_tokens=0)
        assert message is None or as_json(message["content"])

    @given(st.lists(odd, max_size=4), st.booleans())
    def test_chunks(self, deltas, bare):
        translator = ChunkTranslator(prompt_tokens=0)
        for delta in deltas:
            whole = encode_event("", msgspec.json.encode(delta))
            one = chunk_of([{"index": 0, "delta": delta, "finish_reason": "stop"}])
            for event in translator.feed(whole if bare else one):
                assert msgspec.json.decode(event_data(event))["type"]
        translator.end()

    @given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(words, max_size=8))
    @example(["b", "a", "b"], [" ", "0", "0"])
    def test_interleaved_calls_lose_nothing(self, order, pieces):
        """Calls `a`, `b`, `c` grow by JSON strings in any order."""
        given = dict.fromkeys(order, "")
        translator, folder = ChunkTranslator(prompt_tokens=0), MessageFolder()
        numbers = {name: i for i, name in enumerate(dict.fromkeys(order))}
        deltas = []
        for name, piece in zip(order, pieces, strict=False):
            first = not any(d[0] == name for d in deltas)
            given[name] += piece
            deltas.append((name, piece, first))
        for name, piece, first in deltas:
            told = call(name, piece, name=f"tool_{name}")
            one = told if first else {"function": {"arguments": piece}}
            delta = {"tool_calls": [{"index": numbers[name], **one}]}
            for event in translator.feed(
                chunk_of([{"index": 0, "delta": delta, "finish_reason": None}])
            ):
                folder.add(event)
        ending = chunk_of([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        for event in [*translator.feed(ending), *translator.end()]:
            folder.add(event)
        completion = folder.completion()
        assert completion is not None
        called = {block["name"]: block["input"] for block in completion.tool_uses}
        assert called == {
            f"tool_{name}": json_or_text(given[name]) if given[name] else {}
            for name, _, _ in deltas
        }
