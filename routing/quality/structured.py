"""The veto on declared structured output."""

from __future__ import annotations

from typing import Any

import msgspec

from routing.quality.schema import certainly_violates
from routing.request_parts import value
from routing.types import ChatRequest, Completion


def invalid_structured_output(request: ChatRequest, draft: Completion) -> bool:
    """Return whether the text is not JSON of the schema the request declared.

    A draft that calls a tool is not at its final text yet. Of several text blocks the
    last may be the answer and the others an introduction.
    """
    schema = _declared_schema(request)
    if schema is None or draft.tool_uses:
        return False
    texts = [block.get("text") for block in draft.blocks if block.get("type") == "text"]
    candidates = [draft.text, *texts[-1:]]
    return not any(_may_satisfy(text, schema) for text in candidates)


def _declared_schema(request: ChatRequest) -> dict[str, Any] | None:
    config = value(request, "output_config")
    declared = config.get("format") if isinstance(config, dict) else None
    declared = declared or value(request, "output_format")
    if not isinstance(declared, dict) or declared.get("type") != "json_schema":
        return None
    schema = declared.get("schema")
    return schema if isinstance(schema, dict) else {}


def _may_satisfy(text: Any, schema: dict[str, Any]) -> bool:
    try:
        instance = msgspec.json.decode(text)
    except msgspec.ValidationError:  # a number we cannot hold is still JSON
        return True
    except (TypeError, ValueError):
        return False
    except RecursionError:
        return True
    return not certainly_violates(instance, schema)
