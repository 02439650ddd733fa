"""What a file of rules says, as values; nothing here knows YAML or the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from routing.rules_file.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValue:
    """A key as the file gives it: a reference, or the key itself."""

    reference: str = ""
    literal: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule, provider or key: the fields it names and the lines they stand on."""

    path: str
    line: int
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def problem(self, name: str, message: str) -> Problem:
        """Return a problem with the field `name`, "" for the entry as a whole."""
        return Problem(
            line=self.lines.get(name, self.line),
            field=f"{self.path}.{name}" if name else self.path,
            message=message,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesFile:
    """A whole file. `rules` and `providers` are None when it does not speak of them.

    `server` and `auth_mode` are for `proxy start`; the database holds none of them.
    `provider_keys` are the entries of `api_keys`, named by provider.
    """

    source: str
    server: Mapping[str, Any]
    auth_mode: str | None
    client_keys: tuple[Entry, ...]
    rules: tuple[Entry, ...] | None
    provider_keys: tuple[Entry, ...]
    providers: tuple[Entry, ...] | None
