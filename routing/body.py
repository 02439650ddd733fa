"""The request body as bytes: look at its top-level fields, splice their values.

Re-encoding a body would drop white space and duplicate keys and so break prompt caches
and thinking signatures; every byte we do not mean to change stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

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
# Outside the fields that hold the prompt, at any depth: more than any schema has.
MANY_KEYS = 50_000
# Five times those of the longest prompt a model takes: each is a token at least.
MAX_VALUES = 1_000_000


class MalformedBody(OSError):
    """Chunks that are none. Django takes an OSError for a fault of the client."""


_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:\s*')
_KEY_END = re.compile(rb'"\s*:')
# Such as `"":0,`.
_MIN_MEMBER_BYTES = 5
_NOTHING = msgspec.Raw(b"")
_GAP = re.compile(rb"\s*")


class _Prompt(msgspec.Struct, gc=False, frozen=True):
    """The fields that honestly hold many keys, or text that looks like keys."""

    messages: msgspec.Raw = _NOTHING
    system: msgspec.Raw = _NOTHING
    tools: msgspec.Raw = _NOTHING
    content: msgspec.Raw = _NOTHING


_PROMPT = msgspec.json.Decoder(_Prompt)


def look(body: bytes) -> Fields:
    """Return the raw JSON of each top-level value, in order.

    Cost: one pass without building values, 0.07 ms at 165 KB. Raises InvalidRequest
    when the body is not a JSON object in UTF-8, and when it holds more values, or more
    top-level keys, than anybody could mean: reading them would take seconds.
    """
    try:
        body.decode()
        _check_size(body)
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


def _check_size(body: bytes) -> None:
    """Raise InvalidRequest, or as decoding does, for what would take seconds to read.

    Cost: none for a body that is too short to hold so many.
    """
    if len(body) > MAX_VALUES and _has_too_many_values(body):
        raise InvalidRequest(f"The body has more than {MAX_VALUES:,} values.")
    if len(body) > _MIN_MEMBER_BYTES * MANY_KEYS and _has_too_many_keys(body):
        raise InvalidRequest("The body has too many keys beside its messages.")


def _has_too_many_values(body: bytes) -> bool:
    """Whether more values begin outside of strings than `MAX_VALUES`.

    The signs that part them are counted wherever they stand first: text seldom has as
    many, and telling strings apart takes three passes more.
    """
    if _signs(body) <= MAX_VALUES:
        return False
    unescaped = _unescaped(body)
    if unescaped.count(b'"') > 4 * MAX_VALUES:  # two strings a sign at most
        return True
    return _signs(b"".join(unescaped.split(b'"')[::2])) > MAX_VALUES


def _signs(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"{") + raw.count(b"[")


def _has_too_many_keys(body: bytes) -> bool:
    """Whether there are `MANY_KEYS` outside the prompt, at any depth.

    Raises as decoding does. Cost: one pass without building values, and one over what
    is left of a body without its prompt, when that is long.
    """
    prompt = _PROMPT.decode(body)
    rest = body
    for raw in (prompt.messages, prompt.system, prompt.tools, prompt.content):
        if value := bytes(raw):
            rest = rest.replace(value, b"", 1)
    if len(rest) <= _MIN_MEMBER_BYTES * MANY_KEYS:
        return False
    return any(islice(_KEY_END.finditer(_unescaped(rest)), MANY_KEYS, None))


def _unescaped(body: bytes) -> bytes:
    """`body` where each quote that is left begins or ends a string."""
    return body.replace(rb"\\", b"").replace(rb"\"", b"")


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


def changed(fields: Fields, changes: Changes) -> Fields:
    """Return the fields of a body once `edits_for` of the same changes are made."""
    new = {name: msgspec.Raw(raw) for name, raw in changes.items() if raw is not None}
    removed = changes.keys() - new.keys()
    together = {**fields, **new}
    return {name: raw for name, raw in together.items() if name not in removed}


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
