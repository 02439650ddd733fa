import pytest

from routing.simulator import anthropic_wire, openai_wire
from routing.simulator.cache import PromptCache
from routing.simulator.chat import Chat
from routing.simulator.values import Behaviour, Rejected
from tests.routing.simulator.builders import (
    chat_request,
    events_in,
    fields_for,
    json_in,
    request_for,
)


def reply_to(request, fault="", wire=anthropic_wire):
    chat = Chat(Behaviour(fault=fault), PromptCache(lambda: 0.0))
    return chat.reply(request, wire, "req_1")


def kinds(reply):
    return [event["type"] for event in events_in(reply.body)]


def test_answers_whole_or_as_a_stream():
    whole = reply_to(chat_request("What is 2+2?"))
    assert json_in(whole.body)["content"] == [{"type": "text", "text": "2 + 2 = 4."}]
    stream = reply_to(chat_request("What is 2+2?", stream=True))
    assert kinds(stream)[-1] == "message_stop"
    assert stream.headers[0] == ("content-type", "text/event-stream; charset=utf-8")


def test_the_same_body_has_the_same_bytes():
    assert reply_to(chat_request()).body == reply_to(chat_request()).body


def test_an_error_fault_is_an_error():
    with pytest.raises(Rejected) as rejected:
        reply_to(chat_request("Say hi [[fault:rate_limited=3]]"))
    assert rejected.value.headers == (("retry-after", "3"),)


def test_a_fault_for_drafts_leaves_the_verifier_alone():
    with pytest.raises(Rejected):
        reply_to(chat_request(model="draft-small"), "draft:overloaded")
    assert (
        reply_to(chat_request(model="verifier-large"), "draft:overloaded").status == 200
    )


def test_the_header_asks_for_a_fault_too():
    request = request_for(
        "POST",
        "/v1/messages",
        fields_for(),
        anthropic_version="2023-06-01",
        x_simulate="html_error",
    )
    assert reply_to(request).status == 502


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        ("error_event", "error"),
        ("no_message_stop", "message_delta"),
        ("truncated", "content_block_delta"),
    ],
)
def test_a_stream_ends_as_its_fault_says(fault, last):
    assert kinds(reply_to(chat_request(stream=True), fault))[-1] == last


def test_broken_json_is_in_one_event_or_in_the_body():
    with pytest.raises(ValueError, match="truncated"):
        events_in(reply_to(chat_request(stream=True), "bad_json").body)
    with pytest.raises(ValueError, match="truncated"):
        json_in(reply_to(chat_request(), "bad_json").body)


def test_a_wrong_content_type_is_json_for_a_stream_and_text_otherwise():
    stream = reply_to(chat_request(stream=True), "wrong_content_type")
    assert stream.headers == (("content-type", "application/json"),)
    assert json_in(stream.body)["type"] == "message"
    whole = reply_to(chat_request(), "wrong_content_type")
    assert whole.headers == (("content-type", "text/plain"),)


def test_split_chunks_cut_inside_a_character():
    reply = reply_to(chat_request(stream=True), "split_utf8")
    cut = 0
    for chunk in reply.chunks:
        try:
            chunk.data.decode()
        except UnicodeDecodeError:
            cut += 1
    assert cut > 0
    assert reply.body.decode()


def test_a_huge_event_has_a_megabyte():
    reply = reply_to(chat_request(stream=True), "huge_event")
    assert max(len(chunk.data) for chunk in reply.chunks) > 1024 * 1024


@pytest.mark.parametrize("fault", ["empty", "cut_off", "refused"])
def test_a_failing_form_can_be_asked_for(fault):
    message = json_in(reply_to(chat_request(), fault).body)
    assert message["content"] == [] or message["stop_reason"] == "max_tokens"


def test_the_other_wire_takes_the_same_faults():
    body = {"model": "draft-small", "messages": [{"role": "user", "content": "x"}]}
    request = request_for("POST", "/v1/chat/completions", {**body, "stream": True})
    reply = reply_to(request, "error_event", openai_wire)
    assert "error" in events_in(reply.body)[-1]
    assert b"[DONE]" not in reply.body
