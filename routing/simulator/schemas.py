"""Small values that satisfy a JSON schema, and values that just do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
MAX_DEPTH = 12
MAX_ITEMS = 50
MAX_CHARS = 2000
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "hostname": "example.com",
}
# Tried in turn against a `pattern`: short, so that no pattern can take long over them.
_PATTERN_TRIES = ("simulated", "a", "A", "1", "0", "abc", "ABC", "a1", "123", "1.0.0")


def example(schema: Any, *, root: Schema | None = None, depth: int = 0) -> Any:
    """Return a small value that satisfies `schema`: required properties only.

    Follows local `$ref`s. A pattern or a contradiction it cannot solve, or nesting
    beyond MAX_DEPTH, gives a value that may not satisfy it.
    """
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return "simulated"
    root = schema if root is None else root
    schema = _resolved(schema, root, depth)
    fixed = [schema[keyword] for keyword in ("const", "default") if keyword in schema]
    allowed = schema.get("enum")
    fixed += allowed if isinstance(allowed, list) else []
    if fixed:
        return fixed[0]
    return _of_type(schema, root, depth)


def properties_of(schema: Schema) -> Mapping[str, Any]:
    """Return the properties an object schema names; none when it names none."""
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def violate(value: Mapping[str, Any], schema: Schema) -> dict[str, Any] | None:
    """Return `value` changed so that it breaks `schema`; None when it cannot be.

    Prefers what small models do: leave out a required property, then a wrong type.
    """
    required = [n for n in _strings(schema.get("required")) if n in value]
    if required:
        return {name: item for name, item in value.items() if name != required[0]}
    for name, part in properties_of(schema).items():
        if isinstance(part, Mapping) and isinstance(part.get("type"), str):
            wrong = "wrong type" if part["type"] == "object" else {"wrong": "type"}
            return {**value, name: wrong}
    if schema.get("additionalProperties") is False:
        return {**value, "unexpected": True}
    return None


def _resolved(schema: Schema, root: Schema, depth: int) -> Schema:
    """Return `schema` with its reference followed and its alternatives merged in."""
    if depth > MAX_DEPTH:
        return {}
    if isinstance(schema.get("$ref"), str):
        return _resolved(_referenced(schema["$ref"], root), root, depth + 1)
    merged = dict(schema)
    choices = [*_parts(schema, "anyOf"), *_parts(schema, "oneOf")]
    for part in [*_parts(schema, "allOf"), *choices[:1]]:
        merged = _merged(merged, _resolved(part, root, depth + 1))
    return merged


def _parts(schema: Schema, keyword: str) -> list[Schema]:
    listed = schema.get(keyword)
    listed = listed if isinstance(listed, list) else []
    return [part for part in listed if isinstance(part, Mapping)]


def _merged(left: Schema, right: Schema) -> dict[str, Any]:
    both = {**left, **right}
    if left.get("properties") and right.get("properties"):
        both["properties"] = {**left["properties"], **right["properties"]}
    if left.get("required") and right.get("required"):
        both["required"] = [*left["required"], *right["required"]]
    return both


def _referenced(reference: str, root: Schema) -> Schema:
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) and name else found
    return found if isinstance(found, Mapping) else {}


def _type_of(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list) and kind:
        kind = kind[0]
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _of_type(schema: Schema, root: Schema, depth: int) -> Any:
    kind = _type_of(schema)
    if kind == "object":
        return _object(schema, root, depth)
    if kind == "array":
        return _array(schema, root, depth)
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    return {"boolean": True, "null": None}.get(kind, _string(schema))


def _object(schema: Schema, root: Schema, depth: int) -> dict[str, Any]:
    properties = properties_of(schema)
    return {
        name: example(properties.get(name, {}), root=root, depth=depth + 1)
        for name in dict.fromkeys(_strings(schema.get("required")))
    }


def _array(schema: Schema, root: Schema, depth: int) -> list[Any]:
    parts = schema.get("prefixItems")
    parts = list(parts) if isinstance(parts, list) else []
    wanted = min(_count(schema, "minItems", 0), MAX_ITEMS)
    parts += [schema.get("items", {})] * (wanted - len(parts))
    return [example(part, root=root, depth=depth + 1) for part in parts]


def _number(schema: Schema, *, whole: bool) -> int | float:
    """Return the least number allowed, or the greatest up to 1 without a minimum."""
    step = _numeric(schema, "multipleOf") or (1 if whole else 0.5)
    low, above = _numeric(schema, "minimum"), _numeric(schema, "exclusiveMinimum")
    high, below = _numeric(schema, "maximum"), _numeric(schema, "exclusiveMaximum")
    floors = [low, None if above is None else above + step / 2]
    ceilings = [1, high, None if below is None else below - step / 2]
    if low is None and above is None:
        # Whole steps downwards from the lowest ceiling.
        value = min(c for c in ceilings if c is not None) // step * step
    else:
        value = -(-max(f for f in floors if f is not None) // step) * step
    return int(value) if whole else value


def _string(schema: Schema) -> str:
    text = _FORMATS.get(str(schema.get("format")), "simulated")
    if isinstance(schema.get("pattern"), str):
        text = _matching(schema["pattern"])
    shortest = min(_count(schema, "minLength", 0), MAX_CHARS)
    text += "x" * (shortest - len(text))
    return text[: _count(schema, "maxLength", MAX_CHARS)]


def _matching(pattern: str) -> str:
    try:
        found = [text for text in _PATTERN_TRIES if re.search(pattern, text)]
    except re.error:
        found = []
    return found[0] if found else _PATTERN_TRIES[0]


def _strings(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else []
    return [item for item in listed if isinstance(item, str)]


def _count(schema: Schema, keyword: str, fallback: int) -> int:
    value = schema.get(keyword)
    return value if isinstance(value, int) and value >= 0 else fallback


def _numeric(schema: Schema, keyword: str) -> int | float | None:
    value = schema.get(keyword)
    return value if isinstance(value, int | float) else None
