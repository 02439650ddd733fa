"""What the kernel says of processes: CPU time, memory, children, cores. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Megabytes (10^6 bytes) of one process: resident, its share, resident at most."""

    rss_mb: float
    pss_mb: float
    peak_mb: float


def cpu_s(pids: Iterable[int]) -> float:
    """Return the CPU seconds of `pids` together, to a hundredth."""
    return sum(_cpu_ticks(pid) for pid in pids) / _TICKS_PER_S


def memory(pid: int) -> Memory:
    """Return the memory of a process now."""
    rollup = _kilobytes(_PROC / str(pid) / "smaps_rollup")
    status = _kilobytes(_PROC / str(pid) / "status")
    return Memory(
        rss_mb=rollup["Rss"] * 1.024e-3,
        pss_mb=rollup["Pss"] * 1.024e-3,
        peak_mb=status["VmHWM"] * 1.024e-3,
    )


def children(pid: int) -> list[int]:
    """Return the children of a process, the oldest first."""
    text = (_PROC / str(pid) / "task" / str(pid) / "children").read_text()
    return [int(child) for child in text.split()]


def command(pid: int) -> str:
    """Return the command line of a process, its arguments parted by spaces."""
    return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()


def pin(pid: int, cores: set[int]) -> None:
    """Let all threads of a process run on `cores` only; so will those they start."""
    for task in (_PROC / str(pid) / "task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


def machine() -> str:
    """Return the processor's name, the cores we may use and the load, in one line."""
    lines = (_PROC / "cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    cores = len(os.sched_getaffinity(0))
    return f"{names[0] if names else 'unknown'}, {cores} cores, load {load()}"


def load() -> str:
    """Return the load averages."""
    return " ".join(f"{average:.1f}" for average in os.getloadavg())


def _cpu_ticks(pid: int) -> int:
    # The name, in parentheses, may hold anything; user and system time are the
    # 14th and 15th fields. Source: proc(5).
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _kilobytes(path: Path) -> dict[str, int]:
    values = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            values[name] = int(value.split()[0])
    return values
