"""How much of an answer is worth building: bytes, and the lists and objects in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Lists and objects, with the brackets in texts: each costs many times its bytes. Three
# are in each event of the longest stream, and one in four tokens of code.
MAX_OPENINGS = 1_000_000


def openings_in(chunk: bytes) -> int:
    """Return how many lists and objects a chunk of JSON opens at most."""
    return chunk.count(b"[") + chunk.count(b"{")


def bounded(
    chunks: Iterable[bytes], most_bytes: int, *, too_large: Exception
) -> Iterator[bytes]:
    """Yield `chunks` as they come. Raises `too_large` past either bound."""
    size = openings = 0
    for chunk in chunks:
        size += len(chunk)
        openings += openings_in(chunk)
        if size > most_bytes or openings > MAX_OPENINGS:
            raise too_large
        yield chunk
