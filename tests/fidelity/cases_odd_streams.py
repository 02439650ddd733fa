"""S2, S3: every oddity of a stream that clients were seen to bear; cuts anywhere."""

from __future__ import annotations

import itertools

from tests.fidelity.messages import EVENTS, delta, live, start
from tests.fidelity.recording_upstream import Script
from tests.fidelity.streams import PING, USUAL, added, row

ODD = "streaming, what clients were seen to bear"

_CRLF = tuple(piece.replace(b"\n", b"\r\n") for piece in USUAL)
_CR = tuple(piece.replace(b"\n", b"\r") for piece in USUAL)
_TWO_LINES = tuple(
    piece.replace(b', "', b',\ndata: "', 1) if b"message_start" in piece else piece
    for piece in USUAL
)
_NO_SPACE = tuple(p.replace(b": ", b":", 1).replace(b"data: ", b"data:") for p in USUAL)
_LONG_TEXT = delta("text_delta", text=" ".join(f"word{n}" for n in range(120_000)))
_WHOLE_STREAM = b"".join(USUAL)

_ODD_ROWS = (
    row(
        "201",
        "comments, before and between events",
        ODD,
        b": hi\n\n",
        *added(b": x\n\n"),
    ),
    row("202", "a comment inside an event", ODD, *added(b": x\n" + PING)),
    row("203", "pings before message_start", ODD, PING, PING, *USUAL),
    row("204", "CRLF", ODD, *_CRLF),
    row("205", "lone CR", ODD, *_CR),
    row("206", "data in several lines", ODD, *_TWO_LINES),
    row("207", "no space after the colon", ODD, *_NO_SPACE),
    row("208", "fields id and retry", ODD, *added(b"id: 7\nretry: 10\n" + PING)),
    row(
        "209",
        "data before event",
        ODD,
        *added(b'data: {"type": "ping"}\nevent: ping\n\n'),
    ),
    row("210", "a byte order mark", ODD, b"\xef\xbb\xbf" + USUAL[0], *USUAL[1:]),
    row("211", "an event of a megabyte", ODD, *added(_LONG_TEXT)),
    row("212", "all events in one piece", ODD, _WHOLE_STREAM),
    row("213", "several events in one piece", ODD, b"".join(USUAL[:4]), *USUAL[4:]),
    row("214", "blank lines between events", ODD, *added(b"\n\n")),
    row(
        "215",
        "content-length in place of chunks",
        ODD,
        answer=live(*USUAL, framing="length"),
    ),
    row(
        "216",
        "the connection's end in place of chunks",
        ODD,
        answer=live(*USUAL, framing="until_close"),
    ),
    row(
        "217",
        "white space in JSON",
        ODD,
        *(piece.replace(b'": ', b'" :\t ') for piece in USUAL),
    ),
    row(
        "218",
        "model named elsewhere too",
        ODD,
        start(
            usage={"iterations": [{"model": "@SERVED@"}], "output_tokens": 1},
            model="@MODEL@",
        ),
        *USUAL[1:],
    ),
    row("219", "data with no event name", ODD, *added(b'data: {"type": "ping"}\n\n')),
    row(
        "220",
        "content-type text/event-stream alone",
        ODD,
        answer=live(
            *USUAL, headers=(("content-type", "text/event-stream"), *EVENTS[2:])
        ),
    ),
)


def _cut(*places: int) -> Script:
    """The usual stream cut at these places, wherever in an event they are."""
    bounds = (0, *places, len(_WHOLE_STREAM))
    pieces = itertools.pairwise(bounds)
    return live(*(_WHOLE_STREAM[a:b] for a, b in pieces))


def _within(text: bytes, offset: int) -> int:
    return _WHOLE_STREAM.index(text) + offset


_PLACES: dict[str, tuple[int, ...]] = {
    "inside a character of UTF-8": (_within("\u4f60".encode(), 1),),
    "before each byte of a character": tuple(
        _within("\u4f60".encode(), n) for n in range(4)
    ),
    "inside an event's name": (9,),
    "between the line ends that end an event": (len(USUAL[0]) - 1,),
    "before and after the model's name": (
        _within(b"@MODEL@", 0),
        _within(b"@MODEL@", 7),
    ),
    "inside the word model": (_within(b'"model"', 3),),
    "between event and data": (_within(b"data:", 0),),
    "inside the word data": (_within(b"data:", 2),),
    "before the last byte": (len(_WHOLE_STREAM) - 1,),
    "after the first byte": (1,),
    "after the first byte of each event": tuple(
        sum(map(len, USUAL[:n])) + 1 for n in range(1, len(USUAL))
    ),
}
_CUT_ROWS = (
    *(
        row(f"3{number:02}", f"cut {where}", ODD, answer=_cut(*places))
        for number, (where, places) in enumerate(_PLACES.items(), start=1)
    ),
    *(
        row(f"3{number}", f"cut every {every} bytes", ODD, *USUAL, every=every)
        for number, every in (("21", 1), ("22", 7), ("23", 64))
    ),
    row("324", "CRLF, cut every byte", ODD, *_CRLF, every=1),
    row(
        "325",
        "another model's name put in, cut every byte",
        ODD,
        *USUAL,
        every=1,
        terms={"verifier_model": "verifier-large"},
    ),
)

CASES = (*_ODD_ROWS, *_CUT_ROWS)
