import pytest

from routing.simulator.anthropic_ask import check_request, read_ask
from routing.simulator.values import Rejected
from tests.routing.simulator.builders import WEATHER, ask_for, fields_for, request_for


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_both_live_versions_are_taken(version):
    check_request(request_for(anthropic_version=version), fields_for())


@pytest.mark.parametrize("headers", [{}, {"anthropic_version": "2020-01-01"}])
def test_a_missing_or_unknown_version_is_rejected(headers):
    with pytest.raises(Rejected):
        check_request(request_for(**headers), fields_for())


def test_sampling_parameters_are_gone_from_the_new_version_only():
    fields = fields_for(temperature=0.5)
    check_request(request_for(anthropic_version="2023-06-01"), fields)
    with pytest.raises(Rejected, match="temperature"):
        check_request(request_for(anthropic_version="2026-10-21"), fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": None},
        {"max_tokens": -1},
        {"max_tokens": "5"},
        {"max_tokens": True},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"tool_choice": {"type": "tool", "name": "nobody"}},
        {"tool_choice": {"type": "sometimes"}},
    ],
)
def test_a_body_the_api_refuses_is_rejected(wrong):
    with pytest.raises(Rejected) as rejected:
        ask_for(**wrong)
    assert rejected.value.error_type == "invalid_request_error"


def test_counting_needs_no_limit():
    fields = fields_for()
    del fields["max_tokens"]
    assert read_ask(fields, 7, counting=True).max_tokens is None


def test_unknown_fields_are_no_error():
    assert ask_for(safeguards=[{"type": "new"}], novelty=5).prompt == "Explain gravity"


def test_only_tools_with_a_schema_can_be_called():
    server_run = {"type": "web_search_20260318", "name": "web_search"}
    ask = ask_for(tools=[server_run, WEATHER, "nonsense"])
    assert [tool.name for tool in ask.tools] == ["get_weather"]


def test_a_result_behind_a_system_note_is_still_the_last_turn():
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": [{"type": "text", "text": "ok"}],
    }
    messages = [
        {"role": "user", "content": [result]},
        {"role": "system", "content": "n"},
    ]
    assert ask_for(messages=messages).tool_result == "ok"
