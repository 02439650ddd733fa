"""JSON Schema in few words. Objects are open: unknown keys pass through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def text(description: str = "", **more: Any) -> Schema:
    """Return a string."""
    return _typed("string", description, more)


def whole(description: str = "", **more: Any) -> Schema:
    """Return a whole number."""
    return _typed("integer", description, more)


def number(description: str = "", **more: Any) -> Schema:
    """Return a number."""
    return _typed("number", description, more)


def flag(description: str = "") -> Schema:
    """Return a boolean."""
    return _typed("boolean", description, {})


def one_of(*values: str, description: str = "") -> Schema:
    """Return one of some words."""
    return _typed("string", description, {"enum": list(values)})


def listed(items: Schema, description: str = "", **more: Any) -> Schema:
    """Return a list of `items`."""
    return _typed("array", description, {"items": items} | more)


def record(
    fields: Mapping[str, Schema] | None = None,
    *,
    required: tuple[str, ...] = (),
    description: str = "",
) -> Schema:
    """Return an object with at least the `required` ones of `fields`."""
    more: Schema = {"properties": dict(fields)} if fields else {}
    if required:
        more["required"] = list(required)
    return _typed("object", description, more | {"additionalProperties": True})


def either(*schemas: Schema, description: str = "") -> Schema:
    """Return what is any of `schemas`."""
    return {"anyOf": list(schemas)} | (
        {"description": description} if description else {}
    )


def or_null(schema: Schema) -> Schema:
    """Return `schema`, which may be null as well."""
    if "enum" in schema:
        schema = schema | {"enum": [*schema["enum"], None]}
    return schema | {"type": [schema["type"], "null"]}


def named(kind: str, name: str) -> Schema:
    """Return a reference to the component `name`."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _typed(kind: str, description: str, more: Schema) -> Schema:
    told = {"description": description} if description else {}
    return {"type": kind} | told | more
