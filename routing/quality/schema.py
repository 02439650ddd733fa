"""Does a value certainly violate a JSON Schema? Bounded in time, never remote.

A client's schema is a program of unknown cost, so only a plain part of it is run. What
is left out (`pattern`, `format`, `not`, `if`, remote references, ...) can only make the
answer milder: no violation is ever made up by leaving something out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]

# Bounds on the work for one value; past them nothing is claimed.
_MAX_SCHEMA_NODES = 1_000
_MAX_SCHEMA_DEPTH = 16
_MAX_REFERENCE = 512
_MAX_CHECKS = 100_000
_CHARACTERS_PER_CHECK = 100

_TYPES = frozenset(
    {"array", "boolean", "integer", "null", "number", "object", "string"}
)
_COUNTS = (
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
)
_LIMITS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum")


def certainly_violates(instance: Any, schema: Any) -> bool:
    """Return whether `instance` breaks `schema`; False whenever that is not certain.

    `instance` is parsed JSON. An ill-formed keyword promises nothing and is skipped.
    """
    plain = _Plain(schema)
    rules = plain.schema(schema)
    if rules == {} or plain.nodes * _size(instance) > _MAX_CHECKS:
        return False
    return not Draft202012Validator(rules).is_valid(instance)


class _Plain:
    """Writes a schema anew with only what is certain, finite and well-formed.

    Local references are written out, so that the result refers to nothing and running
    it costs at most its size times the size of the value.
    """

    def __init__(self, root: Any) -> None:
        self.nodes = 0
        self._root = root

    def schema(self, schema: Any, depth: int = 0) -> Any:
        """Return the plain part of `schema`; {} (all is valid) past the bounds."""
        self.nodes += 1
        if schema is False:
            return False
        too_much = depth > _MAX_SCHEMA_DEPTH or self.nodes > _MAX_SCHEMA_NODES
        if not isinstance(schema, dict) or too_much:
            return {}
        if "$ref" in schema:  # what stands beside it counts in some drafts only
            return self.schema(_local(self._root, schema["$ref"]), depth + 1)
        plain = _assertions(schema)
        self.nodes += len(plain.get("enum", ())) + len(plain.get("required", ()))
        for part in (self._object, self._array, self._choices):
            plain |= part(schema, depth + 1)
        return plain

    def _object(self, schema: Json, depth: int) -> Json:
        plain: Json = {}
        properties = schema.get("properties")
        if isinstance(properties, dict):
            plain["properties"] = {
                name: self.schema(value, depth) for name, value in properties.items()
            }
        # Which names are additional depends on patterns, and those are not run.
        if "additionalProperties" in schema and "patternProperties" not in schema:
            rest = schema["additionalProperties"]
            plain["additionalProperties"] = self.schema(rest, depth)
        return plain

    def _array(self, schema: Json, depth: int) -> Json:
        plain: Json = {}
        if isinstance(schema.get("prefixItems"), list):
            first = [self.schema(value, depth) for value in schema["prefixItems"]]
            plain["prefixItems"] = first or [{}]
        # A list here is the tuple form of older drafts, with other rules.
        if isinstance(schema.get("items"), dict | bool):
            plain["items"] = self.schema(schema["items"], depth)
        return plain

    def _choices(self, schema: Json, depth: int) -> Json:
        """Combine `allOf`, `anyOf` and `oneOf` into one `allOf`.

        `oneOf` is read as `anyOf`: with keywords left out, two may seem to match.
        """
        parts: list[Any] = []
        if isinstance(schema.get("allOf"), list):
            parts += [self.schema(value, depth) for value in schema["allOf"]]
        for keyword in ("anyOf", "oneOf"):
            choices = schema.get(keyword)
            if isinstance(choices, list) and choices:
                plain = [self.schema(value, depth) for value in choices]
                parts.append({"anyOf": plain})
        return {"allOf": parts} if parts else {}


def _assertions(schema: Json) -> Json:
    """The keywords that need no other schema, where they are well-formed."""
    plain = {
        keyword: schema[keyword]
        for keyword, well_formed in _WELL_FORMED.items()
        if keyword in schema and well_formed(schema[keyword])
    }
    if schema.get("nullable") is True:  # OpenAPI's way to allow null
        plain.pop("type", None)
        plain.pop("enum", None)
    return plain


def _local(root: Any, reference: Any) -> Any:
    """What a reference within the schema points at; None when it points elsewhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    if len(reference) > _MAX_REFERENCE:
        return None
    found = root
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found if reference == "#" or "/" in reference else None


def _size(instance: Any) -> int:
    """How many values there are in `instance`, long strings counted as several.

    jsonschema writes the value into the text of every error, thrown away or not.
    """
    size, waiting = 0, [instance]
    while waiting and size <= _MAX_CHECKS:
        value = waiting.pop()
        size += 1
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            size += len(value) // _CHARACTERS_PER_CHECK
    return size


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(
        isinstance(name, str) and name in _TYPES for name in names
    )


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_scalars(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_scalar, value))


_WELL_FORMED: dict[str, Callable[[Any], bool]] = {
    "type": _is_type,
    "enum": _is_scalars,
    "const": _is_scalar,
    "required": _is_names,
    **dict.fromkeys(_COUNTS, _is_count),
    **dict.fromkeys(_LIMITS, _is_number),
}
