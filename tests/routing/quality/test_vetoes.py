import pytest

from routing.quality.vetoes import VETOES, vetoes_of
from tests.builders import make_completion, make_request, make_tool_use

ODD = [None, 7, "text", [], {}, [None], [7, "x"], [[]], [{"type": None}], {"a": [1]}]


def names(request, draft):
    return [signal.name for signal in vetoes_of(request, draft)]


def test_a_correct_short_answer_has_no_veto():
    assert names(make_request("What is 2 + 2?"), make_completion("4")) == []


def test_vetoes_come_in_the_order_that_explains():
    draft = make_completion(content=[], stop_reason="refusal")
    request = make_request(
        tool_choice={"type": "any"}, output_config={"format": {"type": "json_schema"}}
    )
    assert names(request, draft) == [
        "refusal",
        "empty",
        "forced_tool_not_called",
        "invalid_structured_output",
    ]


def test_a_veto_is_a_signal_that_escalates():
    (signal,) = vetoes_of(make_request(), make_completion(stop_reason="max_tokens"))
    assert (signal.name, signal.value, signal.veto) == ("cut_off", 1.0, True)


def test_every_veto_is_named_once():
    assert len({name for name, _ in VETOES}) == len(VETOES)


@pytest.mark.parametrize("odd", ODD)
def test_odd_answers_are_judged_without_complaint(odd):
    request = make_request(tools=[{"name": "f", "input_schema": {}}])
    block = {"type": odd, "text": odd, "name": odd, "input": odd, "toolset_name": odd}
    for content in (
        odd,
        [block],
        [block | {"type": "text"}],
        [make_tool_use(odd, odd)],
    ):
        names(request, make_completion(content=content, stop_reason=odd))


@pytest.mark.parametrize("odd", ODD)
def test_odd_requests_are_judged_without_complaint(odd):
    messages = odd if isinstance(odd, list) else [{"role": odd, "content": odd}]
    request = make_request(
        messages=messages,
        system=odd,
        tools=odd,
        tool_choice=odd,
        output_config=odd,
        output_format=odd,
    )
    for content in ([make_tool_use()], [{"type": "text", "text": "again " * 999}]):
        names(request, make_completion(content=content))


@pytest.mark.parametrize("odd", ODD)
def test_odd_declarations_are_judged_without_complaint(odd):
    request = make_request(
        tools=[{"name": "get_weather", "input_schema": odd}, odd],
        tool_choice={"type": "tool", "name": odd},
        output_config={"format": {"type": "json_schema", "schema": odd}},
    )
    names(request, make_completion(content=[make_tool_use()]))
    names(request, make_completion("{}"))
