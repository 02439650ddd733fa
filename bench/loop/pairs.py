"""Recorded pairs of answers, as traffic: what is asked and what each model answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from bench.quality.rows import completion_of

Role = Literal["draft", "second", "verifier"]
RIGHT = 0.99
ROLES: tuple[Role, ...] = ("draft", "second", "verifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One question with the recorded answers of three models.

    `as_good`: the draft's recorded score is not below the verifier's.
    """

    messages: Any
    tools: Any
    answers: dict[Role, dict[str, Any]]
    as_good: bool

    @property
    def question(self) -> str:
        """The fingerprint of what is asked."""
        return question_of(self.messages)

    def body(self, model: str) -> bytes:
        """Return the request of a client that asks `model` this."""
        fields = {"model": model, "max_tokens": 4096, "messages": self.messages}
        if self.tools:
            fields["tools"] = self.tools
        return msgspec.json.encode(fields)


def question_of(messages: Any) -> str:
    """Return the fingerprint of the messages of a request."""
    return sha256(msgspec.json.encode(messages)).hexdigest()[:24]


def load(folder: Path, *, at_most: int) -> list[Pair]:
    """Return the pairs of every file of `folder` with three answers, mixed.

    Only those whose verifier is right: a draft as good as a wrong answer is no model
    that is 98 % good.
    """
    found: dict[str, Pair] = {}
    for path in sorted(folder.glob("*.jsonl")):
        rows = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
        rows.sort(key=lambda row: sha256(row["id"].encode()).digest())
        for row in rows[:at_most]:
            whole = row.get("second_response") and row.get("verifier_response")
            if whole and row["verifier_score"] >= RIGHT:
                pair = _pair(row)
                found.setdefault(pair.question, pair)
    return [found[question] for question in sorted(found)]


def mixed(
    pairs: Sequence[Pair], count: int, *, good: float, chooser: random.Random
) -> list[Pair]:
    """Return `count` pairs, of which a share of `good` have a draft that is as good.

    Where there are too few of a kind, some are asked again.
    """
    as_good = [pair for pair in pairs if pair.as_good]
    worse = [pair for pair in pairs if not pair.as_good]
    wanted = round(count * good)
    taken = [
        *_some(as_good, wanted, chooser),
        *_some(worse, count - wanted, chooser),
    ]
    chooser.shuffle(taken)
    return taken


def _some(pairs: list[Pair], count: int, chooser: random.Random) -> list[Pair]:
    chooser.shuffle(pairs)
    return [pairs[at % len(pairs)] for at in range(count)]


def _pair(row: dict[str, Any]) -> Pair:
    read = row["in_tokens"]
    written = {
        "draft": row["draft_out_tokens"],
        "second": row["draft_out_tokens"],
        "verifier": row["verifier_out_tokens"],
    }
    return Pair(
        messages=row["prompt"],
        tools=row.get("tools"),
        answers={
            role: dict(completion_of(row[f"{role}_response"]).message)
            | {"usage": _usage(read, written[role])}
            for role in ROLES
        },
        as_good=row["draft_score"] >= row["verifier_score"] - 1e-9,
    )


def _usage(read: float, written: float) -> dict[str, int]:
    return {"input_tokens": max(1, int(read)), "output_tokens": max(1, int(written))}
