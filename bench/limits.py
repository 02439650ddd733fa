"""`python -m bench.limits`: what limits of a key cost a request, store by store.

Lets requests in and settles them, as a worker does, without the rest of it: keys
without limits, with rates, with everything. Prints microseconds and ratios to the key
without limits of the same run. Takes a quarter of a minute.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROUNDS = 7
CALLS = 200
STORES = ("file", "Redis", "PostgreSQL")


def main() -> int:
    """Measure each store in a process of its own; the exit status comes back."""
    if len(sys.argv) > 1:
        return _measure()
    for store in STORES:
        with ExitStack() as ending:
            directory = ending.enter_context(
                tempfile.TemporaryDirectory(prefix="cascade-limits-")
            )
            environment = _environment(Path(directory), store, ending)
            if environment is None:
                print(f"{store}: not installed")  # noqa: T201
                continue
            command = [sys.executable, "-m", "bench.limits", store]
            subprocess.run(command, env=environment, check=True)  # noqa: S603
    return 0


def _environment(
    directory: Path, store: str, ending: ExitStack
) -> dict[str, str] | None:
    from bench import postgres  # noqa: PLC0415  only here, beside the servers

    found = {
        "PATH": os.defpath,
        "DJANGO_SETTINGS_MODULE": "cascadeproxy.settings",
        "CASCADE_ENV_FILE": os.devnull,
        "SECRET_KEY": "bench-" + "k" * 60,
        "CASCADE_KEY_PEPPER": "bench-" + "p" * 40,
        "DATABASE_URL": f"sqlite:///{directory}/db.sqlite3",
        "CASCADE_STATE_DIR": str(directory / "state"),
        "CASCADE_SNAPSHOT_POLL_S": "1",
    }
    if store == "PostgreSQL":
        if not postgres.available():
            return None
        return found | {"DATABASE_URL": ending.enter_context(postgres.server())}
    if store == "Redis":
        if shutil.which("redis-server") is None:
            return None
        return found | {"REDIS_URL": ending.enter_context(_redis(directory))}
    return found


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir"]
    process = subprocess.Popen(  # noqa: S603
        [str(shutil.which("redis-server")), *words, str(directory)],
        stdout=subprocess.DEVNULL,
    )
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _measure() -> int:
    import django  # noqa: PLC0415  after the environment is there

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    asks = _asks()
    for ask in asks.values():
        ask()  # connections, scripts, tables
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                ask()
            taken[name].append((time.perf_counter() - began) / CALLS * 1e6)
    # The least: what else the machine does only ever adds.
    least = {name: min(values) for name, values in taken.items()}
    for name, us in least.items():
        ratio = us / least["no limits"]
        print(f"{sys.argv[1]}: {name}: {us:,.1f} us, {ratio:,.1f}x")  # noqa: T201
    return 0


def _asks() -> dict[str, Callable[[], None]]:
    from metrics.price_book import PriceBook  # noqa: PLC0415
    from metrics.types import DecisionRecord  # noqa: PLC0415
    from routing import throttles  # noqa: PLC0415
    from routing.config import ClientKeyConfig, Snapshot  # noqa: PLC0415
    from routing.dialects.anthropic import parse_request  # noqa: PLC0415
    from routing.limits.terms import KeyLimits  # noqa: PLC0415
    from routing.types import CascadePlan, ProviderConfig, Target  # noqa: PLC0415

    body = b'{"model": "m", "max_tokens": 9, "messages": [{"content": "%s"}]}'
    request = parse_request(body % (b"x" * 2000), headers=())
    provider = ProviderConfig(name="p", kind="anthropic", base_url="http://p")
    plan = CascadePlan(verifier=Target(provider=provider, model="m"))
    snapshot = Snapshot(version=1, rules=(), patterns=(), keys={}, prices=PriceBook(()))
    record = DecisionRecord(
        **dict.fromkeys(
            ("key_name", "key_prefix", "tag", "rule", "served_model", "reason"), ""
        ),
        **dict.fromkeys(("draft_model", "verifier_model"), ""),
        **dict.fromkeys(("total_ms", "overhead_us", "baseline_nusd"), 0),
        decision_id="d",
        started_at=datetime.now(UTC),
        requested_model="m",
        outcome="pass_through",
        confidence=None,
        threshold=None,
        signals={},
        calls=(),
        cost_nusd=10,
        first_byte_ms=None,
        status=200,
        stream=False,
        aborted=False,
        simulated=False,
    )
    for _ in range(20):  # so that money is foreseen without a price
        throttles._experience.add(3, "m", nusd=10, tokens=10)
    kinds = {
        "no limits": KeyLimits(),
        "requests a minute": KeyLimits(requests_per_minute=10**9),
        "all of them": KeyLimits(
            requests_per_minute=10**9,
            tokens_per_minute=10**12,
            concurrent_requests=10**6,
            day_nusd=10**17,
            month_nusd=10**17,
        ),
    }

    def asking(number: int, limits: KeyLimits) -> Callable[[], None]:
        key = ClientKeyConfig(id=number, name="k", prefix="", tag="", limits=limits)

        def ask() -> None:
            let_in = throttles.admit(request, plan, key, snapshot)
            if let_in is not None:
                let_in.settle(record)

        return ask

    numbered = enumerate(kinds.items(), start=1)
    return {name: asking(number, limits) for number, (name, limits) in numbered}


if __name__ == "__main__":
    sys.exit(main())
