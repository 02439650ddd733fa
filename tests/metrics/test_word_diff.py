from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import word_diff
from metrics.word_diff import compare

WORDS = st.lists(
    st.sampled_from(
        ["the", "a", "cat", "sat", "\n", " ", "42", ".", "猫", "שלום", "é"]
    ),
    max_size=60,
).map(" ".join)
TEXTS = WORDS | st.text(max_size=200)


def joined(pieces):
    return "".join(piece.text for piece in pieces)


def shared(pieces):
    return "".join(piece.text for piece in pieces if piece.shared)


@given(left=TEXTS, right=TEXTS)
def test_the_pieces_join_back_to_both_texts_and_share_the_same(left, right):
    found = compare(left, right)
    assert (joined(found.left), joined(found.right)) == (left, right)
    assert shared(found.left) == shared(found.right)
    assert 0 <= found.shared_share <= 1
    assert found.same == (left == right)


@given(left=TEXTS, right=TEXTS)
def test_neighbours_are_of_different_kinds_and_none_is_empty(left, right):
    for pieces in (compare(left, right).left, compare(left, right).right):
        assert all(piece.text for piece in pieces)
        kinds = [piece.shared for piece in pieces]
        assert all(a != b for a, b in pairwise(kinds))


def test_a_changed_word_is_told_and_no_more():
    found = compare("It is five apples.", "It is four apples.")
    assert [(p.text, p.shared) for p in found.left] == [
        ("It is ", True),
        ("five ", False),
        ("apples.", True),
    ]
    assert [p.text for p in found.right if not p.shared] == ["four "]


def test_a_script_without_spaces_goes_by_the_character():
    found = compare("猫は座った", "犬は座った")
    assert [p.text for p in found.left if not p.shared] == ["猫"]


def test_lines_that_moved_apart_still_match():
    code = [f"line {n} = call({n})" for n in range(300)]
    changed = [*code[:100], "something new", *code[100:]]
    found = compare("\n".join(code), "\n".join(changed))
    assert joined(p for p in found.left if not p.shared) == ""
    assert joined(p for p in found.right if not p.shared) == "something new\n"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a " * 5_000 + "x " * 5_000, "x " * 5_000 + "a " * 5_000),
        ("a b c d e f g " * 2_000, "g f e d c b a " * 2_000),
        ("".join(f"{n} {n % 7}\n" for n in range(9_000)), "1 1\n" * 9_000),
    ],
)
def test_what_would_take_too_long_is_called_different(monkeypatch, left, right):
    spent = []
    spend = word_diff._Budget.spend

    def counted(budget, steps):
        agreed = spend(budget, steps)
        spent.append(steps if agreed else 0)
        return agreed

    monkeypatch.setattr(word_diff._Budget, "spend", counted)
    found = compare(left, right)
    assert sum(spent) <= word_diff.MAX_STEPS
    assert max(spent) <= word_diff.MAX_STEPS_AT_ONCE
    assert (joined(found.left), joined(found.right)) == (left, right)


def test_texts_too_long_to_compare_come_back_whole_and_say_so():
    left, right = "a" * word_diff.MAX_CHARS, "b" + "a" * word_diff.MAX_CHARS
    found = compare(left, right)
    assert (joined(found.left), joined(found.right)) == (left, right)
    assert (found.whole, found.same) == (False, False)


def test_equal_texts_are_the_same_however_long():
    assert compare("a b\n" * 200_000, "a b\n" * 200_000).same
