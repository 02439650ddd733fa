import pytest
from jsonschema import validate

from routing.simulator.answers import good_answer, is_easy, is_hard, sum_of
from routing.simulator.values import Thinking
from tests.routing.simulator.builders import BASH, ask_for, json_in


@pytest.mark.parametrize(
    ("prompt", "solved"),
    [
        ("What is 2+2?", "2 + 2 = 4."),
        ("what is 7 x 6", "7 x 6 = 42."),
        ("1/4", "1 / 4 = 0.25."),
        ("What is 2+2? [[fault:gzip]]", "2 + 2 = 4."),
        ("What is 1/0?", None),
        ("What is love?", None),
    ],
)
def test_solves_small_sums_and_nothing_else(prompt, solved):
    assert sum_of(prompt) == solved


@pytest.mark.parametrize("prompt", ["Say hi", "hello", "Hi!", "please say hello"])
def test_a_greeting_is_easy(prompt):
    assert is_easy(prompt)
    assert good_answer(ask_for(prompt)).blocks[0].text.startswith("Hello!")


def test_a_greeting_before_a_proof_is_hard():
    prompt = "Hello, prove that 2+2=4"
    assert is_hard(prompt)
    assert not is_easy(prompt)


def test_the_same_ask_has_the_same_answer_streamed_or_whole():
    assert good_answer(ask_for(stream=True)) == good_answer(ask_for(stream=False))


def test_another_prompt_has_another_answer():
    assert good_answer(ask_for("Explain tides")) != good_answer(ask_for())


def test_prose_fits_the_limit_of_the_client():
    answer = good_answer(ask_for(max_tokens=20))
    assert answer.stop_reason == "end_turn"
    assert answer.output_tokens <= 20


def test_a_limit_below_one_sentence_cuts_the_answer():
    answer = good_answer(ask_for(max_tokens=3))
    assert answer.stop_reason == "max_tokens"
    assert answer.output_tokens == 3


def test_a_limit_of_zero_writes_nothing():
    answer = good_answer(ask_for(max_tokens=0))
    assert answer.blocks == ()


def test_stops_before_a_stop_sequence():
    answer = good_answer(ask_for("What is 2+2?", stop_sequences=["= 4"]))
    assert answer.blocks[0].text == "2 + 2 "
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "= 4")


def test_structured_output_satisfies_its_schema():
    schema = BASH["input_schema"]
    config = {"format": {"type": "json_schema", "schema": schema}}
    answer = good_answer(ask_for(output_config=config))
    validate(json_in(answer.blocks[0].text.encode()), schema)


def test_a_chunk_mark_asks_for_that_many_different_words():
    words = good_answer(ask_for("[[chunks:50]]")).blocks[0].text.split()
    assert len(set(words)) == len(words) == 50


def test_thinking_comes_first_when_it_is_enabled_and_shown():
    answer = good_answer(ask_for(thinking={"type": "adaptive"}))
    assert isinstance(answer.blocks[0], Thinking)
    assert 0 < answer.thinking_tokens < answer.output_tokens


@pytest.mark.parametrize(
    "thinking", [{"type": "adaptive", "display": "omitted"}, {"type": "disabled"}, None]
)
def test_thinking_is_left_out_when_it_is_not_shown(thinking):
    blocks = good_answer(ask_for(thinking=thinking)).blocks
    assert not any(isinstance(block, Thinking) for block in blocks)


def test_the_answer_to_a_tool_result_quotes_its_beginning():
    result = {"type": "tool_result", "tool_use_id": "t", "content": "r" * 300}
    messages = [{"role": "user", "content": [result]}]
    text = good_answer(ask_for(messages=messages, tools=[BASH])).blocks[0].text
    assert "r" * 200 in text
    assert "r" * 201 not in text
