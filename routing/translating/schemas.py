"""Tools, their choice and structured output between the two APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.quirks import Quirks
from routing.translating.values import (
    CannotBeSaid,
    Json,
    all_objects,
    mapping,
    objects,
    string,
)

# Chat Completions wants a name for the schema of an answer; nobody reads it.
FORMAT_NAME = "answer"
NO_ARGUMENTS: Json = {"type": "object", "properties": {}}
_CHOICE_TO_CHAT = {"auto": "auto", "any": "required", "none": "none"}
_CHOICE_TO_MESSAGES = {"auto": "auto", "required": "any", "none": "none"}


def chat_tools(tools: Any, quirks: Quirks) -> list[Json]:
    """Return declared tools as functions. Raises CannotBeSaid for a provider's own."""
    return [_function(tool, quirks) for tool in objects(tools)]


def _function(tool: Json, quirks: Quirks) -> Json:
    if tool.get("type") not in (None, "custom"):
        raise CannotBeSaid(
            f"tools: this model's provider has no tool {tool.get('type')}."
        )
    function: Json = {"name": tool.get("name")}
    if "description" in tool:
        function["description"] = tool["description"]
    function["parameters"] = tool.get("input_schema") or NO_ARGUMENTS
    if tool.get("strict") is True and quirks.strict_tools:
        function["strict"] = True
    return {"type": "function", "function": function}


def chat_tool_choice(choice: Any, quirks: Quirks) -> Json:
    """Return the parameters a `tool_choice` of the Messages API comes to."""
    said = mapping(choice)
    kind = string(said.get("type"))
    told: Json = {}
    if kind == "tool":
        name = {"name": said.get("name")}
        told["tool_choice"] = {"type": "function", "function": name}
    elif kind in _CHOICE_TO_CHAT:
        told["tool_choice"] = _CHOICE_TO_CHAT[kind]
    parallel = said.get("disable_parallel_tool_use")
    if isinstance(parallel, bool) and quirks.parallel_tool_calls:
        told["parallel_tool_calls"] = not parallel
    return told


def chat_format(fields: Mapping[str, Any], quirks: Quirks) -> Json:
    """Return the parameters that ask for an answer by a schema; {} when none is asked.

    Raises CannotBeSaid when the provider knows no schemas.
    """
    asked = mapping(mapping(fields, "output_config"), "format")
    asked = asked or mapping(fields, "output_format")
    if not asked:
        return {}
    if asked.get("type") != "json_schema" or not quirks.json_schema:
        raise CannotBeSaid("output_config.format: this model's provider has no such.")
    schema = asked.get("schema")
    wrapped = {"name": FORMAT_NAME, "schema": schema, "strict": is_strict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": wrapped}}


def is_strict(schema: Any) -> bool:
    """Whether a schema is one that strict structured output takes, everywhere in it.

    Source: OpenAI documentation, "Structured outputs", supported schemas: every object
    closed, every property required.
    """
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            if not _is_closed(part):
                return False
            waiting.extend(part.values())
    return True


def _is_closed(schema: Json) -> bool:
    if schema.get("type") != "object":
        return True
    named, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(named, dict) or not isinstance(required, list):
        return False
    return schema.get("additionalProperties") is False and named.keys() <= set(
        map(str, required)
    )


def message_tools(tools: Any) -> list[Json]:
    """Return functions as tools of the Messages API. Raises CannotBeSaid for others."""
    return [_tool(tool) for tool in all_objects(tools, "tools")]


def _tool(tool: Json) -> Json:
    function = mapping(tool, "function")
    if tool.get("type") != "function":
        kind = string(tool.get("type")) or "no type"
        raise CannotBeSaid(f"tools: this model takes functions, not {kind}.")
    told: Json = {"name": function.get("name")}
    if "description" in function:
        told["description"] = function["description"]
    told["input_schema"] = function.get("parameters") or NO_ARGUMENTS
    if function.get("strict") is True:
        told["strict"] = True
    return told


def message_tool_choice(fields: Mapping[str, Any]) -> Json:
    """Return the `tool_choice` that Chat Completions parameters come to; {} for none.

    Raises CannotBeSaid.
    """
    said, parallel = fields.get("tool_choice"), fields.get("parallel_tool_calls")
    choice: Json = {}
    if said is not None:
        choice = _choice(said)
    if isinstance(parallel, bool) and choice.get("type") != "none":
        choice = {"type": "auto", **choice}
        choice["disable_parallel_tool_use"] = not parallel
    return choice


def _choice(said: Any) -> Json:
    if isinstance(said, str) and said in _CHOICE_TO_MESSAGES:
        return {"type": _CHOICE_TO_MESSAGES[said]}
    name = string(mapping(said, "function").get("name"))
    if mapping(said).get("type") != "function" or not name:
        raise CannotBeSaid("tool_choice: this model takes no such choice.")
    return {"type": "tool", "name": name}


def message_format(fields: Mapping[str, Any]) -> Json | None:
    """Return the `format` that a `response_format` comes to; None when it is text.

    Raises CannotBeSaid for JSON without a schema, which the Messages API has not.
    """
    said = fields.get("response_format")
    asked = mapping(said)
    if said is None or asked.get("type") == "text":
        return None
    schema = mapping(asked, "json_schema").get("schema")
    if asked.get("type") != "json_schema" or not isinstance(schema, dict):
        raise CannotBeSaid("response_format: this model needs a json_schema.")
    return {"type": "json_schema", "schema": schema}
