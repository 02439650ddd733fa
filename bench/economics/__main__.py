"""`python -m bench.economics`: what a month costs with a cascade, a gate, and neither.

Nothing is sent anywhere: an exact simulation of both models' prompt caches charges a
scripted month at the shipped prices. Takes about half a minute.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import asdict, replace

from bench.economics.policies import Cascade, Result, verifier_only
from bench.economics.prices import price_of
from bench.economics.traffic import Ask, Parameters, month
from bench.economics.world import Model
from metrics.stakes import Stakes

DRAFT, VERIFIER = "claude-haiku-5-5", "claude-opus-5-5"
MONTH = Parameters()
SMALL = {"days": 8}
SWEEPS: dict[str, list[dict[str, object]]] = {
    "prompt length": [
        {"first_tokens": (tokens, tokens + 10_000), "most_tokens": tokens + 30_000}
        for tokens in (10_000, 40_000, 75_000, 100_000, 120_000)
    ],
    "cached share": [{"cached_share": share} for share in (0.0, 0.5, 0.9, 1.0)],
    "acceptance": [{"acceptance": share} for share in (0.3, 0.5, 0.7, 0.85, 0.95)],
    "output length": [{"output_tokens": tokens} for tokens in (100, 350, 1_000, 3_000)],
    "minutes between turns": [{"idle_s": seconds} for seconds in (60, 150, 600)],
}
HEAD = (
    "| | verifier only | cascade | behind the gate | drafted | accepted | "
    "baseline off by | its median error | at best |"
)
RULE = "|---|---|---|---|---|---|---|---|---|"


def main() -> int:
    """Print the parameters, the month, and what changes with each of them."""
    _say(f"Draft {DRAFT}, verifier {VERIFIER}, shipped prices. The month:\n")
    for name, value in asdict(MONTH).items():
        _say(f"    {name} = {value}")
    _say(f"\n{HEAD}\n{RULE}")
    _say(_row("**the month**", MONTH))
    for title, points in SWEEPS.items():
        for changes in points:
            _say(_row(_label(title, changes), replace(MONTH, **SMALL, **changes)))
    return 0


def _label(title: str, changes: dict[str, object]) -> str:
    value = next(iter(changes.values()))
    if isinstance(value, tuple):
        return f"{title} {value[0] // 1000}k to {changes['most_tokens'] // 1000}k"
    if title == "minutes between turns":
        return f"{title} {value / 60:g}"
    return f"{title} {value}"


def _row(label: str, parameters: Parameters) -> str:
    asks = month(parameters)
    alone = verifier_only(asks, _models()[1])
    naive, gated = (
        _cascade(asks, gated=gated, true_ratio=parameters.output_ratio)
        for gated in (False, True)
    )
    error = statistics.median(gated.errors or naive.errors or (0.0,))
    floor = statistics.median(gated.floor or naive.floor or (0.0,))
    return (
        f"| {label} | ${alone / 1e9:,.0f} | {_against(naive, alone)} | "
        f"{_against(gated, alone)} | {gated.drafted / len(asks):.0%} | "
        f"{gated.accepted / max(1, gated.drafted):.0%} | "
        f"{gated.baseline_nusd / alone - 1:+.1%} | {error:.1%} | {floor:.1%} |"
    )


def _against(result: Result, alone: int) -> str:
    share = 1 - result.spent_nusd / alone
    word = "saves" if share >= 0 else "loses"
    return f"${result.spent_nusd / 1e9:,.0f}, {word} {abs(share):.1%}"


def _cascade(asks: list[Ask], *, gated: bool, true_ratio: float) -> Result:
    draft, verifier = _models()
    stakes = Stakes(draft_price=price_of(DRAFT), verifier_price=price_of(VERIFIER))
    cascade = Cascade(draft, verifier, stakes, gated=gated, true_ratio=true_ratio)
    return cascade.run(asks)


def _models() -> tuple[Model, Model]:
    return Model("draft", price_of(DRAFT)), Model("verifier", price_of(VERIFIER))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
