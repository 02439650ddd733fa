"""The upstream of the table records and sends bytes as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fidelity.client import Answered, Asked, ask
from tests.fidelity.recording_upstream import MARK, RecordingUpstream, Script
from tests.wire import call


@pytest.fixture
def server() -> Iterator[RecordingUpstream]:
    with RecordingUpstream() as server:
        yield server


def answer_of(server: RecordingUpstream, script: Script, *pauses: int) -> Answered:
    exchange = server.expect("m", {"": script})
    asked = Asked(method="GET", target="/", headers=((MARK, "m"),), body=None)
    return ask(server.url, asked, pauses=pauses, on_pause=exchange.go_on)


def test_records_the_request_as_it_came(server: RecordingUpstream) -> None:
    exchange = server.expect("m", {"a b": Script(status=201)})
    asked = Asked(
        method="POST",
        target="/x?y=%2F",
        headers=((MARK, "m"), ("X-Odd", "1"), ("x-odd", "2")),
        body=b'{"model" : "a\\u0020b"}',
    )
    assert ask(server.url, asked).status == 201
    (came,) = exchange.requests
    assert came.line == "POST /x?y=%2F HTTP/1.1"
    assert came.body == asked.body
    assert b"X-Odd: 1\r\nx-odd: 2\r\n" in came.head
    assert [value for name, value in came.headers if name == "x-odd"] == ["1", "2"]


def test_reads_a_chunked_upload(server: RecordingUpstream) -> None:
    exchange = server.expect("m", {"": Script()})
    call(server.url, "POST", "/", body=[b"ab", b"c"], headers={MARK: "m"})
    assert exchange.requests[0].body == b"abc"


@pytest.mark.parametrize("framing", ["length", "chunked", "until_close"])
def test_sends_the_bytes_of_the_script(server: RecordingUpstream, framing: str) -> None:
    script = Script(
        status=529,
        headers=(("X-A", "1"),),
        pieces=(b"a", b"", b"b") if framing != "chunked" else (b"a", b"b"),
        framing=framing,  # type: ignore[arg-type]
    )
    answered = answer_of(server, script)
    assert (answered.status, answered.body, answered.whole) == (529, b"ab", True)
    assert answered.header("x-a") == "1"


@pytest.mark.parametrize("ending", ["eof", "reset"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_breaks_off_as_the_script_says(
    server: RecordingUpstream, framing: str, ending: str
) -> None:
    script = Script(
        pieces=(b"a", b"b"),
        framing=framing,  # type: ignore[arg-type]
        ending=ending,  # type: ignore[arg-type]
        gates=frozenset({1}),
    )
    answered = answer_of(server, script, 2)
    assert (answered.body, answered.whole) == (b"ab", False)


def test_waits_at_a_gate_until_the_client_has_read(server: RecordingUpstream) -> None:
    script = Script(pieces=(b"a", b"b"), framing="chunked", gates=frozenset({0}))
    assert answer_of(server, script, 1).body == b"ab"


def test_notes_that_a_client_did_not_get_to_read(
    server: RecordingUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fidelity.recording_upstream.PATIENCE_S", 0.05)
    script = Script(pieces=(b"a", b"b"), framing="chunked", gates=frozenset({0}))
    exchange = server.expect("m", {"": script})
    asked = Asked(method="GET", target="/", headers=((MARK, "m"),), body=None)
    assert ask(server.url, asked).body == b"ab"
    assert exchange.stalled


def test_tells_of_a_request_nobody_expects(server: RecordingUpstream) -> None:
    asked = Asked(method="GET", target="/", headers=(), body=None)
    assert ask(server.url, asked).status == 418
