"""The models a client may ask for, as `GET /v1/models` tells them in OpenAI's dialect.

Source: OpenAI API reference, "Models".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.config import Snapshot
from routing.errors import NotFound
from routing.model_list import EPOCH, Listed, is_name, owner_of


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
    if not is_name(model) or owner_of(model, snapshot) is None:
        raise NotFound(f"The model {model} does not exist here.")
    return _entry(known, snapshot)


def _entry(listed: Listed, snapshot: Snapshot) -> dict[str, Any]:
    owner = owner_of(listed.id, snapshot)
    return {
        "id": listed.id,
        "object": "model",
        "created": round((listed.created_at - EPOCH).total_seconds()),
        "owned_by": owner.provider.name if owner else "cascade",
    }
