"""What is wrong with a file of rules, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. `line` counts from 1; `field` is a path, "" for the whole file."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{self.line}: {where}{self.message}"


class RulesFileError(Exception):
    """The file cannot be loaded; nothing of it was."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = sorted(problems, key=lambda p: (p.line, p.field))
        super().__init__("\n".join(f"{source}:{p}" for p in self.problems))
