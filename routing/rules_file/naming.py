"""Names for rules that have none: readable, and the same at every load."""

from __future__ import annotations

import re
import zlib

LONGEST = 64


def slug(*models: str) -> str:
    """Return a rule name made of model names, 64 characters at most.

    A longer one is cut and ends in a checksum of the whole, so two long names that
    begin alike stay apart.
    """
    name = "-via-".join(_part(model) for model in models)
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}-{zlib.crc32(name.encode()):08x}"


def name_for(request_model: str, draft_model: str, taken: set[str]) -> str | None:
    """Return a name not in `taken`; None when the models alone cannot give one."""
    for name in (slug(request_model), slug(request_model, draft_model)):
        if name not in taken:
            return name
    return None


def _part(model: str) -> str:
    if set(model) <= {"*"}:
        return "any"
    return re.sub(r"[^A-Za-z0-9_]+", "-", model).strip("-") or "model"
