"""What holds for any bytes whatever; asked by Hypothesis and by the fuzzer alike.

Each function takes pieces of input and raises when something does not hold.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import brotli
import msgspec
import zstandard

from routing.body import edited, edits_for, look, moved, span_of
from routing.dialects.anthropic import parse_request
from routing.encoding import Meter, decoder_for
from routing.errors import InvalidRequest
from routing.metering import StreamMeter, usage_in_message
from routing.replaying import replay
from routing.sse import EventSplitter, blank_but_data, event_data, event_name
from routing.streams import (
    MessageFolder,
    fold,
    parse_message,
    replace_model,
    replace_model_in_message,
)
from routing.usage import usage_of

NAME = 'other "model"'
NAME_JSON = msgspec.json.encode(NAME)

PACKERS = {
    "gzip": lambda plain: gzip.compress(plain, 1),
    "deflate": lambda plain: zlib.compress(plain, 1),
    "br": lambda plain: brotli.compress(plain, quality=1),
    "zstd": lambda plain: zstandard.ZstdCompressor(level=1).compress(plain),
    "br, gzip": lambda plain: gzip.compress(brotli.compress(plain, quality=1), 1),
}

Pieces = Sequence[bytes]


def events_come_out_as_they_went_in(pieces: Pieces) -> None:
    """Nothing is lost or added, cuts do not matter, fields are read as specified."""
    whole = b"".join(pieces)
    events, rest = split(pieces)
    assert b"".join(events) + rest == whole
    assert (events, rest) == split([whole])
    for raw in (*events, rest):
        fields = _fields_as_specified(raw)
        names = [value for name, value in fields if name == b"event"]
        assert event_name(raw) == b"".join(names[-1:]).decode("utf-8", "replace")
        data = [value for name, value in fields if name == b"data"]
        assert event_data(raw) == b"\n".join(data)
        blanked = blank_but_data(raw)
        assert len(blanked) == len(raw)
        assert all(b in (a, 0x20) for a, b in zip(raw, blanked, strict=True))


def streams_are_read_alike_however_cut(pieces: Pieces) -> None:
    """Meter and folder never raise, and what they know does not depend on cuts."""
    whole = b"".join(pieces)
    assert _metered(pieces) == _metered([whole])
    events, _ = split(pieces)
    folder = MessageFolder()
    for raw in events:
        folder.add(raw)
    completion = folder.completion()
    assert completion == fold(split([whole])[0])
    if completion is None:
        return
    assert isinstance(completion.text, str)
    assert all(isinstance(block, dict) for block in completion.tool_uses)
    again = fold(replay(completion.message))
    assert again is not None
    assert again.message == completion.message


def only_the_model_of_an_answer_changes(pieces: Pieces) -> None:
    """A renamed event or message differs from the old one in one value."""
    whole = b"".join(pieces)
    for raw in split(pieces)[0]:
        _differs_in_one_value(raw, replace_model(raw, NAME))
    if (message := parse_message(whole)) is not None:
        assert usage_in_message(whole) == (True, message.usage)
    renamed = replace_model_in_message(whole, NAME)
    _differs_in_one_value(whole, renamed)
    if renamed != whole:
        assert _parsed(renamed) == _parsed(whole) | {"model": NAME}


def a_body_is_edited_in_one_place(pieces: Pieces) -> None:
    """A splice equals parse, replace and compare; every other byte stays."""
    body = b"".join(pieces)
    try:
        fields = look(body)
        start, end = span_of(body, fields, "model") if "model" in fields else (0, 0)
    except InvalidRequest:
        return
    members = _members(body)
    assert {name for name, _ in members} == fields.keys()
    if end:
        assert len(members) == len(fields), "a key stands there twice"
        assert body[start:end] == bytes(fields["model"])
        edited = _members(body[:start] + NAME_JSON + body[end:])
        assert edited == [(k, NAME if k == "model" else v) for k, v in members]


def a_body_is_edited_in_many_places(pieces: Pieces) -> None:
    """What is changed, removed and added is so, and what is not keeps its bytes."""
    body = b"".join(pieces)
    try:
        fields = look(body)
        span = span_of(body, fields, "model") if "model" in fields else None
        changes = _some_changes(body, list(fields))
        edits = edits_for(body, fields, changes)
    except InvalidRequest:
        return
    after = edited(body, edits)
    looked = look(after)
    told = {name: new for name, new in changes.items() if new is not None}
    kept = {name: bytes(raw) for name, raw in fields.items() if name not in changes}
    assert {name: bytes(raw) for name, raw in looked.items()} == kept | told
    in_order = [name for name in (*fields, "x_added") if name in looked]
    assert list(looked) == in_order
    if span and "model" not in changes:
        assert moved(span, edits) == span_of(after, looked, "model")


def a_request_is_read_or_refused(pieces: Pieces) -> None:
    """The dialect raises for the client, or knows model and body."""
    body = b"".join(pieces)
    try:
        request = parse_request(body, headers=())
    except InvalidRequest:
        return
    assert request.body_for(request.model) is body
    assert dict(_members(request.body_for(NAME)))["model"] == NAME


def any_report_of_usage_is_counted(pieces: Pieces) -> None:
    """What is no count is not counted; nothing is negative."""
    try:
        told = msgspec.json.decode(b"".join(pieces))
    except (ValueError, RecursionError):
        return
    usage = usage_of(told)
    assert usage is None or usage.prompt_tokens >= 0


def no_bytes_break_a_decoder(pieces: Pieces) -> None:
    """What is not what its header says is passed over, in each encoding."""
    for encoding in (*PACKERS, "identity", "odd", "", "gzip, gzip, gzip"):
        if decode := decoder_for((("content-encoding", encoding),)):
            assert isinstance(_decoded(decode, pieces), bytes)


def what_was_packed_comes_out_again(pieces: Pieces) -> None:
    """However the packed bytes are cut, and in parts where an encoding has them."""
    whole = b"".join(pieces)
    for encoding, pack in PACKERS.items():
        packed = pack(whole)
        step = max(1, len(packed) // (len(pieces) + 1))
        cut = [packed[at : at + step] for at in range(0, len(packed), step)]
        decode = decoder_for((("content-encoding", encoding),))
        assert decode is not None
        assert _decoded(decode, cut) == whole
    for encoding in ("gzip", "zstd"):
        decode = decoder_for((("content-encoding", encoding),))
        parts = b"".join(PACKERS[encoding](piece) for piece in pieces)
        assert decode is not None
        assert _decoded(decode, [parts]) == whole


def _decoded(decode: Meter, chunks: Iterable[bytes]) -> bytes:
    return b"".join(piece for chunk in chunks for piece in decode(chunk))


def split(pieces: Iterable[bytes]) -> tuple[list[bytes], bytes]:
    """Return the complete events of a stream, and the rest."""
    splitter = EventSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return events, splitter.rest


OF_STREAMS = (
    events_come_out_as_they_went_in,
    streams_are_read_alike_however_cut,
    only_the_model_of_an_answer_changes,
)
OF_BODIES = (
    a_body_is_edited_in_one_place,
    a_body_is_edited_in_many_places,
    a_request_is_read_or_refused,
    any_report_of_usage_is_counted,
    only_the_model_of_an_answer_changes,
)
OF_ENCODINGS = (no_bytes_break_a_decoder, what_was_packed_comes_out_again)


def _fields_as_specified(raw: bytes) -> list[tuple[bytes, bytes]]:
    """The fields of an event, read line by line as the standard tells it."""
    lines = re.split(rb"\r\n|\n|\r", raw.removeprefix(b"\xef\xbb\xbf"))
    parts = (line.partition(b":") for line in lines if line)
    return [(name, value.removeprefix(b" ")) for name, _, value in parts if name]


def _metered(pieces: Iterable[bytes]) -> tuple[Any, ...]:
    meter = StreamMeter()
    for piece in pieces:
        meter.feed(piece)
    return meter.complete, meter.error, meter.usage, meter.mid_event


def _differs_in_one_value(old: bytes, new: bytes) -> None:
    places = (found.start() for found in re.finditer(re.escape(NAME_JSON), new))
    assert new == old or any(
        old.startswith(new[:at]) and old.endswith(new[at + len(NAME_JSON) :])
        for at in places
    )


def _some_changes(body: bytes, names: list[str]) -> dict[str, bytes | None]:
    """Changes that depend on the body alone, and remove all but one name at most."""
    dice = zlib.crc32(body)
    ways = {2: None, 3: b'{"new": 1}'}
    changes = {
        name: ways[way]
        for at, name in enumerate(names)
        if (way := dice >> 2 * (at % 16) & 3) in ways
    }
    if names and all(changes.get(name, b"") is None for name in names):
        del changes[names[dice % len(names)]]
    return changes | ({"x_added": b"[]"} if names and "x_added" not in names else {})


def _members(body: bytes) -> list[tuple[str, Any]]:
    """The top-level members of an object as another reader of JSON sees them."""
    members: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> tuple[str, Any]:
        members[:] = pairs
        return ("object", pairs)

    json.loads(body, object_pairs_hook=keep, parse_int=str, parse_float=str)  # noqa: TID251  another reader, on purpose
    return list(members)


def _parsed(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body, type=dict)
