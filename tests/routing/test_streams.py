import msgspec
import pytest

from routing.sse import EventSplitter, encode_event, event_data
from routing.streams import (
    MessageFolder,
    fold,
    parse_message,
    replace_model,
    replace_model_in_message,
)
from tests.builders import make_delta, make_event, make_events, make_usage


def folded(events):
    folder = MessageFolder()
    for raw in events:
        folder.add(raw)
    return folder


def with_block(block, *deltas, index=0):
    """A stream of one block, started as `block` and grown by `deltas`."""
    events = make_events()
    started = make_event("content_block_start", index=index, content_block=block)
    grown = [make_delta(index, **delta) for delta in deltas]
    return [events[0], started, *grown, *events[-2:]]


def only_block(events):
    (block,) = fold(events).blocks
    return block


class TestFolding:
    def test_text_deltas_make_the_text(self):
        completion = fold(make_events("Hel", "lo", "!"))
        assert completion.text == "Hello!"
        assert completion.stop_reason == "end_turn"
        assert completion.usage == make_usage(20, 10)

    def test_tool_input_is_parsed_once_it_is_whole(self):
        block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
        deltas = [
            {"type": "input_json_delta", "partial_json": part}
            for part in ("", '{"a"', ": [1,", " 2]}")
        ]
        assert only_block(with_block(block, *deltas))["input"] == {"a": [1, 2]}

    def test_tool_input_without_deltas_stays_as_it_started(self):
        block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
        assert only_block(with_block(block))["input"] == {}

    def test_tool_input_that_is_no_json_is_kept_as_text(self):
        block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": '{"a": '}
        assert only_block(with_block(block, delta))["input"] == '{"a": '

    def test_thinking_and_its_signature_are_kept(self):
        events = with_block(
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Let me "},
            {"type": "thinking_delta", "thinking": "see."},
            {"type": "signature_delta", "signature": "c2ln"},
        )
        assert only_block(events) == {
            "type": "thinking",
            "thinking": "Let me see.",
            "signature": "c2ln",
        }

    def test_citations_are_collected(self):
        events = with_block(
            {"type": "text", "text": "", "citations": [{"n": 1}]},
            {"type": "citations_delta", "citation": {"n": 2}},
            {"type": "text_delta", "text": "So it is."},
        )
        assert only_block(events)["citations"] == [{"n": 1}, {"n": 2}]

    def test_unknown_events_deltas_and_blocks_break_nothing(self):
        events = with_block(
            {"type": "hologram", "beam": 1},
            {"type": "beam_delta", "beam": 2},
        )
        events.insert(1, make_event("weather", sky="blue"))
        assert only_block(events) == {"type": "hologram", "beam": 1}
        assert folded(events).whole

    def test_blocks_keep_the_order_in_which_they_started(self):
        events = make_events("one")
        second = make_event(
            "content_block_start", index=1, content_block={"type": "text", "text": ""}
        )
        grown = make_delta(1, type="text_delta", text="two")
        events[-2:-2] = [second, grown]
        assert fold(events).text == "onetwo"

    def test_unknown_keys_of_the_message_are_kept(self):
        events = make_events("Hi")
        events.insert(
            -1,
            make_event(
                "message_delta",
                delta={"stop_reason": "refusal", "safeguard_results": [1]},
                usage={"output_tokens": 12, "iterations": [2]},
                context_management={"applied_edits": []},
            ),
        )
        message = fold(events).message
        assert message["safeguard_results"] == [1]
        assert message["context_management"] == {"applied_edits": []}
        assert message["usage"]["iterations"] == [2]
        assert message["stop_reason"] == "refusal"

    def test_later_usage_overwrites_unless_it_is_null(self):
        events = make_events("Hi", usage={"input_tokens": 20, "output_tokens": 3})
        usage = {"input_tokens": None, "output_tokens": 12}
        events.insert(-1, make_event("message_delta", delta={}, usage=usage))
        assert fold(events).usage == make_usage(20, 12)

    def test_a_stream_without_its_end_is_not_whole(self):
        folder = folded(make_events("Hi")[:-1])
        assert (folder.complete, folder.whole) == (False, False)
        assert folder.completion().text == "Hi"

    def test_an_error_event_is_told(self):
        error = {"type": "overloaded_error", "message": "Overloaded"}
        folder = folded([*make_events("Hi"), make_event("error", error=error)])
        assert folder.error == error
        assert not folder.whole

    def test_an_event_that_is_no_json_makes_the_stream_untrusted(self):
        broken = encode_event("content_block_delta", b'{"index": 0, "delta"')
        folder = folded([*make_events("Hi"), broken])
        assert folder.error == {"type": "malformed_event"}
        assert not folder.whole

    def test_nothing_is_told_before_a_message_begins(self):
        assert fold([make_event("ping")]) is None
        assert folded([make_event("message_stop")]).whole is False

    @pytest.mark.parametrize("odd", [None, 7, "text", [], {"type": None}])
    def test_odd_values_where_objects_belong_break_nothing(self, odd):
        events = [
            make_event("message_start", message=odd),
            make_event("content_block_start", index=odd, content_block=odd),
            make_event("content_block_delta", index=odd, delta=odd),
            make_event("content_block_delta", index=odd, delta={"type": "text_delta"}),
            make_event("message_delta", delta=odd, usage=odd),
            make_event("error", error=odd),
        ]
        assert folded(events).completion().text == ""

    def test_deltas_before_anything_began_are_ignored(self):
        assert fold([make_delta(type="text_delta"), *make_events("Hi")]).text == "Hi"
        assert fold([make_event("message_delta", delta={})]) is None


class TestWholeMessages:
    def test_a_message_is_read(self):
        body = b'{"type": "message", "content": [], "usage": {"input_tokens": 3}}'
        assert parse_message(body).usage == make_usage(3, 0)

    @pytest.mark.parametrize(
        "body",
        [b"", b"<html>", b"[]", b'{"type": "error"}', b'"message"', b"[" * 100_000],
    )
    def test_anything_else_is_no_message(self, body):
        assert parse_message(body) is None


class TestReplacingTheModel:
    def test_only_the_value_changes(self):
        raw = (
            b"event: message_start\r\n"
            b'data: {"type":"message_start" , "message" :\t{"id":"draft-small",'
            b'"usage":{"model":"draft-small"}, "model" : "draft-small" ,"x":1e2}}\r\n'
            b"\r\n"
        )
        expected = raw.replace(b'"model" : "draft-small"', b'"model" : "verifier"')
        assert replace_model(raw, "verifier") == expected

    def test_data_over_several_lines_is_understood(self):
        raw = (
            b"event: message_start\n"
            b'data: {"message":\n'
            b'data:  {"model":\n'
            b'data: "draft-small"}}\n\n'
        )
        replaced = replace_model(raw, "verifier-large")
        assert replaced == raw.replace(b"draft-small", b"verifier-large")
        assert b"verifier-large" in event_data(replaced)

    def test_a_name_with_quotes_stays_json(self):
        (start, *_) = make_events()
        replaced = replace_model(start, 'odd"name')
        assert fold([replaced]).message["model"] == 'odd"name'

    def test_the_rest_of_a_stream_is_left_alone(self):
        for raw in make_events("draft-small")[1:]:
            assert replace_model(raw, "verifier-large") == raw

    @pytest.mark.parametrize(
        "data",
        [
            b"<html>",
            b"{}",
            b'{"message": null}',
            b'{"message": {}}',
            b'{"message": {"model": "a", "model": "b"}}',
        ],
    )
    def test_a_start_without_one_model_is_left_alone(self, data):
        raw = encode_event("message_start", data)
        assert replace_model(raw, "verifier-large") == raw

    def test_only_the_top_level_model_of_a_message_changes(self):
        body = b' {"content": [{"model": "draft-small"}],\n "model":"draft-small"}'
        expected = body.replace(b'"model":"draft-small"', b'"model":"verifier-large"')
        assert replace_model_in_message(body, "verifier-large") == expected

    @pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"<html>", b'{"id": "x"}'])
    def test_a_body_without_a_model_is_left_alone(self, body):
        assert replace_model_in_message(body, "verifier-large") == body


def test_a_splitter_and_a_folder_read_what_a_provider_sends():
    stream = b": hello\n\n" + b"".join(make_events("a", "b"))
    completion = fold(EventSplitter().feed(stream))
    assert msgspec.json.encode(completion.message["content"]) == (
        b'[{"type":"text","text":"ab"}]'
    )
