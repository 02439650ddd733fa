"""`python -m tests.fidelity`: prints the table as Markdown."""

from __future__ import annotations

import sys

from tests.fidelity.table import ROWS


def main() -> None:
    """Print a line for each row, then how many there are."""
    lines = ["| row | what | source |", "|---|---|---|"]
    lines += [f"| {row.id} | {row.what} | {row.source} |" for row in ROWS]
    sys.stdout.write("\n".join([*lines, "", f"{len(ROWS)} rows", ""]))


if __name__ == "__main__":
    main()
