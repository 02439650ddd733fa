import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.quality.agreement import NAMES, agreement, features_of
from tests.builders import make_completion, make_request, make_tool_use
from tests.routing.quality.agreement_table import (
    AGREE,
    APART,
    APART_IN_PROSE,
    DIFFER,
    NUMBERS,
)

CHOICES = "Which is largest?\nA. a cat\nB. a whale\nC. a mouse"
SUM = "What is 1,000 + 24 in all?"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def compared(one, other, prompt="Tell me."):
    completions = [
        make_completion(said)
        if isinstance(said, str)
        else make_completion(content=said)
        for said in (one, other)
    ]
    return agreement(make_request(prompt), *completions)


def relation(one, other, prompt="Tell me."):
    return compared(one, other, prompt).relation


@pytest.mark.parametrize(
    ("one", "other", "prompt"),
    [
        ("The sum is 1024.", "It comes to 1,024", SUM),
        ("So \\boxed{1024}.", "1024", SUM),
        ("$1,024.00", "1024", SUM),
        ("1 024", "1024", SUM),
        ("1.024e3", "1024", SUM),
        ("\\boxed{\\frac{1}{2}}", "\\boxed{0.5}", SUM),
        ("\\boxed{\\dfrac{3}{4}}", "\\boxed{3/4}", SUM),
        ("They hold 1024 litres.", "It is 1024 litres", SUM),
        ("A whale. The answer is (B).", "B", CHOICES),
        ("**B.** The whale", "答案：B", CHOICES),
        ("Positive", "positive.", "Mood?"),
        ("  Paris ", "Paris.", "Capital of France?"),
        ('{"answer": "42", "reasoning": "long"}', '{"answer": 42}', SUM),
        ('```json\n{"a": 1, "b": 2}\n```', '{"b": 2.0, "a": 1}', SUM),
        ('So:\n{"answer": "[1, 2]"}', '{"answer": "[1,2]"}', SUM),
        ('{"reasoning": "\\(x", "answer": "7"}', '{"answer": "7"}', SUM),
        ("```python\nx=1 # one\n```", "```python\nx = 1\n```", "Write it."),
        ("```js\nlet x=1\n```", "```js\nlet  x = 1\n```", "Write it."),
    ],
)
def test_equal_answers_in_another_form_agree(one, other, prompt):
    assert relation(one, other, prompt) == "agree"


@pytest.mark.parametrize(
    ("one", "other", "prompt"),
    [
        ("The sum is 1024.", "The sum is 1025.", SUM),
        ("\\boxed{\\frac{1}{2}}", "\\boxed{\\frac{1}{3}}", SUM),
        ("The answer is (B).", "The answer is (C).", CHOICES),
        ("Positive", "Negative", "Mood?"),
        ('{"answer": "42"}', '{"answer": "43"}', SUM),
        ('{"a": 1, "b": 2}', '{"a": 1}', SUM),
        ('{"answer": "\'aB\'"}', '{"answer": "\'ab\'"}', SUM),
        ('{"answer": "\'1\'"}', '{"answer": "1"}', SUM),
    ],
)
def test_different_answers_differ(one, other, prompt):
    assert relation(one, other, prompt) == "differ"


@pytest.mark.parametrize(
    ("one", "other", "prompt"),
    [
        ("Light is scattered by air. " * 5, "Air scatters blue light. " * 5, "Why?"),
        ("```python\nx = 1\n```", "```python\nx = 2\n```", "Write it."),
        ("I cannot tell which of them it is, to be honest.", "B", CHOICES),
        ("", "4", SUM),
        ("", "", SUM),
    ],
)
def test_what_has_no_common_form_is_not_compared(one, other, prompt):
    assert relation(one, other, prompt) == "not_comparable"


class TestCalls:
    def call(self, *calls):
        return [make_tool_use(name, arguments) for name, arguments in calls]

    def test_order_of_calls_and_arguments_does_not_matter(self):
        one = self.call(("f", {"a": 1, "b": "x"}), ("g", {}))
        other = self.call(("g", {}), ("f", {"b": "x", "a": 1.0}))
        assert compared(one, other).matter == "tools"
        assert relation(one, other) == "agree"

    def test_ids_and_text_beside_do_not_matter(self):
        one = [make_tool_use("f", {"a": 1}, id="toolu_1")]
        other = [
            {"type": "text", "text": "Well."},
            make_tool_use("f", {"a": 1}, id="2"),
        ]
        assert relation(one, other) == "agree"

    def test_an_argument_left_out_is_one_of_nothing(self):
        one = self.call(("f", {"a": 1, "b": None}))
        assert relation(one, self.call(("f", {"a": 1}))) == "agree"
        assert relation(self.call(("f", {"a": 0})), self.call(("f", {}))) == "differ"

    @pytest.mark.parametrize(
        "other",
        [("f", {"a": 2}), ("g", {"a": 1}), ("f", {"a": [1]}), ("f", {"a": 1, "b": 2})],
    )
    def test_another_call_differs(self, other):
        assert relation(self.call(("f", {"a": 1})), self.call(other)) == "differ"

    def test_the_order_within_a_list_matters(self):
        one, other = self.call(("f", {"a": [1, 2]})), self.call(("f", {"a": [2, 1]}))
        assert relation(one, other) == "differ"

    def test_a_call_and_a_text_differ(self):
        assert relation(self.call(("f", {})), "Which one?") == "differ"

    def test_fewer_calls_agree_in_part(self):
        one = self.call(("f", {"a": 1}), ("f", {"a": 2}))
        found = compared(one, self.call(("f", {"a": 1})))
        assert (found.relation, found.parts) == ("differ", 0.5)

    def test_the_same_call_twice_is_not_one(self):
        one, two = self.call(("f", {})), self.call(("f", {}), ("f", {}))
        assert relation(one, two) == "differ"


@settings(max_examples=80, deadline=None)
@given(
    prompt=st.text(max_size=40), one=st.text(max_size=80), other=st.text(max_size=80)
)
def test_agreement_of_texts_is_symmetric_and_reflexive(prompt, one, other):
    assert compared(one, other, prompt) == compared(other, one, prompt)
    if one.strip():
        assert relation(one, one, prompt) == "agree"


@settings(max_examples=80, deadline=None)
@given(one=JSON_VALUES, other=JSON_VALUES)
def test_agreement_of_calls_is_symmetric_and_reflexive(one, other):
    first, second = [make_tool_use("f", one)], [make_tool_use("f", other)]
    assert compared(first, second) == compared(second, first)
    assert relation(first, first) == "agree"


@pytest.mark.parametrize("text", ["[" * 90_000, '{"a":' * 50_000, "\\boxed{" * 9_000])
def test_hostile_texts_are_compared_without_complaint(text):
    assert relation(text, text + " ") in ("agree", "not_comparable")


def test_a_second_opinion_is_told_in_bounded_numbers():
    request = make_request(SUM)
    draft = make_completion("The sum is 1024.")
    same, other = (
        features_of(agreement(request, draft, second), draft, second)
        for second in map(make_completion, ("It is 1024", "It is 1025"))
    )
    assert len(same) == len(other) == len(NAMES)
    assert same[:3] == (1.0, 0.0, 1.0)
    assert other[:3] == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("prompt", ["Tell me.", NUMBERS])
@pytest.mark.parametrize(("one", "other"), AGREE)
def test_a_value_and_a_sentence_about_it_agree(one, other, prompt):
    assert relation(one, other, prompt) == "agree"
    assert relation(other, one, prompt) == "agree"


@pytest.mark.parametrize("prompt", ["Tell me.", NUMBERS])
@pytest.mark.parametrize(("one", "other"), DIFFER)
def test_a_value_and_a_sentence_about_another_differ(one, other, prompt):
    assert relation(one, other, prompt) == "differ"
    assert relation(other, one, prompt) == "differ"


@pytest.mark.parametrize("prompt", ["Tell me.", NUMBERS])
@pytest.mark.parametrize(("one", "other"), APART)
def test_answers_that_only_look_alike_never_agree(one, other, prompt):
    assert relation(one, other, prompt) != "agree"
    assert relation(other, one, prompt) != "agree"


@pytest.mark.parametrize(("one", "other"), APART_IN_PROSE)
def test_numbers_in_prose_alone_do_not_agree(one, other):
    assert relation(one, other) != "agree"
