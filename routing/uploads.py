"""The body of a request while it comes: passed on in pieces, never held whole."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from routing.answers import CHUNKS_IN_A_ROW
from routing.api import declared_bytes, too_large
from routing.body import LENGTH_UNKNOWN, MalformedBody
from routing.errors import ClientError, ClientGone, InvalidRequest
from routing.providers.base import Upload

PIECE_BYTES = 64 * 1024
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def upload_of(request: Any) -> Upload | None:
    """Return the body of `request`, still to be read; None when it has none.

    Raises RequestTooLarge, or InvalidRequest for a length that is no number.
    """
    source, limit = request.META["wsgi.input"], settings.CASCADE_MAX_UPLOAD_BYTES
    if LENGTH_UNKNOWN in request.META:
        return Upload(chunks=_chunked(source, limit), length_bytes=None)
    length = declared_bytes(request)
    if length is None:
        raise InvalidRequest("The content-length is not a number.")
    if length > limit:
        raise too_large(limit)
    if not length and request.method not in _METHODS_WITH_BODY:
        return None
    return Upload(chunks=_announced(source, length), length_bytes=length)


def discard(upload: Upload) -> None:
    """Read what is still coming, within limits: it was answered before its end.

    A socket closed with bytes unread is reset, and the answer with it. Raises
    ClientGone when the client left in the middle.
    """
    left = 2 * settings.CASCADE_MAX_BODY_BYTES
    with contextlib.suppress(ClientError):
        for piece in upload.chunks:
            left -= len(piece)
            if left <= 0:
                return


def _announced(source: Any, length: int) -> Iterator[bytes]:
    """Yield `length` bytes. Raises ClientGone when fewer come."""
    left = length
    for piece in _pieces(source, length):
        left -= len(piece)
        yield piece
    if left:
        raise ClientGone


def _chunked(source: Any, limit: int) -> Iterator[bytes]:
    """Yield bytes up to their end. Raises RequestTooLarge, and as `_read` does."""
    size = 0
    for piece in _pieces(source, limit + 1):
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        yield piece


def _pieces(source: Any, most: int) -> Iterator[bytes]:
    """Yield up to `most` bytes, and let others of this worker have their turn."""
    left, in_a_row = most, 0
    while left and (piece := _read(source, min(left, PIECE_BYTES))):
        left -= len(piece)
        in_a_row += 1
        if in_a_row % CHUNKS_IN_A_ROW == 0:
            time.sleep(0)
        yield piece


def _read(source: Any, size: int) -> bytes:
    """Return up to `size` bytes. Raises ClientGone, InvalidRequest for no chunks."""
    try:
        return bytes(source.read(size))
    except MalformedBody:
        raise InvalidRequest("The request cannot be read.") from None
    except OSError:
        raise ClientGone from None
