"""Reading parsed JSON of which nothing is certain: what is odd reads as absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from routing.errors import InvalidRequest

Json = dict[str, Any]

# One is the other's newer name, and servers differ in which they go by.
LIMITS = ("max_completion_tokens", "max_tokens")
# What both APIs have by the same name and meaning.
SAMPLING = ("temperature", "top_p")


class _Object(msgspec.Struct, gc=False, frozen=True):
    """An object that is only looked at."""


_OBJECTS = msgspec.json.Decoder(_Object)
_EMPTY = msgspec.Raw(b"{}")


class CannotBeSaid(InvalidRequest):
    """The request holds something the provider's API has no words for.

    A draft that cannot be asked is a reason to escalate; a verifier that cannot be
    asked is an error of the request's.
    """


def mapping(value: Any, name: str = "") -> Mapping[str, Any]:
    """Return the object `value`, or its member `name`; {} when that is none."""
    if name:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[Json]:
    """Return the objects in a list; none when it is no list."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def all_objects(value: Any, name: str) -> list[Json]:
    """Return the objects in a list; none for null.

    Raises CannotBeSaid, naming `name`, for anything else: it would be lost in silence.
    """
    if value is None:
        return []
    found = objects(value)
    if not isinstance(value, list) or len(found) != len(value):
        raise CannotBeSaid(f"{name}: this model takes a list of objects.")
    return found


def text_in(holder: Any, name: str) -> str:
    """Return the text `name` of an object. Raises CannotBeSaid for anything else."""
    value = mapping(holder).get(name)
    if not isinstance(value, str):
        raise CannotBeSaid(f"messages: {name} must be a text.")
    return value


def string(value: Any) -> str:
    """Return `value` when it is text, else ""."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """Return `value` when it is a count of tokens, else None."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value


def json_text(value: Any) -> str:
    """Return `value` as compact JSON."""
    return msgspec.json.encode(value).decode()


def parsed_object(text: str) -> Any:
    """Return the JSON in a tool call's arguments: {} when empty, `text` when none.

    Text in the place of an object is judged as what it is: no tool input.
    """
    if not text.strip():
        return {}
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text


def raw_object(text: str) -> msgspec.Raw | None:
    """Return the JSON object in a tool call's arguments as it stands; None for no such.

    Nothing of it is built: its values would cost many times their bytes.
    """
    if not text.strip():
        return _EMPTY
    try:
        _OBJECTS.decode(text)
    except (ValueError, RecursionError):
        return None
    return msgspec.Raw(text)


def texts_of(content: Any) -> Iterator[str]:
    """Yield the texts of a content, which is a string or a list of parts."""
    if isinstance(content, str):
        yield content
        return
    for part in objects(content):
        if part.get("type") == "text":
            yield string(part.get("text"))
