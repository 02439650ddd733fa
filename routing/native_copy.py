"""A copy's changes in the words of a client that speaks OpenAI's dialect.

The model of such a client's own dialect gets the client's bytes: `seed`, `user` and
whatever else the internal form leaves out stay where they are.
"""

from __future__ import annotations

import dataclasses

import msgspec

from routing.body import Changes, Fields, changed, edited, edits_for, moved
from routing.native import Native
from routing.translating.request_to_chat import effort_of
from routing.translating.values import LIMITS, SAMPLING


def native_copy(native: Native, changes: Changes) -> Native:
    """Return `native` with those values changed that the internal form has changed.

    `changes` are by the names of the internal form.
    """
    own = _own(changes, native.fields)
    edits = edits_for(native.body, native.fields, own)
    return dataclasses.replace(
        native,
        body=edited(native.body, edits),
        model_span=moved(native.model_span, edits),
        fields=changed(native.fields, own),
    )


def _own(changes: Changes, fields: Fields) -> Changes:
    own: dict[str, bytes | None] = {name: None for name in SAMPLING if name in changes}
    limit = changes.get("max_tokens")
    own |= {name: limit for name in LIMITS if limit and _is_told(fields, name)}
    if "tool_choice" in changes:  # a choice is only ever left to the model
        own["tool_choice"] = b'"auto"'
    if "output_config" in changes:
        effort = effort_of(msgspec.json.decode(changes["output_config"] or b"{}"))
        own["reasoning_effort"] = msgspec.json.encode(effort) if effort else None
    return own


def _is_told(fields: Fields, name: str) -> bool:
    return bytes(fields.get(name, b"null")) != b"null"
