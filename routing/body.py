"""The request body as bytes: look at its top-level fields, splice their values.

Re-encoding a body would drop white space and duplicate keys and so break prompt caches
and thinking signatures; every byte we do not mean to change stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from routing.errors import InvalidRequest

Fields = Mapping[str, msgspec.Raw]
# New JSON by name of a top-level value; None removes it.
Changes = Mapping[str, bytes | None]
# Bytes from a start up to an end, and what stands in their place.
Edit = tuple[int, int, bytes]

# In a WSGI environment: the body is chunked, CONTENT_LENGTH only bounds it.
LENGTH_UNKNOWN = "cascadeproxy.length_unknown"

# Far more than any field has; matching a key costs memory by its length.
MAX_KEY_CHARS = 256
# Far more than the API has fields; each costs time of everybody's worker.
MAX_KEYS = 1000


class MalformedBody(OSError):
    """Chunks that are none. Django takes an OSError for a fault of the client."""


_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:\s*')
_GAP = re.compile(rb"\s*")


def look(body: bytes) -> Fields:
    """Return the raw JSON of each top-level value, in order.

    Cost: one pass without building values, 0.07 ms at 165 KB. Raises InvalidRequest
    when the body is not a JSON object in UTF-8.
    """
    try:
        body.decode()
        return _DECODER.decode(body)
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"The body is not valid UTF-8 at byte {error.start}."
        ) from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except msgspec.ValidationError:
        raise InvalidRequest("The body must be a JSON object.") from None
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None


def span_of(body: bytes, fields: Fields, name: str) -> tuple[int, int]:
    """Return where the top-level value of `name` begins and ends in `body`, in bytes.

    `fields` is what `look` returned for this body and holds `name`. Raises
    InvalidRequest for a duplicate top-level key up to there or beyond: which of two
    values counts differs between parsers, and a router must not guess.
    """
    found = (-1, -1)
    for key, _, start, end in _members(body, fields):
        if key == name:
            found = (start, end)
    return found


def edits_for(body: bytes, fields: Fields, changes: Changes) -> list[Edit]:
    """Return what gives top-level values their new JSON, in order, none overlapping.

    A value that is not there is added at the end. One value of `fields` at least must
    stay. Raises InvalidRequest as `span_of` does.
    """
    members = list(_members(body, fields))
    edits: list[Edit] = []
    one_stays = False
    for at, (key, key_start, start, end) in enumerate(members):
        new = changes.get(key)
        removed = key in changes and new is None
        if removed and one_stays:
            edits.append((members[at - 1][3], end, b""))
        elif removed:
            edits.append((key_start, members[at + 1][1], b""))
        elif new is not None:
            edits.append((start, end, new))
        one_stays = one_stays or not removed
    return edits + _additions(members[-1][3], fields, changes)


def edited(body: bytes, edits: Sequence[Edit]) -> bytes:
    """Return `body` with `edits` made; every other byte stays."""
    parts, position = [], 0
    for start, end, new in edits:
        parts += [body[position:start], new]
        position = end
    return b"".join([*parts, body[position:]])


def moved(span: tuple[int, int], edits: Sequence[Edit]) -> tuple[int, int]:
    """Return where a span that no edit touches lies once `edits` are made."""
    before = (edit for edit in edits if edit[1] <= span[0])
    shift = sum(len(new) - (end - start) for start, end, new in before)
    return span[0] + shift, span[1] + shift


def _additions(end: int, fields: Fields, changes: Changes) -> list[Edit]:
    return [
        (end, end, b"," + msgspec.json.encode(name) + b":" + new)
        for name, new in changes.items()
        if new is not None and name not in fields
    ]


def _members(body: bytes, fields: Fields) -> Iterator[tuple[str, int, int, int]]:
    """Yield each key, where it begins, and where its value begins and ends.

    Raises InvalidRequest, at the latest after the last, when a key stands there twice.
    """
    if len(fields) > MAX_KEYS:
        raise InvalidRequest("The body has too many top-level keys.")
    if any(len(key) > MAX_KEY_CHARS for key in fields):
        raise InvalidRequest("The body has a top-level key that is too long.")
    position = body.index(b"{") + 1
    for key, raw in fields.items():
        match = _KEY.match(body, position)
        start = match.end() if match else -1
        value = bytes(raw)
        if not match or _text(match[1]) != key or not body.startswith(value, start):
            raise _duplicate_key()
        end = start + len(value)
        yield key, match.start(1), start, end
        position = _after(body, end)
    if body[position - 1 : position] != b"}":
        raise _duplicate_key()


def _after(body: bytes, position: int) -> int:
    gap = _GAP.match(body, position)
    return (gap.end() if gap else position) + 1


def _text(key: bytes) -> str:
    return msgspec.json.decode(key, type=str)


def _duplicate_key() -> InvalidRequest:
    return InvalidRequest("The body has a top-level key twice.")
