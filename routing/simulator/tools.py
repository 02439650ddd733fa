"""Which tools an answer calls, and with what input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from routing.simulator.dice import Dice
from routing.simulator.schemas import example, properties_of
from routing.simulator.values import Ask, Tool, ToolUse

# A stand-in that starts subagents on its own would start them again in each of them.
SUBAGENT_TOOLS = frozenset({"Agent", "Task"})
MAX_PARALLEL = 3
_COMMAND = re.compile(
    r"\brun(?P<colon>:)?\s+(?P<what>`[^`\n]+`|\S[^\n]*)", re.IGNORECASE
)
_PATH = re.compile(r"\bread:?\s+(?:the file\s+)?(?P<what>`[^`\n]+`|\S+)", re.IGNORECASE)
_PATH_NAMES = ("file_path", "path", "filename")


def wanted_tools(ask: Ask) -> list[Tool]:
    """Return the tools to call, in order; empty when the answer is text.

    A forced choice is obeyed. Left free, a tool is called when the prompt names it,
    has the form `run: COMMAND` or `read /PATH` that fits one, or says "tool"; never
    right after a tool's result.
    """
    match ask.choice.kind:
        case "none":
            return []
        case "tool":
            return [tool for tool in ask.tools if tool.name == ask.choice.name][:1]
        case "any":
            return _suiting(ask) or _free(ask.tools)[:1] or list(ask.tools[:1])
        case "auto":
            return [] if ask.tool_result is not None else _volunteered(ask)


def call(tool: Tool, ask: Ask, dice: Dice) -> ToolUse:
    """Return a call of `tool` whose input satisfies its schema."""
    value = _input_for(tool, ask.prompt)
    return tool_use(dice, tool.name, value)


def tool_use(dice: Dice, name: str, value: dict[str, Any]) -> ToolUse:
    """Return a call of the tool `name` with a fresh id."""
    return ToolUse(
        id=f"toolu_{dice.word(24)}",
        name=name,
        input=value,
        input_json=msgspec.json.encode(value).decode(),
    )


def _free(tools: Sequence[Tool]) -> list[Tool]:
    return [tool for tool in tools if tool.name not in SUBAGENT_TOOLS]


def _volunteered(ask: Ask) -> list[Tool]:
    suiting = _suiting(ask)
    if suiting or not re.search(r"\btools?\b", ask.prompt, re.IGNORECASE):
        return suiting
    return _free(ask.tools)[:1]


def _suiting(ask: Ask) -> list[Tool]:
    free = _free(ask.tools)
    named = [tool for tool in free if _names(ask.prompt, tool.name)]
    found = named or _fitting(ask.prompt, free)
    return found[: MAX_PARALLEL if ask.choice.parallel else 1]


def _names(prompt: str, name: str) -> bool:
    """Whether the prompt names the tool: "Bash" or "the bash tool", not "bashful"."""
    word = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
    if re.search(word, prompt):
        return True
    return re.search(rf"{word}\s+tool\b", prompt, re.IGNORECASE) is not None


def _fitting(prompt: str, tools: Sequence[Tool]) -> list[Tool]:
    command, path = _COMMAND.search(prompt), _PATH.search(prompt)
    if command and command["colon"]:
        return [tool for tool in tools if _takes_text(tool, "command")][:1]
    if path and path["what"].strip("`").startswith("/"):
        return [tool for tool in tools if _path_name(tool) is not None][:1]
    return []


def _takes_text(tool: Tool, name: str) -> bool:
    """Whether the property is free text: a `command` may also be a choice of verbs."""
    part = properties_of(tool.schema).get(name)
    return (
        isinstance(part, Mapping)
        and part.get("type") == "string"
        and not (part.keys() & {"enum", "const", "pattern"})
    )


def _path_name(tool: Tool) -> str | None:
    return next((name for name in _PATH_NAMES if _takes_text(tool, name)), None)


def _input_for(tool: Tool, prompt: str) -> dict[str, Any]:
    value = example(tool.schema)
    value = dict(value) if isinstance(value, dict) else {}
    if _takes_text(tool, "command"):
        # The fallback is run by real clients: it must do nothing.
        value["command"] = _asked_for(_COMMAND, prompt) or "echo simulated"
        if _takes_text(tool, "description"):
            value["description"] = "Run a command for the simulator"
    if (path := _path_name(tool)) is not None:
        value[path] = _asked_for(_PATH, prompt).rstrip(".,;:") or "/tmp/simulated.txt"  # noqa: S108 - a name, never opened here
    return value


def _asked_for(pattern: re.Pattern[str], prompt: str) -> str:
    found = pattern.search(prompt)
    return found["what"].strip().strip("`") if found else ""
