"""What single features tell, through the vector they stand in."""

import pytest

from routing.quality.features.vector import NAMES, features_of
from tests.builders import make_completion, make_request, make_tool, make_tool_use

CHOICES = "Which is largest?\nA. a cat\nB. a whale\nC. a mouse"


def measured(
    prompt="What is 2 + 2?", text="4", *, content=None, logprobs=None, **fields
):
    request = make_request(prompt, **fields)
    vector = features_of(request, make_completion(text, content=content), logprobs)
    return dict(zip(NAMES, vector, strict=True))


class TestPrompt:
    def test_choices_are_counted(self):
        assert measured(CHOICES)["ask_choices"] > measured("Which?")["ask_choices"] == 0

    @pytest.mark.parametrize(
        ("name", "prompt"),
        [
            ("ask_json", "Answer as JSON."),
            ("ask_code", "def f(x):\n    return x"),
            ("ask_latex", "Simplify $\\frac{1}{2}$."),
            ("ask_numbers", "Add 12 and 30."),
            ("ask_percent", "What is 5 % of it?"),
            ("ask_questions", "なぜですか？"),
            ("ask_dense_script", "请解释"),
        ],
    )
    def test_what_is_asked_shows(self, name, prompt):
        assert measured(prompt)[name] > 0
        assert measured("Tell me a tale.")[name] == 0

    def test_declared_json_counts_as_asked_for(self):
        declared = {"format": {"type": "json_schema", "schema": {}}}
        assert measured("Go.", output_config=declared)["ask_json"] == 1


class TestShape:
    def test_a_loop_shows_as_repetition(self):
        loop = measured(text="we try this again and again " * 30)
        tale = measured(text="once there was a cat that lived in a very old house")
        assert loop["draft_repeated"] > 0.9 > tale["draft_repeated"] == 0

    def test_another_script_than_asked_in_shows(self):
        assert measured("Why is it so?", "因为光")["draft_script_differs"] == 1
        assert measured("Why is it so?", "Light.")["draft_script_differs"] == 0

    def test_a_sentence_without_end_shows(self):
        assert measured(text="It is because the")["draft_unfinished"] == 1
        assert measured(text="It is because.")["draft_unfinished"] == 0

    def test_numbers_of_the_prompt_that_are_used_show(self):
        prompt = "There are 12 cats and 30 mice."
        assert measured(prompt, "12 of 30")["draft_ask_numbers_used"] == 1
        assert measured(prompt, "12")["draft_ask_numbers_used"] == 0.5


class TestWording:
    @pytest.mark.parametrize(
        "text",
        [
            "I'm sorry, I can't help with that.",
            "Es tut mir leid.",
            "Je ne peux pas vous aider.",
            "Lo siento, no puedo.",
            "Desculpe, não posso.",
            "Извините, не могу.",
            "抱歉，我无法回答。",
            "申し訳ありません。",
        ],
    )
    def test_a_refusal_shows_in_eight_languages(self, text):
        assert measured(text=text)["words_refusal"] == 1

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("words_leaked_reasoning", "<think>hm</think> 4"),
            ("words_role_leak", "4<|im_end|>"),
            ("words_placeholder", "def f():\n    # TODO"),
            ("words_hedging", "Perhaps 4."),
            ("words_correction", "Wait, it is 4."),
            ("words_asks_back", "Could you tell me more?"),
        ],
    )
    def test_words_show(self, name, text):
        assert measured(text=text)[name] > 0
        assert measured(text="It is 4.")[name] == 0

    def test_everything_in_spanish_is_no_placeholder(self):
        assert measured(text="Eso es todo.")["words_placeholder"] == 0


class TestSums:
    @pytest.mark.parametrize(
        "text",
        [
            "15 + 25 = 40",
            "15 cups + 25 cups = 40 cups",
            "He pays $3.50 * 4 = $14.00.",
            "100 / 3 = 33.33",
            "20 × 3 = 60, 60 − 40 = 20",
            "<<4*5=20>>",
            "(2 + 3) * 4 = 20",
            "1,200 + 300 = 1,500",
            "50% * 30 = 15",
            "\\frac{1}{2} \\times 8 = 4",
        ],
    )
    def test_a_right_sum_is_found_right(self, text):
        features = measured(text=text)
        assert features["sums_found"] > 0
        assert features["sums_wrong"] == 0

    @pytest.mark.parametrize(
        "text",
        ["15 + 25 = 41", "3 apples * 4 = 15 apples", "100 / 4 = 20", "9 - 1 = 7"],
    )
    def test_a_wrong_sum_is_found_wrong(self, text):
        assert measured(text=text)["sums_wrong"] > 0

    def test_settings_after_a_wrong_sum_do_not_hide_it(self):
        settings = "\n".join(f"value_{at} = {at}" for at in range(200))
        assert measured(text=f"2 + 2 = 5\n{settings}")["sums_wrong"] > 0

    @pytest.mark.parametrize(
        "text",
        [
            "2a - 3 = 5",
            "x^2 + 1 = 5",
            "f(2) + 1 = 9",
            "n = 4",
            "1/0 = 7",
            "sqrt(4) + 1 = 9",
            "a + b = 12",
        ],
    )
    def test_what_is_no_plain_sum_is_left_alone(self, text):
        assert measured(text=text)["sums_wrong"] == 0


class TestCode:
    def test_python_that_does_not_parse_shows(self):
        assert measured(text="```python\ndef f(:\n```")["code_unparsed"] == 1
        assert measured(text="```python\nx = '\\d'\n```")["code_unparsed"] == 0

    def test_brackets_that_do_not_match_show(self):
        assert measured(text="```js\nf((1)\n```")["code_unbalanced"] == 1
        assert measured(text="```js\nf(1)\n```")["code_unbalanced"] == 0


class TestAnswer:
    def test_the_place_of_the_letter_shows(self):
        b = measured(CHOICES, "Whales are big. The answer is (B).")
        assert b["answer_found"] == 1
        assert b["answer_letter_place"] == 0.1

    def test_a_choice_the_reasoning_speaks_of_leads(self):
        assert measured(CHOICES, "A whale, so (B).")["answer_choice_lead"] > 0
        assert measured(CHOICES, "A whale, so (C).")["answer_choice_lead"] < 0

    def test_the_size_and_sign_of_a_number_show(self):
        features = measured("Take 9 from 4.", "It is -5")
        assert features["answer_number"] == features["answer_negative"] == 1


class TestCalls:
    TOOLS = [make_tool("weather", {"properties": {"city": {"type": "string"}}})]

    def called(self, prompt, *arguments):
        content = [make_tool_use("weather", entry) for entry in arguments]
        return measured(prompt, content=content, tools=self.TOOLS)

    def test_values_the_client_never_wrote_show(self):
        prompt = "Weather in Oslo?"
        assert self.called(prompt, {"city": "Oslo"})["calls_unseen_values"] == 0
        assert self.called(prompt, {"city": "Rome"})["calls_unseen_values"] == 1

    def test_asked_for_several_and_called_one_shows(self):
        prompt = "Weather in Oslo, Rome and Bonn?"
        one = self.called(prompt, {"city": "Oslo"})
        three = self.called(prompt, *({"city": c} for c in ("Oslo", "Rome", "Bonn")))
        assert one["calls_conjunctions_each"] > three["calls_conjunctions_each"]

    def test_without_tools_there_is_nothing_to_count(self):
        features = measured(content=[make_tool_use("weather", {"city": "Oslo"})])
        assert {features[name] for name in NAMES if name.startswith("calls_")} == {0}


class TestLogprobs:
    def test_absent_ones_are_zero_and_said_to_be_unknown(self):
        features = measured()
        assert {features[n] for n in NAMES if n.startswith("tokens_")} == {0}

    def test_doubt_shows(self):
        features = measured(logprobs=[-0.1, -3.0, float("-inf"), float("nan")])
        assert features["tokens_known"] == 1
        assert features["tokens_doubtful"] == 0.5
        assert features["tokens_least"] == -3.0
