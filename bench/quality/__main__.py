"""`python -m bench.quality --dev DIR --data DIR`: kept and saved on unseen rows.

Learns on the rows of one folder and decides, blind, on those of another. With
`--dev-only` one folder is split by question into three parts, each decided by what the
other two taught. Nothing is sent anywhere; the product's own functions decide.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from bench.quality.promises import HARMS, promises
from bench.quality.rows import Example, load
from bench.quality.timing import timings
from bench.quality.trial import TARGETS, Fold, Result, blind, run, without_labels
from routing.quality.ranking import auroc

FOLDS = 3
PARTS = "cold,pools,pairs,times"
POOLS = {
    "ANT": ("bfcl_h3s35", "_gsm_h3s35", "_crux_h3s35", "_math-l5_h3s35"),
    "OAI": ("bfcl_mini4o", "_gsm_mini4o", "_crux_mini4o", "_math-l5_mini4o"),
    "ANT35": ("_h35s35",),
}
# Pairs whose stronger model is the cheaper or the worse one: no cost curve.
NO_PRICE_PAIRS = ("lcb_o1", "routerarena_haiku")
ALL_EACH, QUICK_EACH = 600, 120
SPLITS, QUICK_SPLITS = 150, 10
HEAD = (
    "| | n | AUROC | with 2nd | 95 %: kept/saved | 98 %: kept/saved | with guard | "
    "95 % with 2nd | 98 % with 2nd | 98 % uncertain | its guard |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> int:
    """Print every table; return the exit code."""
    options = _options()
    each = QUICK_EACH if options.quick else options.each
    parts = set(options.parts.split(","))
    train = load(options.dev, at_most=each, only=options.only)
    examine = train if options.dev_only else load(options.data, at_most=each)
    examine = [e for e in examine if not options.only or options.only in e.pair]
    if not train or not examine:
        _say("No rows: give folders with *.jsonl files.")
        return 1
    command = " ".join(["python -m bench.quality", *sys.argv[1:]])
    _say(f"`{command}`\n\n{len(train)} rows to learn from, {len(examine)} decided.")
    if "cold" in parts:
        _cold_start(examine)
        _free_labels(examine)
    pools = {}
    if "pools" in parts:
        pools = _pools(train, examine, dev_only=options.dev_only)
        _certificates(pools, QUICK_SPLITS if options.quick else SPLITS)
    if "pairs" in parts:
        _pairs(train, examine, dev_only=options.dev_only)
    if "times" in parts and pools:
        _times(next(iter(pools.values())), 10 if options.quick else 60)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description=__doc__
    )
    parser.add_argument("--dev", type=Path, required=True, help="rows to learn from")
    parser.add_argument("--data", type=Path, help="rows to decide, never learned from")
    parser.add_argument("--dev-only", action="store_true", help="split --dev in three")
    parser.add_argument("--only", default="", help="only pairs with this in their name")
    parser.add_argument("--each", type=int, help="at most so many rows of each pair")
    parser.add_argument("--parts", default=PARTS, help=f"which tables; all: {PARTS}")
    parser.add_argument("--quick", action="store_true", help="few rows, to see it run")
    options = parser.parse_args()
    if not options.dev_only and options.data is None:
        parser.error("give --data, or --dev-only")
    return options


def _pairs(train: list[Example], examine: list[Example], *, dev_only: bool) -> None:
    _say(f"\n## Each pair as a rule of its own\n\n{HEAD}")
    by_pair = defaultdict(list)
    for example in examine:
        by_pair[example.pair].append(example)
    rows = []
    for pair in sorted(by_pair):
        own = [example for example in train if example.pair == pair]
        folds = _folds(own, by_pair[pair], dev_only=dev_only)
        if folds:
            rows.append(_measures(folds))
            _say(_line(pair, folds, rows[-1]))
    if rows:
        means = [sum(column) / len(column) for column in zip(*rows, strict=True)]
        _say(
            f"| **mean** | | {' | '.join(f'{mean:.3f}' for mean in means[:2])} | "
            + " | ".join(f"{a:.3f} / {b:.3f}" for a, b in _two(means[2:]))
            + " |"
        )


def _pools(
    train: list[Example], examine: list[Example], *, dev_only: bool
) -> dict[str, list[Fold]]:
    _say(f"\n## Mixed traffic under one rule, a route for each kind\n\n{HEAD}")
    pools = {}
    for name in (*POOLS, "ALL"):
        taught, asked = _pool(train, name), _pool(examine, name)
        folds = _folds(taught, asked, dev_only=dev_only)
        if folds:
            pools[name] = folds
            _say(_line(name, folds, _measures(folds)))
    return pools


def _pool(examples: Sequence[Example], name: str) -> list[Example]:
    if name in POOLS:
        return [e for e in examples if any(end in e.pair for end in POOLS[name])]
    taken: dict[str, int] = defaultdict(int)
    pool = []
    for example in examples:
        taken[example.pair] += 1
        if taken[example.pair] <= ALL_EACH and example.pair not in NO_PRICE_PAIRS:
            pool.append(example)
    return pool


def _folds(
    train: list[Example], examine: list[Example], *, dev_only: bool
) -> list[Fold]:
    if not dev_only:
        found = [run(train, examine, 0)]
    else:
        part = {e.labelled.group: crc32(e.labelled.group[::-1].encode()) for e in train}
        parts = [
            [e for e in train if part[e.labelled.group] % FOLDS == at]
            for at in range(FOLDS)
        ]
        found = [
            run([e for e in train if e not in set_], set_, at)
            for at, set_ in enumerate(map(_Part, parts))
        ]
    return [fold for fold in found if fold is not None]


class _Part(list[Example]):
    """Examples of one part; whether one is in it is told by its question."""

    def __contains__(self, example: object) -> bool:
        groups = self.__dict__.setdefault("groups", {e.labelled.group for e in self})
        return isinstance(example, Example) and example.labelled.group in groups


def _measures(folds: list[Fold]) -> list[float]:
    scored = [row for fold in folds for row in fold.scored]
    good = [row.example.labelled.as_good for row in scored]
    results = [
        blind(folds, TARGETS[0], "off", guard=False),
        blind(folds, TARGETS[1], "off", guard=False),
        blind(folds, TARGETS[1], "off", guard=True),
        blind(folds, TARGETS[0], "always", guard=False),
        blind(folds, TARGETS[1], "always", guard=False),
        blind(folds, TARGETS[1], "uncertain", guard=False),
        blind(folds, TARGETS[1], "uncertain", guard=True),
    ]
    return [
        auroc([row.looks.first.confidence for row in scored], good),
        auroc([row.final for row in scored], good),
        *(number for result in results for number in (result.kept, result.saved)),
    ]


def _line(name: str, folds: list[Fold], measures: list[float]) -> str:
    count = sum(len(fold.scored) for fold in folds)
    pairs = " | ".join(
        f"{kept:.3f} / {saved:.3f}" for kept, saved in _two(measures[2:])
    )
    return f"| {name} | {count} | {measures[0]:.3f} | {measures[1]:.3f} | {pairs} |"


def _two(numbers: list[float]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _certificates(pools: dict[str, list[Fold]], splits: int) -> None:
    _say(
        f"\n## Certificates at 95 %, {splits} splits by question\n\n"
        "| | harm promised | 2nd | given | broken | accepted | else best promise |\n"
        "|---|---|---|---|---|---|---|"
    )
    for name, folds in pools.items():
        for harm in HARMS:
            for second in (False, True):
                kept = promises(folds, harm, splits, second=second)
                _say(
                    f"| {name} | {harm:.0%} | {'yes' if second else 'no'} | "
                    f"{kept.given} | {kept.broken} ({kept.broken / splits:.1%}) | "
                    f"{_told(kept.accepted)} | {_told(kept.best)} |"
                )


def _told(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _cold_start(examples: list[Example]) -> None:
    _say(
        "\n## No labels: accept what a second opinion agrees with\n\n"
        "| | n | kept | saved | accepted |\n|---|---|---|---|---|"
    )
    told = [e for e in examples if e.relation and e.pair not in NO_PRICE_PAIRS]
    by_pair: dict[str, list[Example]] = defaultdict(list)
    for example in told:
        by_pair[example.pair].append(example)
    for pair in sorted(by_pair):
        _say(_cold_line(pair, by_pair[pair], without_labels(by_pair[pair])))
    if told:
        _say(_cold_line("**all**", told, without_labels(told)))


def _cold_line(name: str, examples: list[Example], result: Result) -> str:
    return (
        f"| {name} | {len(examples)} | {result.kept:.3f} | {result.saved:.3f} | "
        f"{result.accepted:.2f} |"
    )


def _free_labels(examples: list[Example]) -> None:
    _say(
        "\n## Labels for free: draft and verifier compared\n\n"
        "| | comparable | said agree, was worse | said differ, was as good |\n"
        "|---|---|---|---|"
    )
    by_pair: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.label_says:
            by_pair[example.pair].append(example)
    for pair, own in sorted(by_pair.items()):
        agree = [e.labelled.as_good for e in own if e.label_says == "agree"]
        differ = [e.labelled.as_good for e in own if e.label_says == "differ"]
        told = (len(agree) + len(differ)) / len(own)
        _say(
            f"| {pair} | {told:.2f} | {1 - sum(agree) / max(1, len(agree)):.3f} | "
            f"{sum(differ) / max(1, len(differ)):.3f} |"
        )


def _times(folds: list[Fold], rounds: int) -> None:
    _say(
        "\n## One decision, ms of CPU\n\n"
        "| size | kind | median | p95 |\n|---|---|---|---|"
    )
    scored = [row.example.measuring_ms for fold in folds for row in fold.scored]
    scored.sort()
    middle, late = scored[len(scored) // 2], scored[int(0.95 * len(scored))]
    _say(f"| these rows | features, vetoes | {middle:.2f} | {late:.2f} |")
    for size, kind, median, p95 in timings(folds[0].first.gate, rounds):
        _say(f"| {size} | {kind} | {median:.2f} | {p95:.2f} |")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
