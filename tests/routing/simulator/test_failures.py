import pytest
from jsonschema import ValidationError, validate

from routing.simulator.answers import good_answer
from routing.simulator.failures import FAILING_SHARE, FAILURES, answer_to
from routing.simulator.values import Text, Thinking, ToolUse
from tests.routing.simulator.builders import WEATHER, ask_for, json_in

CALLED = {"prompt": "Use get_weather", "tools": [WEATHER]}


def failing_share(model: str, count: int = 1000) -> float:
    asks = [ask_for(f"Explain subject {number}", model) for number in range(count)]
    return sum(answer_to(ask) != good_answer(ask) for ask in asks) / count


@pytest.mark.parametrize(
    ("model", "tier"), [("draft-small", "low"), ("claude-sonnet-5-5", "mid")]
)
def test_a_tier_fails_at_about_its_stated_share(model, tier):
    assert failing_share(model) == pytest.approx(FAILING_SHARE[tier], abs=0.03)


def test_the_high_tier_never_fails():
    assert failing_share("verifier-large", 300) == 0


@pytest.mark.parametrize("prompt", ["Prove it", "Derive it", "a step by step proof"])
def test_a_proof_is_cut_off_by_the_low_tier_only(prompt):
    assert answer_to(ask_for(prompt, "draft-small")).stop_reason == "max_tokens"
    assert answer_to(ask_for(prompt, "verifier-large")).stop_reason == "end_turn"


@pytest.mark.parametrize("prompt", ["What is 2+2?", "Say hi", "[[chunks:5]]"])
@pytest.mark.parametrize("seed_word", ["a", "b", "c", "d", "e", "f", "g", "h"])
def test_easy_prompts_are_answered_rightly_by_every_tier(prompt, seed_word):
    ask = ask_for(prompt, "draft-small", system=seed_word)
    assert answer_to(ask) == good_answer(ask)


def test_warming_the_cache_cannot_fail():
    assert answer_to(ask_for("Prove it", "draft-small", max_tokens=0)).blocks == ()


def test_every_failure_keeps_the_thinking_it_follows_or_writes_nothing():
    ask = ask_for(**CALLED, thinking={"type": "adaptive"})
    for fail in FAILURES.values():
        blocks = fail(good_answer(ask), ask).blocks
        assert not blocks or isinstance(blocks[0], Thinking)


def test_a_cut_off_answer_is_shorter():
    ask = ask_for()
    whole, cut = good_answer(ask), FAILURES["cut_off"](good_answer(ask), ask)
    assert whole.blocks[0].text.startswith(cut.blocks[0].text)
    assert cut.stop_reason == "max_tokens"


def test_an_empty_answer_has_no_block():
    assert FAILURES["empty"](good_answer(ask_for()), ask_for()).blocks == ()


def test_a_loop_repeats_itself():
    text = FAILURES["repetition"](good_answer(ask_for()), ask_for()).blocks[0].text
    assert text.count("the answer is the same as before") > 10


def test_invalid_json_does_not_parse():
    ask = ask_for(output_config={"format": {"schema": WEATHER["input_schema"]}})
    text = FAILURES["invalid_json"](good_answer(ask), ask).blocks[0].text
    with pytest.raises(ValueError, match="JSON"):
        json_in(text.encode())


def test_bad_tool_input_breaks_the_schema_of_a_known_tool():
    ask = ask_for(**CALLED)
    use = FAILURES["bad_tool_input"](good_answer(ask), ask).blocks[0]
    assert use.name == "get_weather"
    with pytest.raises(ValidationError):
        validate(use.input, WEATHER["input_schema"])


def test_a_schema_that_nothing_breaks_leads_to_an_unknown_tool():
    ask = ask_for(prompt="Use ping", tools=[{"name": "ping", "input_schema": {}}])
    assert FAILURES["bad_tool_input"](good_answer(ask), ask).blocks[0].name == "ping_v2"


def test_an_unknown_tool_is_none_of_the_client():
    ask = ask_for(**CALLED)
    use = FAILURES["unknown_tool"](good_answer(ask), ask).blocks[0]
    assert isinstance(use, ToolUse)
    assert use.name != "get_weather"


def test_a_forced_tool_is_not_called():
    ask = ask_for(**CALLED, tool_choice={"type": "any"})
    blocks = FAILURES["tool_not_called"](good_answer(ask), ask).blocks
    assert [type(block) for block in blocks] == [Text]


def test_a_refusal_has_a_stop_reason_and_no_text():
    answer = FAILURES["refused"](good_answer(ask_for()), ask_for())
    assert (answer.stop_reason, answer.blocks) == ("refusal", ())


def test_a_low_tier_fails_at_tools_in_the_ways_of_tools():
    forms = set()
    for number in range(200):
        ask = ask_for(**CALLED, model="draft-small", system=str(number))
        answer = answer_to(ask)
        if answer != good_answer(ask):
            forms.add((answer.stop_reason, getattr(answer.blocks[0], "name", "")))
    assert forms == {
        ("max_tokens", ""),
        ("tool_use", "get_weather"),
        ("tool_use", "get_weather_v2"),
    }
