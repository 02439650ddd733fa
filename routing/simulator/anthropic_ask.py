"""Reading requests of the Messages API.

Unknown fields are no error; only what the API itself refuses is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from routing.simulator.models import tier_of
from routing.simulator.prompt_blocks import prompt_blocks
from routing.simulator.prompts import (
    checked_model,
    digest_of,
    invalid,
    last_prompt,
    parts_of,
    strings_of,
    text_of,
)
from routing.simulator.values import Ask, Request, Tool, ToolChoice

VERSIONS = ("2023-06-01", "2026-10-21")
_SAMPLING = ("temperature", "top_p", "top_k")
_ROLES = ("user", "assistant", "system")


def check_request(request: Request, fields: Mapping[str, Any]) -> None:
    """Refuse what the API refuses before it looks at the prompt.

    Raises:
        Rejected: no known version, or sampling parameters where they are gone.
    """
    version = request.header("anthropic-version")
    if not version:
        raise invalid("anthropic-version: header is required")
    if version not in VERSIONS:
        raise invalid(f'anthropic-version: "{version}" is not a valid version')
    sampling = [name for name in _SAMPLING if name in fields]
    if sampling and version == VERSIONS[1]:
        raise invalid(f"{sampling[0]}: Extra inputs are not permitted")


def read_ask(fields: Mapping[str, Any], seed: int, *, counting: bool = False) -> Ask:
    """Return what the body asks for; `counting` needs no `max_tokens`.

    Raises:
        Rejected: the body lacks what the API needs.
    """
    model = checked_model(fields)
    messages = fields["messages"]
    if not all(message["role"] in _ROLES for message in messages):
        raise invalid("messages: role must be user, assistant or system")
    limit = fields.get("max_tokens")
    if not counting and (type(limit) is not int or limit < 0):
        raise invalid("max_tokens: Field required, a number not below 0")
    tools = _tools(fields.get("tools"))
    return Ask(
        model=model,
        tier=tier_of(model),
        prompt=last_prompt(messages),
        digest=digest_of(fields, seed),
        stream=fields.get("stream") is True,
        max_tokens=limit,
        tools=tools,
        choice=_choice(fields.get("tool_choice"), tools),
        tool_result=_tool_result(messages),
        schema=_schema(fields),
        show_thinking=_shows_thinking(fields.get("thinking")),
        stop_sequences=strings_of(fields.get("stop_sequences")),
        blocks=tuple(prompt_blocks(fields)),
        fields=fields,
    )


def _tools(value: Any) -> tuple[Tool, ...]:
    """Return the tools with a schema; those that a server runs have none."""
    listed = value if isinstance(value, list) else []
    return tuple(
        Tool(name=tool["name"], schema=tool["input_schema"])
        for tool in listed
        if isinstance(tool, dict)
        and isinstance(tool.get("name"), str)
        and isinstance(tool.get("input_schema"), dict)
    )


def _choice(value: Any, tools: Sequence[Tool]) -> ToolChoice:
    if not isinstance(value, dict):
        return ToolChoice()
    kind, name = value.get("type", "auto"), value.get("name", "")
    if kind not in ("auto", "any", "tool", "none"):
        raise invalid("tool_choice.type: must be auto, any, tool or none")
    if kind == "tool" and name not in {tool.name for tool in tools}:
        raise invalid(f"tool_choice.name: Tool '{name}' not found in provided tools")
    parallel = not value.get("disable_parallel_tool_use")
    return ToolChoice(kind=kind, name=name, parallel=parallel)


def _tool_result(messages: Sequence[Mapping[str, Any]]) -> str | None:
    turns = [message for message in messages if message["role"] != "system"]
    results = parts_of(turns[-1].get("content"), "tool_result") if turns else []
    return text_of(results[-1].get("content", "")) if results else None


def _schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    config = fields.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    schema = form.get("schema") if isinstance(form, dict) else None
    return schema if isinstance(schema, dict) else None


def _shows_thinking(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    enabled = value.get("type") in ("enabled", "adaptive")
    return enabled and value.get("display") != "omitted"
