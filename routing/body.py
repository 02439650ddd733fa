"""The request body as bytes: look at its top-level fields, splice one value.

Re-encoding a body would drop white space and duplicate keys and so break prompt caches
and thinking signatures; every byte we do not mean to change stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from routing.errors import InvalidRequest

Fields = Mapping[str, msgspec.Raw]

# In a WSGI environment: the body is chunked, CONTENT_LENGTH only bounds it.
LENGTH_UNKNOWN = "cascadeproxy.length_unknown"

# Far more than any field has; matching a key costs memory by its length.
MAX_KEY_CHARS = 256

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
    if any(len(key) > MAX_KEY_CHARS for key in fields):
        raise InvalidRequest("The body has a top-level key that is too long.")
    found = (-1, -1)
    position = body.index(b"{") + 1
    for key, raw in fields.items():
        match = _KEY.match(body, position)
        start = match.end() if match else -1
        value = bytes(raw)
        if not match or _text(match[1]) != key or not body.startswith(value, start):
            raise _duplicate_key()
        end = start + len(value)
        if key == name:
            found = (start, end)
        position = _after(body, end)
    if body[position - 1 : position] != b"}":
        raise _duplicate_key()
    return found


def _after(body: bytes, position: int) -> int:
    gap = _GAP.match(body, position)
    return (gap.end() if gap else position) + 1


def _text(key: bytes) -> str:
    return msgspec.json.decode(key, type=str)


def _duplicate_key() -> InvalidRequest:
    return InvalidRequest("The body has a top-level key twice.")
