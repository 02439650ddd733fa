"""`python -m bench`: measures the proxy beside the bare floor and going direct.

Everything runs on loopback and ends with this process. Takes up to four minutes, with
`--quick` less than one. Absolute figures depend on the machine and on what else it
does; the ratios within one run last.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from bench import procfs, report, stack
from bench.run import QUICK, TOPICS, WHOLE, Run

INTERRUPTED = 130


def main() -> int:
    """Run the bench as told by the command line; the exit status comes back."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    machine = f"{procfs.machine()}, Python {platform.python_version()}"
    _say(f"Measuring on {machine}.")
    try:
        run = _measure(options)
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED
    _say(f"Load at the end: {procfs.load()}.")
    sys.stdout.write(report.table(run.rows) + "\n")
    if options.json:
        options.json.write_bytes(report.as_json(run.rows, machine))
    return 0


def _measure(options: argparse.Namespace) -> Run:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, stack.upstream() as up:
        site = stack.prepare(Path(name), up.address[1], options.worker_class)
        run = Run(QUICK if options.quick else WHOLE, site, up, _say)
        run.per_core(options.only)
        run.together(options.only, workers=options.workers)
    return run


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of all, one minute")
    parser.add_argument(
        "--only",
        type=_topics,
        default=TOPICS,
        metavar="NAMES",
        help=f"some of {','.join(TOPICS)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write JSON")
    parser.add_argument(
        "--workers",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="of the proxy, where many clients are measured (default: the cores)",
    )
    parser.add_argument(
        "--worker-class", choices=("gevent", "gthread"), default="gevent"
    )
    return parser.parse_args()


def _topics(names: str) -> tuple[str, ...]:
    topics = tuple(names.split(","))
    if unknown := set(topics) - set(TOPICS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return topics


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
