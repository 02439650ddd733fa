import pytest
from jsonschema import validate

from routing.simulator.dice import Dice
from routing.simulator.tools import call, wanted_tools
from routing.simulator.values import Tool
from tests.routing.simulator.builders import BASH, WEATHER, ask_for

READ = {
    "name": "Read",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}},
        "required": ["file_path"],
    },
}
TASK = {"name": "Task", "input_schema": {"type": "object"}}
ALL = [TASK, WEATHER, BASH, READ]


def names(prompt, tools=ALL, **fields):
    return [tool.name for tool in wanted_tools(ask_for(prompt, tools=tools, **fields))]


def input_of(prompt, schema):
    tool = Tool(name=schema["name"], schema=schema["input_schema"])
    ask = ask_for(prompt, tools=[schema])
    return call(tool, ask, Dice(ask.digest, "test")).input


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Use the Bash tool to run: echo hello", ["Bash"]),
        ("use the bash tool", ["Bash"]),
        ("What does bashful mean?", []),
        ("Ask get_weather, then Bash", ["get_weather", "Bash"]),
        ("run: ls", ["Bash"]),
        ("read /etc/hosts", ["Read"]),
        ("read a book to me", []),
        ("Use some tool", ["get_weather"]),
        ("What is the weather?", []),
        ("Use the Task tool", ["get_weather"]),
    ],
)
def test_calls_the_tool_the_prompt_suggests(prompt, expected):
    assert names(prompt) == expected


def test_one_call_when_parallel_calls_are_off():
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert names("get_weather and Bash", tool_choice=choice) == ["get_weather"]


def test_a_forced_choice_is_obeyed():
    assert names("Say hi", tool_choice={"type": "tool", "name": "Read"}) == ["Read"]
    assert names("Say hi", tool_choice={"type": "any"}) == ["get_weather"]
    assert names("Say hi", [TASK], tool_choice={"type": "any"}) == ["Task"]


def test_no_tool_when_the_choice_is_none():
    assert names("Use the Bash tool", tool_choice={"type": "none"}) == []


def test_no_tool_right_after_a_result():
    result = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}
    text = {"type": "text", "text": "Use the Bash tool"}
    messages = [{"role": "user", "content": [result, text]}]
    assert names("", messages=messages) == []


def test_input_satisfies_the_schema():
    validate(input_of("get_weather", WEATHER), WEATHER["input_schema"])


@pytest.mark.parametrize(
    ("prompt", "command"),
    [
        ("Use the Bash tool to run: echo hello", "echo hello"),
        ("run `ls -l` please", "ls -l"),
        ("use Bash", "echo simulated"),
    ],
)
def test_runs_the_command_of_the_prompt_or_a_harmless_one(prompt, command):
    value = input_of(prompt, BASH)
    assert value["command"] == command
    assert value["description"]


def test_reads_the_path_of_the_prompt():
    assert input_of("Please read /srv/notes.txt.", READ) == {
        "file_path": "/srv/notes.txt"
    }


def test_a_command_with_fixed_values_keeps_to_them():
    schema = {"properties": {"command": {"enum": ["view"]}}, "required": ["command"]}
    tool = {"name": "editor", "input_schema": {"type": "object", **schema}}
    assert input_of("run: ls", tool) == {"command": "view"}
