"""Bodies are passed on in pieces; what is too large or cut off is said so."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from routing.body import LENGTH_UNKNOWN, MalformedBody
from routing.errors import ClientGone, InvalidRequest, RequestTooLarge
from routing.uploads import PIECE_BYTES, discard, upload_of


class Broken(io.BytesIO):
    """A source that fails after what it holds."""

    def __init__(self, body, failure):
        super().__init__(body)
        self.failure = failure

    def read(self, size=-1):
        piece = super().read(size)
        if not piece:
            raise self.failure
        return piece


CUT = Broken(b"half", ConnectionResetError())


def upload(body, *, method="POST", chunked=False, length=None):
    source = io.BytesIO(body) if isinstance(body, bytes) else body
    meta = {"wsgi.input": source}
    if chunked:
        meta[LENGTH_UNKNOWN] = True
    if length is not None:
        meta["CONTENT_LENGTH"] = length
    return upload_of(SimpleNamespace(META=meta, method=method))


def test_yields_what_was_announced_and_no_more():
    given = upload(b"12345next", length="5")
    assert (given.length_bytes, list(given.chunks)) == (5, [b"12345"])


def test_yields_pieces_of_bounded_size():
    body = bytes(2 * PIECE_BYTES + 1)
    sizes = [len(piece) for piece in upload(body, length=str(len(body))).chunks]
    assert sizes == [PIECE_BYTES, PIECE_BYTES, 1]


def test_yields_a_chunked_body_to_its_end():
    given = upload(b"12345", chunked=True)
    assert (given.length_bytes, b"".join(given.chunks)) == (None, b"12345")


@pytest.mark.parametrize(
    ("method", "length", "has_one"),
    [("GET", None, False), ("GET", "0", False), ("DELETE", "1", True)]
    + [(method, "0", True) for method in ("POST", "PUT", "PATCH")],
)
def test_knows_requests_without_a_body(method, length, has_one):
    assert (upload(b"x", method=method, length=length) is not None) is has_one


@pytest.mark.parametrize("body", [b"half", CUT])
def test_a_body_that_ends_too_soon_is_of_a_client_that_left(body):
    with pytest.raises(ClientGone):
        list(upload(body, length="8").chunks)


@pytest.mark.parametrize(
    ("failure", "error"),
    [(MalformedBody(), InvalidRequest), (ConnectionResetError(), ClientGone)],
)
def test_knows_a_chunked_body_that_is_none_from_one_that_broke_off(failure, error):
    with pytest.raises(error):
        list(upload(Broken(b"half", failure), chunked=True).chunks)


def test_takes_a_body_as_large_as_the_limit(settings):
    settings.CASCADE_MAX_UPLOAD_BYTES = 5
    assert list(upload(b"12345", length="5").chunks) == [b"12345"]
    assert list(upload(b"12345", chunked=True).chunks) == [b"12345"]


def test_refuses_a_body_that_is_larger(settings):
    settings.CASCADE_MAX_UPLOAD_BYTES = 5
    with pytest.raises(RequestTooLarge):
        upload(b"123456", length="6")
    with pytest.raises(RequestTooLarge):
        list(upload(b"123456", chunked=True).chunks)


def test_refuses_a_length_that_is_no_number():
    with pytest.raises(InvalidRequest):
        upload(b"", length="-1")


def test_a_long_body_lets_others_go_first(monkeypatch):
    naps = []
    monkeypatch.setattr("routing.uploads.time.sleep", naps.append)
    body = bytes(64 * PIECE_BYTES)
    assert len(list(upload(body, length=str(len(body))).chunks)) == 64
    assert naps == [0]


def test_discards_what_was_not_passed_on():
    source = io.BytesIO(bytes(3 * PIECE_BYTES) + b"next")
    given = upload(source, length=str(3 * PIECE_BYTES))
    next(given.chunks)
    discard(given)
    assert source.read() == b"next"


def test_discards_no_more_than_it_must(settings):
    settings.CASCADE_MAX_BODY_BYTES = PIECE_BYTES
    source = io.BytesIO(bytes(9 * PIECE_BYTES))
    discard(upload(source, length=str(9 * PIECE_BYTES)))
    assert source.tell() == 2 * PIECE_BYTES


def test_discards_what_is_too_large_without_a_word(settings):
    settings.CASCADE_MAX_UPLOAD_BYTES = 5
    discard(upload(b"123456", chunked=True))
