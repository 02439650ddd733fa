import pytest

from routing.quality.ending import cut_off, empty, refusal, unfinished
from tests.builders import make_completion, make_request, make_tool_use

THINKING = {"type": "thinking", "thinking": "4, surely.", "signature": "c2ln"}


def fires(veto, **draft):
    return veto(make_request(), make_completion(**draft))


@pytest.mark.parametrize(
    "reason", ["max_tokens", "model_context_window_exceeded", None, "", 7]
)
def test_a_draft_at_a_limit_or_without_a_reason_is_cut_off(reason):
    assert fires(cut_off, stop_reason=reason)


@pytest.mark.parametrize(
    "reason", ["end_turn", "stop_sequence", "tool_use", "invented_tomorrow"]
)
def test_a_draft_that_stopped_by_itself_has_no_veto(reason):
    for veto in (cut_off, refusal, unfinished):
        assert not fires(veto, stop_reason=reason)


def test_a_refusal_is_told_by_its_stop_reason():
    assert fires(refusal, text="", stop_reason="refusal")


def test_words_of_refusal_are_an_answer():
    assert not fires(refusal, text="I'm sorry, I can't help with that.")


@pytest.mark.parametrize("reason", ["pause_turn", "compaction"])
def test_a_pause_is_no_final_answer(reason):
    assert fires(unfinished, stop_reason=reason)


@pytest.mark.parametrize(
    "content",
    [[], {}, "4", [THINKING], [{"type": "text", "text": " \n\u3000"}], [None, 7]],
)
def test_white_space_and_thinking_are_no_answer(content):
    assert fires(empty, content=content)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "4"}],
        [THINKING, {"type": "text", "text": "四"}],
        [{"type": "text", "text": ""}, make_tool_use()],
        [{"type": "invented_tomorrow"}],
    ],
)
def test_a_short_answer_is_an_answer(content):
    assert not fires(empty, content=content)
