"""A request as its client wrote it, beside the internal form it is decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

# The API shapes there are. The internal form is the first.
Dialect = Literal["anthropic", "openai"]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """What an OpenAI client sent, byte for byte.

    `model_span` is the byte range of the `model` value, quotes included. `beyond` says
    why no model of another dialect can be asked, "" when one can. `judgeable`: the
    internal form tells all a judge must know. `include_usage`: a stream is to end with
    its usage. `fields` holds the raw JSON of each top-level value.
    """

    body: bytes
    model: str
    model_span: tuple[int, int]
    path: str
    headers: Headers = ()
    beyond: str = ""
    judgeable: bool = True
    include_usage: bool = False
    fields: Mapping[str, msgspec.Raw] = field(default_factory=dict, compare=False)

    def body_for(self, model: str) -> bytes:
        """Return the body with only the `model` value replaced; itself when equal."""
        return body_for(model, self.body, self.model, self.model_span)


def body_for(model: str, body: bytes, told: str, span: tuple[int, int]) -> bytes:
    """Return `body` with the value at `span` replaced by `model`; itself when equal.

    `told` is the model that stands there.
    """
    if model == told:
        return body
    start, end = span
    return body[:start] + msgspec.json.encode(model) + body[end:]
