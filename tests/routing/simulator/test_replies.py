from routing.simulator.answers import good_answer
from routing.simulator.faults import NO_FAULT, Fault
from routing.simulator.replies import (
    disturbed_reply,
    html_reply,
    json_reply,
    stream_reply,
    whole_reply,
)
from routing.simulator.values import Behaviour, Event
from tests.routing.simulator.builders import ask_for

SLOW = Behaviour(latency_s=1.0, token_s=0.5)


def test_a_whole_answer_takes_the_time_of_writing_it():
    answer = good_answer(ask_for("What is 2+2?"))
    assert whole_reply({}, answer, SLOW).head_delay_s == 1.0 + 5 * 0.5
    assert whole_reply({}, answer, Behaviour()).head_delay_s == 0


def test_a_stream_waits_before_each_piece_of_text():
    events = [Event(data=b"a"), Event(data=b"b", paced=True)]
    reply = stream_reply(events, SLOW)
    assert [chunk.delay_s for chunk in reply.chunks] == [0.0, 0.5]
    assert (reply.head_delay_s, reply.chunked) == (1.0, True)


def test_an_html_reply_is_a_bad_gateway():
    assert html_reply().status == 502
    assert html_reply().body.startswith(b"<html>")


def test_only_a_whole_reply_is_declared_as_plain_text():
    fault = Fault(name="wrong_content_type")
    reply = json_reply({})
    assert disturbed_reply(reply, fault, streaming=True) == reply
    assert disturbed_reply(reply, fault, streaming=False) != reply
    assert disturbed_reply(reply, NO_FAULT, streaming=False) == reply
