"""`make fuzz`: every kind of input in turn, for FUZZ_S seconds in all.

atheris is no dependency of the project: it is installed into the user's cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fuzz.seeds import BODIES, STREAMS
from tests.programs import python_with

ROOT = Path(__file__).resolve().parents[2]
SEEDS = {"streams": STREAMS, "bodies": BODIES, "requests": BODIES, "encodings": STREAMS}
# An input that takes longer is a finding too.
SLOW_S = 10


def main() -> int:
    """Return how many kinds of input broke a property."""
    seconds = int(os.environ.get("FUZZ_S", "60"))  # noqa: TID251  no setting of the product
    try:
        python = python_with("atheris")
    except pytest.skip.Exception as skipped:
        sys.stdout.write(f"nothing was fuzzed: {skipped}\n")
        return 0
    return sum(_fuzz(python, kind, seconds // len(SEEDS)) for kind in SEEDS)


def _fuzz(python: Path, kind: str, seconds: int) -> bool:
    """Return whether something was found; the input that shows it is told."""
    with TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, seed in enumerate(SEEDS[kind]):
            (Path(corpus) / str(number)).write_bytes(seed + b"\x00")
        command = [python, "-m", "tests.fuzz.fuzzer", kind, corpus]
        options = [
            f"-max_total_time={max(1, seconds)}",
            f"-timeout={SLOW_S}",
            "-max_len=4096",
            f"-artifact_prefix={ROOT}/run/fuzz-{kind}-",
            "-print_final_stats=1",
        ]
        (ROOT / "run").mkdir(exist_ok=True)
        ours = os.pathsep.join((str(ROOT), sysconfig.get_path("platlib")))
        done = subprocess.run(  # noqa: S603  fixed here
            [*command, *options],
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONPATH": ours},
            check=False,
        )
    found = done.returncode != 0
    sys.stdout.write(f"{kind}: {'FOUND' if found else 'nothing found'}\n")
    return found


if __name__ == "__main__":
    sys.exit(main())
