"""The models a client may ask for, as `GET /v1/models` tells them in OpenAI's dialect.

Source: OpenAI API reference, "Models".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.config import Snapshot
from routing.errors import ConfigurationError, NotFound
from routing.model_list import EPOCH, Listed, is_name
from routing.rules import target_for


def answer(
    model: str, models: Mapping[str, Listed], snapshot: Snapshot
) -> dict[str, Any]:
    """Return the whole list for no `model`, else the entry of that one.

    A name that only a pattern covers has an entry, and no date. Raises NotFound for one
    that nobody serves.
    """
    if not model:
        listed = (each for each in models.values() if each.lifecycle != "retired")
        return {"object": "list", "data": [_entry(m, snapshot) for m in listed]}
    known = models.get(model) or Listed(id=model, display_name=model)
    if not is_name(model) or not _owner(model, snapshot):
        raise NotFound(f"The model {model} does not exist here.")
    return _entry(known, snapshot)


def _entry(listed: Listed, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": listed.id,
        "object": "model",
        "created": round((listed.created_at - EPOCH).total_seconds()),
        "owned_by": _owner(listed.id, snapshot) or "cascade",
    }


def _owner(model: str, snapshot: Snapshot) -> str:
    """Return the provider that serves `model`, "" when none does."""
    try:
        return target_for(model, snapshot).provider.name
    except ConfigurationError:
        return ""
