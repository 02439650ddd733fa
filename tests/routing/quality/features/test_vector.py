import math
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.quality.features import (
    answering,
    arithmetic,
    calls,
    code,
    logprobs,
    prompt,
    shape,
    wording,
)
from routing.quality.features.vector import BOUND, NAMES, features_of
from tests.builders import make_completion, make_request, make_tool, make_tool_use

GROUPS = (prompt, shape, wording, arithmetic, code, answering, calls, logprobs)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
ODD = [None, 7, "text", [], {}, [None], [[]], [{"type": None}], {"a": [1]}]
HOSTILE = {
    "brackets": "[" * 200_000,
    "braces": '{"a":' * 100_000,
    "fences": "```python\n" * 40_000,
    "equals": "1+1=" * 100_000,
    "digits": "9" * 400_000,
    "lists": "1. a\n" * 100_000,
    "backslashes": "\\frac{" * 60_000,
    "quotes": '"a": "' * 60_000,
    "letters": "A. B. C.\n" * 50_000,
    "boxes": "\\boxed{" * 60_000,
    "surrogate": "\ud800" * 10,
    "stars": "**" * 100_000,
    "unclosed dollars": "$" * 200_001,
    "signs": "=" * 200_000,
    "signs and spaces": "=" * 4_000 + " " * 3_900 + "x",
    "spaces after a sign": "=" + " " * 7_900 + "x",
    "empty lines": "\n" * 200_000,
    "backticks": "`" * 200_000,
    "a long name of a language": "```" + "a" * 7_900,
}


def is_bounded(vector):
    return len(vector) == len(NAMES) and all(
        math.isfinite(value) and -BOUND <= value <= BOUND for value in vector
    )


def test_every_feature_has_one_name():
    assert len(set(NAMES)) == len(NAMES)
    assert len(NAMES) >= 90


@settings(max_examples=60, deadline=None)
@given(asked=st.text(max_size=400), said=st.text(max_size=400))
def test_features_of_any_text_are_finite_and_bounded(asked, said):
    asked = asked.encode("utf-8", "replace").decode()
    assert is_bounded(features_of(make_request(asked), make_completion(said)))


@settings(max_examples=60, deadline=None)
@given(arguments=JSON, schema=JSON)
def test_features_of_any_call_are_finite_and_bounded(arguments, schema):
    request = make_request(tools=[{"name": "get_weather", "input_schema": schema}])
    draft = make_completion(content=[make_tool_use("get_weather", arguments)])
    assert is_bounded(features_of(request, draft))


@pytest.mark.parametrize("odd", ODD)
def test_odd_requests_and_drafts_are_measured_without_complaint(odd):
    messages = odd if isinstance(odd, list) else [{"role": odd, "content": odd}]
    request = make_request(messages=messages, system=odd, tools=odd, output_config=odd)
    block = {"type": odd, "text": odd, "name": odd, "input": odd}
    for content in (
        odd,
        [block],
        [block | {"type": "text"}],
        [make_tool_use(odd, odd)],
    ):
        assert is_bounded(features_of(request, make_completion(content=content)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_read_in_bounded_time(text):
    asked = make_request(text.encode("utf-8", "replace").decode())
    began = time.process_time()
    assert is_bounded(features_of(asked, make_completion(text)))
    # A hundred times what it takes: only what grows without bound fails.
    assert time.process_time() - began < 3


def test_the_middle_of_a_long_text_costs_nothing_and_says_nothing():
    def measured(middle):
        said = "Well. " * 900 + middle + " So it is 4." * 900
        return features_of(make_request(), make_completion(said))

    one, other = measured("a1 " * 90_000), measured("b2 " * 90_000)
    assert one == other


def test_the_same_draft_is_measured_alike():
    request, draft = make_request("Add 2, 3 and 4."), make_completion("2 + 3 + 4 = 9")
    assert features_of(request, draft) == features_of(request, draft)


def test_each_group_measures_what_it_names():
    request = make_request(tools=[make_tool()])
    draft = make_completion(content=[make_tool_use()])
    vector = features_of(request, draft, [-0.1, -2.0])
    assert len(vector) == sum(len(group.NAMES) for group in GROUPS)


def test_every_feature_is_on_its_page():
    page = (Path(__file__).parents[4] / "docs/signals.md").read_text()
    assert [name for name in NAMES if f"`{name}`" not in page] == []
