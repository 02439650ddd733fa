"""A decision, and text kept of it, as lines of the journal, and back.

The format is in docs/journal.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from metrics.types import DecisionRecord, TextRecord

VERSION_1 = b'{"v":1,'
# No `v`: a loader that does not know of text refuses the line and loads the others.
TEXT_1 = b'{"text":1,'


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine(DecisionRecord):
    """What a line must hold to be loaded; keys it does not know are passed over.

    A signal that was no number when written (NaN) comes back as None.
    """

    v: Literal[1]
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    signals: dict[str, float | None]  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine(TextRecord):
    """What a line of text must hold to be loaded."""

    text: Literal[1]
    kept_at: Annotated[datetime, msgspec.Meta(tz=True)]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(JournalLine)
_text_decoder = msgspec.json.Decoder(TextLine)


def encode(record: DecisionRecord) -> bytes:
    """Return `record` as one line of JSON, without a line end."""
    return VERSION_1 + _encoder.encode(record)[1:]


def decode(line: bytes) -> JournalLine:
    """Return what a line says. Raises msgspec.MsgspecError when it says nothing."""
    return _decoder.decode(line)


def encode_text(record: TextRecord) -> bytes:
    """Return kept text as one line of JSON, without a line end."""
    return TEXT_1 + _encoder.encode(record)[1:]


def holds_text(line: bytes) -> bool:
    """Return whether a line, whole or torn, is kept text and no decision."""
    return line.startswith(TEXT_1)


def decode_text(line: bytes) -> TextLine:
    """Return the text in a line. Raises msgspec.MsgspecError when it holds none."""
    return _text_decoder.decode(line)
