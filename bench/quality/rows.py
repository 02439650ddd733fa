"""Recorded pairs of answers, read and measured with the product's own functions."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from routing.dialects.anthropic import parse_request
from routing.quality import agreement
from routing.quality.features import vector
from routing.quality.learning import Labelled
from routing.quality.vetoes import vetoes_of
from routing.types import ChatRequest, Completion

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One prompt with a draft and its verifier's answer, measured.

    Costs are dollars at the prices of the row. `labelled` is what a gate learns from;
    `relation` compares draft and second opinion, "" without one.
    """

    pair: str
    labelled: Labelled
    draft_score: float
    verifier_score: float
    draft_cost: float
    verifier_cost: float
    second_cost: float
    relation: str
    vetoed: bool
    label_says: str
    measuring_ms: float


def load(folder: Path, *, at_most: int | None, only: str = "") -> list[Example]:
    """Return the examples of every file of `folder`, mixed as in traffic."""
    raw = {}
    for path in sorted(folder.glob("*.jsonl")):
        if only and only not in path.stem:
            continue
        lines = path.read_bytes().splitlines()
        raw[path.stem] = [msgspec.json.decode(line) for line in lines if line.strip()]
    prices = {
        row["draft_model"]: row["draft_price"] for rows in raw.values() for row in rows
    }
    examples = []
    for rows in raw.values():
        rows.sort(key=lambda row: sha256(row["id"].encode()).digest())
        examples += [_example(row, prices) for row in rows[:at_most]]
    examples.sort(key=lambda e: sha256((e.labelled.group + e.pair).encode()).digest())
    return examples


def request_of(row: dict[str, Any]) -> ChatRequest:
    """Return the request of a row as a client would send it."""
    body = {
        "model": row["verifier_model"],
        "max_tokens": 4096,
        "messages": row["prompt"],
    }
    if row.get("tools"):
        body["tools"] = row["tools"]
    encoded = msgspec.json.encode(body)
    return parse_request(encoded, headers=(), query="", path="/v1/messages")


def completion_of(answer: Any) -> Completion:
    """Return an answer of a row, which is a text or a list of blocks."""
    blocks = answer
    if isinstance(answer, str):
        blocks = _blocks(answer) or [{"type": "text", "text": answer}]
    called = any(block.get("type") == "tool_use" for block in blocks)
    reason = "tool_use" if called else "end_turn"
    return Completion(message={"content": blocks, "stop_reason": reason}, usage=None)


def _blocks(answer: str) -> list[dict[str, Any]] | None:
    """Blocks that a row holds as JSON in a string."""
    if not answer.startswith('[{"type"'):
        return None
    try:
        found = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, list) else None


def _example(row: dict[str, Any], prices: dict[str, Any]) -> Example:
    request, draft = request_of(row), completion_of(row["draft_response"])
    began = time.process_time()
    features = vector.features_of(request, draft)
    vetoed = bool(vetoes_of(request, draft))
    measuring_ms = 1e3 * (time.process_time() - began)
    second, relation = None, ""
    if row.get("second_response"):
        other = completion_of(row["second_response"])
        found = agreement.agreement(request, draft, other)
        second, relation = agreement.features_of(found, draft, other), found.relation
    says = ""
    if row.get("verifier_response"):
        verifier = completion_of(row["verifier_response"])
        says = agreement.agreement(request, draft, verifier).relation
    return Example(
        pair=row["dataset"],
        labelled=Labelled(
            features=features,
            as_good=row["draft_score"] >= row["verifier_score"] - 1e-9,
            route=row["dataset"],
            second=second,
            group=_question(row),
        ),
        draft_score=row["draft_score"],
        verifier_score=row["verifier_score"],
        draft_cost=_cost(row["in_tokens"], row["draft_out_tokens"], row["draft_price"]),
        verifier_cost=_cost(
            row["verifier_in_tokens"], row["verifier_out_tokens"], row["verifier_price"]
        ),
        second_cost=_second_cost(row, prices),
        relation=relation,
        vetoed=vetoed,
        label_says=says,
        measuring_ms=measuring_ms,
    )


def _question(row: dict[str, Any]) -> str:
    """What asks the same is one question, whichever pair answers it."""
    first = row["prompt"][0]["content"]
    return sha256(msgspec.json.encode(first)).hexdigest()[:16]


def _cost(input_tokens: float, output_tokens: float, price: Iterable[float]) -> float:
    input_price, output_price = price
    return (input_tokens * input_price + output_tokens * output_price) / 1e6


def _second_cost(row: dict[str, Any], prices: dict[str, Any]) -> float:
    """What the second opinion costs; its price is that of its model as a draft."""
    if not row.get("second_response"):
        return 0.0
    price = prices.get(row.get("second_model"), row["draft_price"])
    answer = row["second_response"]
    text = answer if isinstance(answer, str) else msgspec.json.encode(answer)
    return _cost(row["in_tokens"], len(text) / CHARACTERS_PER_TOKEN, price)
