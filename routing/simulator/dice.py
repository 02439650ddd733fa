"""Draws that depend on a digest and a purpose alone, in every process and Python."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"
_RANGE = 2**64


class Dice:
    """A sequence of draws; the same digest and purpose give the same sequence."""

    def __init__(self, digest: bytes, purpose: str) -> None:
        self._key = digest + purpose.encode()
        self._drawn = 0

    def share(self) -> float:
        """Return a number in [0, 1)."""
        return self._draw() / _RANGE

    def below(self, limit: int) -> int:
        """Return an integer in [0, limit)."""
        return self._draw() % limit

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Return `count` different `options`, all of them when there are fewer."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(min(count, len(rest)))]

    def word(self, length: int) -> str:
        """Return `length` letters and digits, as identifiers have them; at most 64."""
        drawn = self._bytes(length)
        return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in drawn)

    def _draw(self) -> int:
        return int.from_bytes(self._bytes(8), "big")

    def _bytes(self, count: int) -> bytes:
        self._drawn += 1
        key = self._key + self._drawn.to_bytes(8, "big")
        return blake2b(key, digest_size=count).digest()
