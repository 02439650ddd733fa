import pytest

from routing.simulator.scripts import Script
from tests.routing.simulator.builders import chat_request, request_for


def script_of(*answers):
    script = Script()
    script.extend(answers)
    return script


def test_answers_are_taken_in_order_and_once():
    script = script_of({"status": 201}, {"status": 202})
    taken = [script.take(request_for()) for _ in range(3)]
    assert [reply and reply.status for reply in taken] == [201, 202, None]
    assert len(script) == 0


def test_an_answer_for_a_model_waits_for_it():
    script = script_of({"model": "verifier-large", "body": b"v"}, {"body": b"any"})
    assert script.take(chat_request(model="draft-small")).body == b"any"
    assert script.take(request_for(body=b"no json")) is None
    assert script.take(chat_request(model="verifier-large")).body == b"v"


def test_headers_are_pairs_or_a_mapping():
    for headers in ({"a": "b"}, [("a", "b")]):
        assert script_of({"headers": headers}).take(request_for()).headers == (
            ("a", "b"),
        )


def test_chunks_have_delays():
    reply = script_of({"chunks": [b"a", (0.5, b"b")]}).take(request_for())
    assert [(c.delay_s, c.data) for c in reply.chunks] == [(0.0, b"a"), (0.5, b"b")]
    assert reply.chunked


@pytest.mark.parametrize(("abort", "ending"), [(True, "reset"), ("cut", "cut")])
def test_an_aborted_body_stays_behind_its_length(abort, ending):
    reply = script_of({"body": b"abc", "abort": abort}).take(request_for())
    assert (reply.ending, reply.declared_length) == (ending, 4)


def test_a_misspelt_key_is_loud():
    with pytest.raises(TypeError, match="reply"):
        script_of({"reply": 200})
