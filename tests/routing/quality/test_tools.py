import pytest

from routing.quality.tools import (
    forced_tool_not_called,
    invalid_tool_input,
    tool_call_in_text,
    unknown_tool,
)
from tests.builders import make_completion, make_request, make_tool, make_tool_use

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
    "additionalProperties": False,
}
BUILT_IN = [
    {"type": "bash_20250124", "name": "bash"},
    {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
]


def fires(veto, *calls, **fields):
    text = {"type": "text", "text": "Let me look."}
    draft = make_completion(content=[text, *calls], stop_reason="tool_use")
    return veto(make_request(**fields), draft)


class TestUnknownTool:
    def test_a_tool_nobody_offered_is_vetoed(self):
        assert fires(unknown_tool, make_tool_use("get_time"), tools=[make_tool()])

    def test_a_name_is_exact(self):
        assert fires(unknown_tool, make_tool_use("Get_Weather"), tools=[make_tool()])

    def test_any_call_is_unknown_without_tools(self):
        assert fires(unknown_tool, make_tool_use())
        assert fires(unknown_tool, make_tool_use(), tools=[])

    def test_one_unknown_tool_among_known_ones_is_enough(self):
        calls = [make_tool_use(), make_tool_use("get_time")]
        assert fires(unknown_tool, *calls, tools=[make_tool()])

    @pytest.mark.parametrize("name", [None, 7, ["get_weather"]])
    def test_a_call_without_a_name_is_unknown(self, name):
        assert fires(unknown_tool, make_tool_use(name), tools=[make_tool()])

    def test_an_offered_tool_is_known(self):
        assert not fires(unknown_tool, make_tool_use(), tools=[make_tool()])

    @pytest.mark.parametrize("tool", BUILT_IN)
    def test_a_built_in_tool_is_known_by_its_name(self, tool):
        assert not fires(unknown_tool, make_tool_use(tool["name"]), tools=BUILT_IN)

    def test_a_member_of_a_toolset_is_known(self):
        call = make_tool_use("click", toolset_name="browser")
        tools = [{"type": "browser_toolset_20260801", "name": "browser"}]
        assert not fires(unknown_tool, call, tools=tools)

    def test_a_tool_of_the_servers_is_not_the_clients(self):
        call = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        assert not fires(unknown_tool, call)

    def test_nothing_is_claimed_when_tools_are_added_on_the_way(self):
        added = {"type": "tool_addition", "tool": {"name": "get_time"}}
        messages = [
            {"role": "user", "content": "Time?"},
            {"role": "system", "content": [added]},
        ]
        assert not fires(unknown_tool, make_tool_use("get_time"), messages=messages)

    @pytest.mark.parametrize("tools", ["all", {"a": 1}, 7, [{"type": "new_toolset"}]])
    def test_nothing_is_claimed_about_tools_of_an_odd_shape(self, tools):
        assert not fires(unknown_tool, make_tool_use(), tools=tools)


class TestInvalidToolInput:
    @pytest.mark.parametrize(
        "arguments",
        [{}, {"city": 7}, {"city": "Oslo", "days": "2"}, {"city": "Oslo", "x": 1}],
    )
    def test_an_input_against_the_schema_is_vetoed(self, arguments):
        tools = [make_tool(schema=SCHEMA)]
        assert fires(
            invalid_tool_input, make_tool_use(arguments=arguments), tools=tools
        )

    @pytest.mark.parametrize("arguments", ['{"city": "Oslo"', "", 7, []])
    def test_an_input_that_is_no_object_is_vetoed_for_every_tool(self, arguments):
        for call in (
            make_tool_use(arguments=arguments),
            make_tool_use("bash", arguments=arguments),
        ):
            assert fires(invalid_tool_input, call, tools=[make_tool(), *BUILT_IN])

    def test_an_input_is_vetoed_when_it_is_missing(self):
        call = {"type": "tool_use", "id": "t", "name": "get_weather"}
        assert fires(invalid_tool_input, call, tools=[make_tool()])

    def test_one_invalid_call_among_valid_ones_is_enough(self):
        good, bad = make_tool_use(arguments={"city": "Oslo"}), make_tool_use()
        assert fires(invalid_tool_input, good, bad, tools=[make_tool(schema=SCHEMA)])

    @pytest.mark.parametrize(
        "arguments", [{"city": "Осло"}, {"city": "", "days": 2}, {"city": "x" * 99_999}]
    )
    def test_an_input_of_the_schema_is_valid(self, arguments):
        tools = [make_tool(schema=SCHEMA)]
        call = make_tool_use(arguments=arguments)
        assert not fires(invalid_tool_input, call, tools=tools)

    def test_a_built_in_tool_has_no_schema(self):
        call = make_tool_use("bash", {"restart": True})
        assert not fires(invalid_tool_input, call, tools=BUILT_IN)

    def test_a_name_declared_twice_promises_nothing(self):
        tools = [make_tool(schema=SCHEMA), make_tool()]
        assert not fires(invalid_tool_input, make_tool_use(), tools=tools)

    @pytest.mark.parametrize("tools", ["all", [7], [{"name": ["x"]}], [{}]])
    def test_nothing_is_claimed_about_tools_of_an_odd_shape(self, tools):
        assert not fires(invalid_tool_input, make_tool_use(), tools=tools)


class TestForcedTool:
    FORCED = {"type": "tool", "name": "get_weather"}

    def test_a_demanded_call_that_is_missing_is_vetoed(self):
        assert fires(forced_tool_not_called, tool_choice={"type": "any"})
        assert fires(forced_tool_not_called, tool_choice=self.FORCED)

    def test_another_tool_than_demanded_is_vetoed(self):
        call = make_tool_use("get_time")
        assert fires(forced_tool_not_called, call, tool_choice=self.FORCED)
        assert not fires(forced_tool_not_called, call, tool_choice={"type": "any"})

    def test_a_demanded_call_satisfies(self):
        assert not fires(
            forced_tool_not_called, make_tool_use(), tool_choice=self.FORCED
        )

    def test_a_tool_the_server_runs_satisfies_too(self):
        call = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        assert not fires(forced_tool_not_called, call, tool_choice={"type": "any"})

    @pytest.mark.parametrize(
        "choice", [None, {"type": "auto"}, {"type": "none"}, "any", 7, {}]
    )
    def test_without_a_demand_text_alone_is_fine(self, choice):
        assert not fires(forced_tool_not_called, tool_choice=choice)


CALL = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'


def says(text, **fields):
    fields = {"tools": [make_tool()], **fields}
    return tool_call_in_text(make_request(**fields), make_completion(text))


class TestToolCallInText:
    @pytest.mark.parametrize(
        "text",
        [
            CALL,
            f"```json\n{CALL}\n```",
            f"<tool_call>\n{CALL}\n</tool_call>",
            f"[TOOL_CALLS] [{CALL}]",
            f"<|python_tag|>{CALL}",
            '{"name": "get_weather", "parameters": {}}',
            '{"function": {"name": "get_weather", "arguments": "{}"}}',
        ],
    )
    def test_a_call_that_is_all_of_the_answer_is_vetoed(self, text):
        assert says(text)

    @pytest.mark.parametrize(
        "text",
        [
            f"An example: {CALL}",
            '{"name": "get_weather"}',
            '{"name": "another", "arguments": {}}',
            '{"name": "get_weather", "arguments": ',
            "get_weather",
            "[]",
        ],
    )
    def test_anything_else_is_text(self, text):
        assert not says(text)

    def test_without_tools_it_is_an_answer(self):
        assert not says(CALL, tools=[])

    def test_beside_a_real_call_it_is_text(self):
        assert not fires(tool_call_in_text, make_tool_use(), tools=[make_tool()])
