"""`python -m tests.fuzz.fuzzer TARGET [libFuzzer options]`: fuzzes one kind of input.

Needs atheris, and ends at the first property that does not hold.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import atheris

with atheris.instrument_imports(include=["routing"]):
    from tests.fuzz import deciding, properties

TARGETS = {
    "streams": properties.OF_STREAMS,
    "bodies": properties.OF_BODIES,
    "requests": deciding.OF_REQUESTS,
    "encodings": properties.OF_ENCODINGS,
}


def pieces_in(data: bytes) -> list[bytes]:
    """Return the pieces `data` stands for: its last bytes say where to cut the rest.

    Data that ends with a zero byte is one piece, so that real inputs can be seeds.
    """
    count = data[-1] % 8 if data else 0
    cuts, rest = data[-1 - 2 * count : -1], data[: max(0, len(data) - 1 - 2 * count)]
    places = (int.from_bytes(cuts[at : at + 2]) for at in range(0, len(cuts), 2))
    edges = sorted(place % (len(rest) + 1) for place in places)
    return [rest[a:b] for a, b in pairwise([0, *edges, len(rest)])]


def main() -> None:
    """Fuzz until the time is up or something is found."""
    holds = TARGETS[sys.argv.pop(1)]

    def ask(data: bytes) -> None:
        pieces = pieces_in(data)
        for check in holds:
            check(pieces)

    atheris.Setup(sys.argv, ask)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
