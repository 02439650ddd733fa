"""A decision as one line of the journal, and back. The format is in docs/journal.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from metrics.types import DecisionRecord

VERSION_1 = b'{"v":1,'


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine(DecisionRecord):
    """What a line must hold to be loaded; keys it does not know are passed over.

    A signal that was no number when written (NaN) comes back as None.
    """

    v: Literal[1]
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    signals: dict[str, float | None]  # type: ignore[assignment]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(JournalLine)


def encode(record: DecisionRecord) -> bytes:
    """Return `record` as one line of JSON, without a line end."""
    return VERSION_1 + _encoder.encode(record)[1:]


def decode(line: bytes) -> JournalLine:
    """Return what a line says. Raises msgspec.MsgspecError when it says nothing."""
    return _decoder.decode(line)
