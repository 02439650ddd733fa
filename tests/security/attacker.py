"""`make attack`: attacks a proxy of its own on loopback, for ATTACK_S seconds.

Prints how many attacks there were of each kind, and what they found.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from routing.simulator import Simulator
from tests.provision import UPSTREAM_KEY
from tests.security.attacks import ATTACKS, SMUGGLED, Scene
from tests.stack import Stack, Template

MAX_TOLD = 50
TOKEN = "token-of-the-metrics-0123"
SETTINGS = {"CASCADE_METRICS_TOKEN": TOKEN, "CASCADE_LOG_LEVEL": "debug"}
# schemathesis asks fifteen times in a row.
WEIGHTS = {"described": 0.05}


def main() -> int:
    """Return 1 when something was found, 0 when nothing was."""
    seconds = float(os.environ.get("ATTACK_S", "60"))  # noqa: TID251  no setting of ours
    number = int(os.environ.get("ATTACK_SEED", "0")) or random.randrange(2**31)  # noqa: S311, TID251
    sys.stdout.write(f"Attacking for {seconds:g} s, seed {number}.\n")
    with TemporaryDirectory(prefix="attack-") as directory, Simulator() as upstream:
        template = Template(Path(directory) / "template", upstream.url)
        with Stack(template, Path(directory) / "stack", SETTINGS) as stack:
            found, counts = attack(stack, upstream, seconds, random.Random(number))  # noqa: S311
            found += aftermath(stack, upstream)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    sys.stdout.write(f"{counts.total()} attacks: {told}. Found: {len(found)}.\n")
    for line in found[:MAX_TOLD]:
        sys.stdout.write(f"- {line}\n")
    return int(bool(found))


def attack(
    stack: Stack, upstream: Simulator, seconds: float, dice: random.Random
) -> tuple[list[str], Counter[str]]:
    """Return what was found in `seconds`, and how often each attack was tried."""
    secrets = tuple(
        secret.encode()
        for secret in (UPSTREAM_KEY, TOKEN, "stack-" + "k" * 20, "stack-" + "p" * 20)
    )
    scene = Scene(stack=stack, upstream=upstream, dice=dice, secrets=secrets)
    found: list[str] = []
    counts = Counter[str]()
    weights = [WEIGHTS.get(kind.__name__, 1.0) for kind in ATTACKS]
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        (kind,) = dice.choices(ATTACKS, weights)
        counts[kind.__name__] += 1
        try:
            found += kind(scene)
        except OSError as error:
            found.append(f"{kind.__name__}: no answer, {error!r}")
    return found, counts


def aftermath(stack: Stack, upstream: Simulator) -> list[str]:
    """Return what is wrong once the attacker has left."""
    found = []
    if stack.call("GET", "/ready").status != 200:
        found.append("it is not ready any more")
    if any(SMUGGLED in request.path for request in upstream.requests):
        found.append("a request was smuggled to the provider")
    for word in ("Traceback", "unforeseen", UPSTREAM_KEY, stack.key):
        if word in stack.log:
            at = stack.log.index(word)
            found.append(f"in the log: {stack.log[max(0, at - 200) : at + 600]}")
    return found
