"""The properties, asked of arbitrary bytes and of real inputs with something broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import deciding, properties
from tests.fuzz.seeds import BODIES, STREAMS
from tests.routing.generated import pieces_of

# What means something to a parser of events or JSON, and what means nothing anywhere.
ODD_BYTES = st.sampled_from(
    [
        *(b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r", b"\n\n", b"\x00", b"\x0b", b"\x85"),
        *(b"\xef\xbb\xbf", b"\xff", b"\xc3", b": note\n", b"data", b"data:", b"event:"),
        *(b"id: 7\n", b"\ndata: \ndata:", b"event: message_start\n", b"event: error\n"),
        *(b"{", b"}", b"[", b"]", b'"', b",", b"\\", b"null", b"NaN", b"1e999", b"-"),
        *(b'"model":', b'"model":"m",', b'"\\u006dodel":1,', b'"index":true', b"\\ud8"),
    ]
)


@st.composite
def broken(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A real input with some bytes put in, taken out or said twice."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        put_in = draw(ODD_BYTES | st.binary(max_size=3) | st.just(data[start:end] * 2))
        data = data[:start] + put_in + data[end:]
    return data


def inputs(seeds: tuple[bytes, ...]) -> st.SearchStrategy[list[bytes]]:
    """Pieces of arbitrary bytes, of nothing but odd ones, or of broken seeds."""
    odd = st.lists(ODD_BYTES, max_size=12).map(b"".join)
    return st.one_of(broken(seeds), odd, st.binary(max_size=60)).flatmap(pieces_of)


@pytest.mark.parametrize(
    "holds", properties.OF_STREAMS, ids=lambda holds: holds.__name__
)
@given(pieces=inputs(STREAMS))
def test_holds_for_streams(holds, pieces):
    holds(pieces)


@pytest.mark.parametrize(
    "holds", properties.OF_BODIES, ids=lambda holds: holds.__name__
)
@given(pieces=inputs(BODIES))
def test_holds_for_bodies(holds, pieces):
    holds(pieces)


@pytest.mark.parametrize(
    "holds", deciding.OF_REQUESTS, ids=lambda holds: holds.__name__
)
@given(pieces=inputs(BODIES))
def test_holds_for_requests(holds, pieces):
    holds(pieces)


@pytest.mark.parametrize(
    "holds", properties.OF_ENCODINGS, ids=lambda holds: holds.__name__
)
@given(pieces=inputs(STREAMS))
def test_holds_for_packed_bodies(holds, pieces):
    holds(pieces)


@pytest.mark.parametrize("stream", STREAMS, ids=range(len(STREAMS)))
def test_a_cut_of_a_real_stream_at_any_byte_changes_nothing(stream):
    expected = properties.split([stream])
    for at in range(len(stream) + 1):
        assert properties.split([stream[:at], stream[at:]]) == expected
