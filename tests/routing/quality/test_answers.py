import pytest

from routing.quality.answers import answer_in, json_in, short_fields
from routing.quality.spelling import canonical, same

CHOICES = "Which?\nA. one\nB. two\nC. three"


@pytest.mark.parametrize(
    ("text", "prompt", "kind", "value"),
    [
        ("4", "What is 2 + 2?", "number", "4"),
        ("It comes to 12 in all.", "Add 5 and 7.", "number", "12"),
        ("So the result is \\boxed{-3}.", "Take 5 from 2.", "boxed", "-3"),
        ("The answer is (C).", CHOICES, "letter", "C"),
        ("B", CHOICES, "letter", "B"),
        ("B. two\n\nBecause it is even.", CHOICES, "letter", "B"),
        ("(A) is wrong, so it must be (B).", CHOICES, "letter", "B"),
        ("Positive", "Which mood?", "label", "Positive"),
        ('{"mood": "good"}', "Which mood?", "json", "good"),
        ("Once upon a time there was a cat. " * 4, "A tale, please.", "", ""),
        ("", "What is 2 + 2?", "", ""),
    ],
)
def test_the_final_answer_is_found_by_its_form(text, prompt, kind, value):
    answer = answer_in(text, prompt)
    assert (answer.kind, answer.value) == (kind, value)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("1,000.0", "1000"),
        ("1'000", "1000"),
        ("$42", "42"),
        ("42 %", "42"),
        ("007", "7"),
        ("-0", "0"),
        ("\\frac{1}{4}", "0.25"),
        ("12 litres", "12"),
        ("[1,2]", "[1, 2]"),
        ('"a b"', "'a b'"),
        (True, "true"),
        (None, "none"),
        (3.0, "3"),
        ("Yes.", "Yes"),
    ],
)
def test_one_answer_has_one_spelling(text, spelling):
    assert canonical(text) == spelling


@pytest.mark.parametrize(
    ("one", "other"),
    [("Yes", "yes"), ("0.33333", "0.3333333"), ("a b", "ab"), ("'ab'", "ab")],
)
def test_spellings_of_one_answer_are_the_same(one, other):
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("yes", "no"), ("1", "2"), ("'1'", "1"), ("aB", "ab"), ("", "a")]
)
def test_other_answers_are_not(one, other):
    assert not same(one, other)


def test_json_is_found_within_prose():
    assert json_in('Here it is:\n```json\n{"a": 1}\n```\nDone.') == {"a": 1}
    assert json_in('The object {"a": 1} it is') == {"a": 1}
    assert json_in("no { JSON } here") is None


def test_long_texts_are_no_answer_to_compare_by():
    fields = short_fields({"reasoning": "because " * 40, "answer": 7, "tags": ["x"]})
    assert fields == (("/answer", "7"), ("/tags/0", "x"))
