from metrics.types import Usage
from routing.simulator import anthropic_wire as wire
from routing.simulator.answers import good_answer
from routing.simulator.failures import FAILURES
from routing.simulator.values import Rejected
from tests.routing.simulator.builders import BASH, ask_for, events_in, json_in

USAGE = Usage(
    input_tokens=10,
    cache_read_tokens=5,
    cache_write_5m_tokens=3,
    cache_write_1h_tokens=2,
)


def events_of(ask, answer=None):
    events = wire.events(ask, answer or good_answer(ask), USAGE)
    return events_in(b"".join(event.data for event in events))


def folded(events):
    """The content blocks as a client puts them together."""
    blocks = []
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "json": ""})
        if event["type"] == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            kind = delta["type"]
            if kind == "input_json_delta":
                block["json"] += delta["partial_json"]
            else:
                name = kind.removesuffix("_delta")
                block[name] += delta[name]
    for block in blocks:
        written = block.pop("json")
        if written:
            block["input"] = json_in(written.encode())
    return blocks


def test_events_come_in_the_order_of_the_api():
    kinds = [event["type"] for event in events_of(ask_for())]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds.count("content_block_delta") > 5
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_events_have_a_name_that_is_their_type():
    for event in wire.events(ask_for(), good_answer(ask_for()), USAGE):
        name = event.data.split(b"\n")[0].removeprefix(b"event: ").decode()
        assert name == events_in(event.data)[0]["type"]


def test_a_stream_folds_to_the_whole_message():
    ask = ask_for("Use Bash", tools=[BASH], thinking={"type": "adaptive"})
    whole = wire.whole(ask, good_answer(ask), USAGE)
    events = events_of(ask)
    assert folded(events) == whole["content"]
    assert events[0]["message"]["id"] == whole["id"]
    assert events[-2]["delta"]["stop_reason"] == whole["stop_reason"] == "tool_use"
    assert events[-2]["usage"] == whole["usage"]


def test_usage_shows_both_lives_of_cache_writes():
    usage = events_of(ask_for())[0]["message"]["usage"]
    assert usage["input_tokens"] == 10
    assert usage["cache_read_input_tokens"] == 5
    assert usage["cache_creation_input_tokens"] == 5
    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": 3,
        "ephemeral_1h_input_tokens": 2,
    }


def test_only_deltas_wait_for_the_time_of_a_token():
    for event in wire.events(ask_for(), good_answer(ask_for()), USAGE):
        assert event.paced == (b"content_block_delta" in event.data)


def test_an_empty_answer_has_no_block():
    ask = ask_for()
    kinds = [
        e["type"] for e in events_of(ask, FAILURES["empty"](good_answer(ask), ask))
    ]
    assert kinds == ["message_start", "message_delta", "message_stop"]


def test_a_refusal_has_details():
    ask = ask_for()
    message = wire.whole(ask, FAILURES["refused"](good_answer(ask), ask), USAGE)
    assert message["stop_details"]["type"] == "refusal"


def test_safeguards_are_answered_when_asked_for():
    ask = ask_for("Use Bash", tools=[BASH], safeguards=[{"type": "dangerous_tool_use"}])
    delta = events_of(ask)[-2]["delta"]
    (result,) = delta["safeguard_results"]
    (verdict,) = result["status"]["tool_uses"].values()
    assert verdict["outcome"] == "not_flagged"
    assert "safeguard_results" not in events_of(ask_for())[-2]["delta"]


def test_an_error_has_the_envelope_with_the_request_id():
    error = Rejected(529, "overloaded_error", "Overloaded")
    expected = {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "req_1",
    }
    assert wire.error_body(error, "req_1") == expected
    assert events_in(wire.error_event(error, "req_1").data) == [expected]
