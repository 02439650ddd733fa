"""`python -m bench.decisions DIRECTORY`: gives the keeper something to load.

Appends made-up decisions to a journal file of its own, as another busy worker would,
until standard input ends.
"""

from __future__ import annotations

import dataclasses
import select
import sys
from datetime import UTC, datetime
from pathlib import Path

from metrics import lines
from metrics.identifiers import new_decision_id
from metrics.journal import Journal
from metrics.types import CallRecord, DecisionRecord, Price, Usage

PER_SECOND = 1000
BEAT_S = 0.05

_CALL = CallRecord(
    role="verifier",
    provider="bench",
    model="made-up",
    status=200,
    usage=Usage(input_tokens=512, output_tokens=200),
    price=Price(
        input_nusd=3_000_000_000,
        output_nusd=15_000_000_000,
        cache_read_nusd=300_000_000,
        cache_write_5m_nusd=3_750_000_000,
        cache_write_1h_nusd=6_000_000_000,
    ),
    cost_nusd=4_536_000,
    duration_ms=1000,
)
_RECORD = DecisionRecord(
    decision_id="",
    started_at=datetime.now(UTC),
    key_name="bench",
    key_prefix="cp_bench",
    tag="",
    rule="",
    requested_model="made-up",
    served_model="made-up",
    draft_model="",
    verifier_model="made-up",
    outcome="pass_through",
    reason="",
    confidence=None,
    threshold=None,
    signals={},
    calls=(_CALL,),
    cost_nusd=4_536_000,
    baseline_nusd=4_536_000,
    total_ms=1002,
    overhead_us=1500,
    first_byte_ms=1001,
    status=200,
    stream=False,
    aborted=False,
    simulated=False,
)


def main(directory: Path) -> None:
    """Append about `PER_SECOND` decisions a second until standard input ends."""
    journal = Journal(directory)
    while not select.select([sys.stdin], [], [], BEAT_S)[0]:
        for _ in range(round(PER_SECOND * BEAT_S)):
            record = dataclasses.replace(_RECORD, decision_id=new_decision_id())
            journal.append(lines.encode(record))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
