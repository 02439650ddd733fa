"""Facts as a list of models and an operator tell them."""

from __future__ import annotations

import pytest

from routing.facts import UNKNOWN, ModelFacts, read_facts
from routing.simulator.models import describe, find_model

YES, NO = {"supported": True}, {"supported": False}


def facts_in(capabilities, rules=None, **limits) -> ModelFacts:
    return read_facts(capabilities, rules or {}, **limits)


def test_reads_what_a_list_of_models_says():
    listed = describe(find_model("claude-haiku-4-5"))
    assert facts_in(listed["capabilities"], max_input_tokens=7) == ModelFacts(
        max_input_tokens=7,
        image_input=True,
        pdf_input=True,
        structured_outputs=True,
        server_tools=True,
        thinking=frozenset({"disabled", "enabled"}),
        efforts=(),
    )


def test_nothing_said_is_nothing_known():
    assert facts_in({}) == UNKNOWN
    assert facts_in({}, max_input_tokens=0, max_output_tokens=None) == UNKNOWN


@pytest.mark.parametrize("odd", [None, True, "yes", [], {}, {"supported": "yes"}])
def test_what_is_not_of_the_documented_shape_is_not_known(odd):
    named = dict.fromkeys(("image_input", "thinking", "effort", "server_tools"), odd)
    assert facts_in(named, {"prefill": "yes", "sampling": None}) == UNKNOWN


def test_efforts_come_lowest_first():
    told = {"supported": True, "max": YES, "low": YES, "high": NO, "xhigh": None}
    assert facts_in({"effort": told}).efforts == ("low", "max")


def test_a_model_without_efforts_takes_none_and_one_that_names_none_is_not_known():
    assert facts_in({"effort": NO}).efforts == ()
    assert facts_in({"effort": YES}).efforts is None


def test_a_model_that_cannot_think_may_still_be_told_not_to():
    types = {"types": {"disabled": YES, "enabled": NO}}
    assert facts_in({"thinking": NO | types}).thinking == {"disabled"}
    assert facts_in({"thinking": NO}).thinking == frozenset()
    assert facts_in({"thinking": YES}).thinking is None


def test_an_operator_may_say_what_no_list_does():
    rules = {"sampling": False, "forced_tool_choice": True, "prefill": False}
    assert facts_in({}, rules) == ModelFacts(
        sampling=False, forced_tool_choice=True, prefill=False
    )


def test_each_unknown_fact_is_taken_from_elsewhere():
    told = ModelFacts(prefill=False, efforts=(), max_input_tokens=5)
    other = ModelFacts(prefill=True, efforts=("low",), sampling=True)
    assert told.or_else(other) == ModelFacts(
        prefill=False, efforts=(), max_input_tokens=5, sampling=True
    )
    assert told.or_else(UNKNOWN) is told
    assert UNKNOWN.or_else(told) == told
