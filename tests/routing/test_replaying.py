"""A message told in events is the same message to whoever folds them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.metering import StreamMeter
from routing.replaying import replay
from routing.sse import EventSplitter, event_data, event_name
from routing.streams import MessageFolder, fold
from tests.builders import make_completion, make_tool_use, make_usage
from tests.routing.generated import messages, odd_messages, pieces_of

USAGE = {"input_tokens": 20, "output_tokens": 10, "cache_read_input_tokens": 5}
CITATION = {"type": "char_location", "cited_text": "Grün", "document_index": 0}
BLOCKS = [
    {"type": "thinking", "thinking": "Let me see.\r\n", "signature": "c2ln", "x": 1},
    {"type": "redacted_thinking", "data": "b3BhcXVl"},
    {"type": "text", "text": 'So: "grün" 😀\u2028', "citations": [CITATION, CITATION]},
    make_tool_use(arguments={"city": "Zürich", "days": [1, 2.5, None]}, caller={}),
    make_tool_use(id="toolu_2"),
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "a"}},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u"}]},
    {"type": "hologram", "beam": {"text": "b"}},
]
ENDING = {
    "stop_reason": "refusal",
    "stop_sequence": "END",
    "stop_details": {"type": "refusal", "category": None},
    "container": {"id": "container_1"},
    "safeguard_results": [{"type": "dangerous_tool_use"}],
    "context_management": {"applied_edits": []},
}
FULL = make_completion(content=BLOCKS, x_new={"a": [1]}).message | ENDING
FULL |= {"usage": USAGE}


def read(events):
    """(name, data) of each event."""
    return [(event_name(raw), msgspec.json.decode(event_data(raw))) for raw in events]


def told(block):
    """The events of a message of this one block, without those around it."""
    return [data for _, data in read(replay({**FULL, "content": [block]}))[1:-2]]


def deltas(block):
    return [data["delta"] for data in told(block)[1:-1]]


class TestFoldedAgain:
    @given(messages)
    def test_a_message_is_what_its_events_tell(self, message):
        assert fold(replay(message)).message == message

    @given(odd_messages())
    def test_so_is_one_with_values_nobody_expects(self, message):
        assert fold(replay(message)).message == message

    @given(messages, st.data())
    def test_however_its_bytes_are_cut(self, message, data):
        folder, splitter, meter = MessageFolder(), EventSplitter(), StreamMeter()
        for piece in data.draw(pieces_of(b"".join(replay(message)))):
            meter.feed(piece)
            for event in splitter.feed(piece):
                folder.add(event)
        assert folder.whole
        assert folder.completion().message == message
        assert meter.complete
        assert meter.usage == folder.completion().usage

    def test_a_cut_at_any_byte_makes_no_difference(self):
        stream = b"".join(replay(FULL))
        for at in range(len(stream) + 1):
            splitter = EventSplitter()
            events = splitter.feed(stream[:at]) + splitter.feed(stream[at:])
            assert fold(events).message == FULL

    def test_the_message_itself_is_not_changed(self):
        before = msgspec.json.encode(FULL)
        replay(FULL)
        assert msgspec.json.encode(FULL) == before


class TestTheOrderOfEvents:
    @given(odd_messages())
    def test_is_the_documented_one(self, message):
        events = read(replay(message))
        assert all(name == data["type"] for name, data in events)
        (start, _), *middle, (end, _), last = events
        assert (start, end, last) == (
            "message_start",
            "message_delta",
            ("message_stop", {"type": "message_stop"}),
        )
        opened = None
        for name, data in middle:
            assert name.startswith("content_block_")
            if name == "content_block_start":
                assert opened is None
                opened = data["index"]
            assert data["index"] == opened
            if name == "content_block_stop":
                opened = None
        starts = [d["index"] for n, d in middle if n == "content_block_start"]
        assert starts == list(range(len(message["content"])))

    def test_begins_with_usage_and_nothing_put_out(self):
        (_, start), *_ = read(replay(FULL))
        message = start["message"]
        assert message["usage"] == {**USAGE, "output_tokens": 0}
        assert message["content"] == []
        assert {message[key] for key in ENDING} == {None}
        assert message["x_new"] == {"a": [1]}

    def test_ends_with_why_it_stopped_and_what_it_used(self):
        *_, (_, end), _ = read(replay(FULL))
        assert end["usage"] == USAGE
        assert end["context_management"] == ENDING["context_management"]
        assert end["delta"].items() < ENDING.items()
        assert end["delta"].keys() == ENDING.keys() - {"context_management"}

    def test_usage_is_known_before_the_end(self):
        meter = StreamMeter()
        meter.feed(replay(FULL)[0])
        assert meter.usage == make_usage(20, 0, cache_read=5)

    def test_a_message_without_usage_gets_none(self):
        message = {key: value for key, value in FULL.items() if key != "usage"}
        events = read(replay(message))
        assert "usage" not in events[0][1]["message"]
        assert "usage" not in events[-2][1]


class TestBlocks:
    def test_a_text_comes_before_its_citations(self):
        block = {"type": "text", "text": "So.", "citations": [CITATION]}
        assert told(block)[0]["content_block"] == {
            "type": "text",
            "text": "",
            "citations": [],
        }
        assert deltas(block) == [
            {"type": "text_delta", "text": "So."},
            {"type": "citations_delta", "citation": CITATION},
        ]

    def test_thinking_comes_before_its_signature(self):
        block = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
        assert told(block)[0]["content_block"] == {
            "type": "thinking",
            "thinking": "",
            "signature": "",
        }
        assert deltas(block) == [
            {"type": "thinking_delta", "thinking": "Hm."},
            {"type": "signature_delta", "signature": "c2ln"},
        ]

    def test_thinking_that_is_not_shown_still_has_its_signature(self):
        block = {"type": "thinking", "thinking": "", "signature": "c2ln"}
        assert deltas(block) == [{"type": "signature_delta", "signature": "c2ln"}]

    @pytest.mark.parametrize("kind", ["tool_use", "server_tool_use"])
    def test_the_input_of_a_tool_comes_as_json(self, kind):
        block = make_tool_use(arguments={"city": "Zürich"}, type=kind)
        assert told(block)[0]["content_block"] == block | {"input": {}}
        (delta,) = deltas(block)
        assert delta["type"] == "input_json_delta"
        assert msgspec.json.decode(delta["partial_json"]) == {"city": "Zürich"}

    @pytest.mark.parametrize(
        "block",
        [
            {"type": "redacted_thinking", "data": "b3BhcXVl"},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [1]},
            {"type": "mcp_tool_use", "id": "m", "name": "n", "input": {"a": 1}},
            {"type": "hologram", "text": "beam"},
            {"type": "text", "text": ""},
            make_tool_use(),
            make_tool_use(arguments='{"cut off": '),
        ],
        ids=str,
    )
    def test_what_does_not_grow_comes_whole_where_it_starts(self, block):
        assert told(block)[0]["content_block"] == block
        assert deltas(block) == []
