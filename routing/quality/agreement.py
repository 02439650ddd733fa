"""Whether two answers to one request agree in what they finally say.

For a second opinion on a draft, and for labels (draft and verifier). What cannot be
compared by form is said to be so; nothing is guessed about prose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from routing.quality.answers import Answer, Kind, answer_in
from routing.quality.features.code import code_in, tree_of
from routing.quality.features.reading import length, window, words_in
from routing.quality.quantities import Relation
from routing.quality.saying import related
from routing.quality.spelling import canonical, same
from routing.request_parts import text_of, turns
from routing.types import ChatRequest, Completion

Matter = Literal[
    "same_text", "tools", "json", "letter", "number", "label", "code", "nothing"
]

NAMES = (
    "second_agrees",
    "second_differs",
    "second_comparable",
    "second_similar",
    "second_longer",
    "second_parts",
)

_MAX_PAIRED = 32
# Longer texts are no bare values and no sentence about one.
SHORT = 80
_TOKEN = re.compile(r"\w+|[^\w\s]")
_MAX_CODE = 20_000
# One was found by another sign than the other: they answer in different ways.
_INCOMPARABLE = (
    {"letter", "number"},
    {"letter", "label"},
    {"letter", "boxed"},
    {"letter", "json"},
    {"label", "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What comparing two answers came to.

    `matter` is what was compared. `parts` is the share of it that is equal, 0 to 1: of
    several tool calls or fields some may agree.
    """

    relation: Relation
    matter: Matter
    parts: float = 0.0


_NOTHING = Agreement(relation="not_comparable", matter="nothing")


def agreement(request: ChatRequest, one: Completion, other: Completion) -> Agreement:
    """Return whether two answers to `request` come to the same. Symmetric.

    Equal texts and calls agree whatever they are. Two programs that differ may both be
    right, so they are not comparable.
    """
    if one.tool_uses or other.tool_uses:
        return _of_calls(one.tool_uses, other.tool_uses)
    texts = (one.text.strip(), other.text.strip())
    if not all(texts):
        return _NOTHING
    if texts[0] == texts[1]:
        return Agreement(relation="agree", matter="same_text", parts=1.0)
    return _of_texts(window(texts[0]), window(texts[1]), _prompt_of(request))


def features_of(
    found: Agreement, draft: Completion, second: Completion
) -> tuple[float, ...]:
    """Return the values of `NAMES` for a `second` opinion, which was `found` to agree.

    All are bounded; shares lie in [0, 1].
    """
    draft_words = set(words_in(window(draft.text)))
    second_words = set(words_in(window(second.text)))
    either = len(draft_words | second_words)
    return (
        float(found.relation == "agree"),
        float(found.relation == "differ"),
        float(found.relation != "not_comparable"),
        len(draft_words & second_words) / either if either else 0.0,
        length(len(second.text)) - length(len(draft.text)),
        found.parts,
    )


def relation_in(features: Sequence[float]) -> Relation:
    """Return the relation that `features_of` was told."""
    agrees, differs = features[:2]
    return "agree" if agrees else "differ" if differs else "not_comparable"


def _prompt_of(request: ChatRequest) -> str:
    conversation = turns(request)
    return window(text_of(conversation[-1].blocks)) if conversation else ""


def _of_calls(
    ones: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]
) -> Agreement:
    """Compare calls without their order and ids; text beside them does not count."""
    first, second = (
        sorted(_call(call) for call in calls[:_MAX_PAIRED]) for calls in (ones, others)
    )
    if first == second and len(ones) == len(others):
        return Agreement(relation="agree", matter="tools", parts=1.0)
    equal = sum(1 for call in set(first) if call in second)
    return Agreement(
        relation="differ",
        matter="tools",
        parts=equal / max(len(set(first)), len(set(second))),
    )


def _call(call: dict[str, Any]) -> str:
    return f"{call.get('name')!r} {_argument(call.get('input'), 0)}"


def _argument(value: Any, depth: int) -> str:
    """An argument in one spelling: members in order, defaults of nothing left out."""
    if depth > _MAX_PAIRED:
        return "..."
    if isinstance(value, dict):
        members = sorted(
            f"{name!r}: {_argument(entry, depth + 1)}"
            for name, entry in value.items()
            if entry not in (None, "", [], {})
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_argument(entry, depth + 1) for entry in value)}]"
    return canonical(value)


def _of_texts(one: str, other: str, prompt: str) -> Agreement:
    first, second = answer_in(one, prompt), answer_in(other, prompt)
    kinds = {first.kind, second.kind}
    if "json" not in kinds:
        one_code = _program(one)
        other_code = _program(other) if one_code else ""
        if other_code:
            return _of_programs(one_code, other_code)
    if kinds == {"json"}:
        return _of_fields(first, second)
    found = _of_words(one, other, kinds)
    if found is not None:
        return found
    if "" in kinds or kinds in _INCOMPARABLE:
        return _NOTHING
    return _of_values(_final(first), _final(second), _matter(first, second))


def _of_words(one: str, other: str, kinds: set[Kind]) -> Agreement | None:
    """Compare a bare value with a sentence, or two sentences; None to go by form.

    What a long text says is taken for an answer only where it is the same.
    """
    shortest, longest = sorted((len(one), len(other)))
    by_form = "boxed" in kinds or kinds == {"letter"}
    if by_form or shortest > SHORT or (kinds == {"number"} and longest > SHORT):
        return None
    relation = related(one, other)
    if relation is None or ("json" in kinds and relation != "agree"):
        return None
    doubtful = ("" in kinds or kinds in _INCOMPARABLE) and longest > SHORT
    if relation == "not_comparable" or (doubtful and relation == "differ"):
        return _NOTHING
    matter: Matter = "number" if "number" in kinds else "label"
    return Agreement(relation=relation, matter=matter, parts=float(relation == "agree"))


def _of_programs(one: str, other: str) -> Agreement:
    if one == other:
        return Agreement(relation="agree", matter="code", parts=1.0)
    return Agreement(relation="not_comparable", matter="code")


def _of_fields(first: Answer, second: Answer) -> Agreement:
    """Compare the named result where both have one, else every short field."""
    results = [answer.named or "" for answer in (first, second)]
    if all(results):
        return _of_values(results[0], results[1], "json")
    ones, others = dict(first.fields), dict(second.fields)
    names = ones.keys() | others.keys()
    equal = sum(same(ones.get(n, "\0"), others.get(n, "\1")) for n in names)
    relation: Relation = "agree" if equal == len(names) else "differ"
    return Agreement(relation=relation, matter="json", parts=equal / len(names))


def _of_values(one: str, other: str, matter: Matter) -> Agreement:
    equal = same(one, other)
    return Agreement(
        relation="agree" if equal else "differ", matter=matter, parts=float(equal)
    )


def _matter(first: Answer, second: Answer) -> Matter:
    kinds = {first.kind, second.kind}
    if "json" in kinds:
        return "json"
    if "letter" in kinds:
        return "letter"
    return "number" if kinds <= {"number", "boxed"} else "label"


def _final(answer: Answer) -> str:
    return answer.named or answer.value


def _program(text: str) -> str:
    """The programs in a text in one spelling; "" when there are none.

    Python by its syntax tree, which knows no comments and no layout; others by tokens.
    """
    blocks = [(name, code) for name, code in code_in(text) if name not in ("", "json")]
    parts = []
    for name, code in blocks:
        tree = tree_of(code[:_MAX_CODE]) if name.startswith("py") else None
        parts.append(ast.dump(tree) if tree else " ".join(_TOKEN.findall(code)))
    return "\n".join(parts)
