"""Which addresses are passed on, by what name they are known, and who may."""

from __future__ import annotations

import dataclasses

import pytest

from routing.account import (
    ENDPOINTS,
    PassedOn,
    endpoint_of,
    is_passable,
    require_access,
)
from routing.errors import ClientGone, Forbidden, NotFound, StreamInterrupted
from tests.fakes import FakeReply
from tests.routing.builders import ACME


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files",
        "/v1/files/file_1/content",
        "/v1/messages/batches/msgbatch_1/results",
        "/v1/skills/s/versions/1.0",
        "/v1/organizations/api_keys/caf\u00e9 b",
        "/v1/files/...",
        "/v1/files/100%25",
    ],
)
def test_passes_on_what_lies_below_the_api(path):
    assert is_passable(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/v1",
        "/v1/",
        "/v2/files",
        "/v1x/files",
        "/v1/a/",
        "/v1//a",
        "/v1/a/..",
        "/v1/%2e/a",
        "/v1/a%2f%2e%2e%2fb",
        "/v1/a;x/..;y",
        "/v1/a\\b",
        "/v1/a%5cb",
        "/v1/a\x7f",
        "/v1/a%0d%0ab",
        "/v1/%25252e%25252e/a",
        "/v1/%2525252525252541",
    ],
)
def test_passes_on_nothing_that_could_lead_elsewhere(path):
    assert not is_passable(path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/messages/batches", "batches"),
        ("/v1/messages/batches/b_1/cancel", "batches"),
        ("/v1/messages/batchesque", "other"),
        ("/v1/files/file_1/content", "files"),
        ("/v1/organizations/me", "organizations"),
        ("/v1/whatever a client writes", "other"),
    ],
)
def test_names_are_few(path, name):
    assert endpoint_of(path) == name
    assert name in ENDPOINTS | {"batches", "other"}


def test_lets_in_a_key_that_may_reach_the_account(settings):
    asked = ("GET", "/v1/files")
    require_access(dataclasses.replace(ACME, account_access=True), *asked)
    with pytest.raises(Forbidden, match="GET /v1/files reaches the whole account"):
        require_access(ACME, *asked)
    settings.CASCADE_AUTH_MODE = "none"
    with pytest.raises(Forbidden, match="nobody may"):
        require_access(ACME, *asked)
    settings.CASCADE_AUTH_MODE = "pass_through"
    require_access(ACME, *asked)


@pytest.mark.parametrize("name", ["messages", "chat/completions"])
def test_knows_a_base_url_with_one_v1_too_many(name):
    with pytest.raises(NotFound, match=r"ends before /v1, .* OpenAI's with it"):
        require_access(ACME, "POST", f"/v1/v1/{name}")


class Ends:
    """Notes how a decision was closed."""

    def __init__(self) -> None:
        self.closed = []

    def close(self, *, status, aborted=False):
        self.closed.append((status, aborted))


class Reply(FakeReply):
    length_bytes: int | None = None


def passed_on(*chunks, length=None):
    reply, ends = Reply(*chunks), Ends()
    reply.length_bytes = length
    return PassedOn(reply, ends), reply, ends.closed


def test_a_body_is_recorded_at_its_end():
    body, _, closed = passed_on(b"one", b"two")
    assert list(body) == [b"one", b"two"]
    assert closed == [(200, False)]


def test_a_body_of_known_length_is_recorded_with_its_last_bytes():
    body, _, closed = passed_on(b"one", b"two", length=6)
    assert next(body) == b"one"
    assert closed == []
    assert next(body) == b"two"
    assert closed == [(200, False)]


def test_a_body_nobody_reads_is_recorded_as_aborted_and_closed():
    body, reply, closed = passed_on(b"one")
    body.close()
    assert closed == [(200, True)]
    assert reply.closed


def test_a_body_ends_quietly_when_its_client_has_left():
    body, reply, closed = passed_on(b"one", ClientGone())
    assert list(body) == [b"one"]
    assert closed == [(200, True)]
    assert reply.closed


def test_a_body_that_breaks_off_cuts_the_connection():
    body, _, closed = passed_on(b"one", StreamInterrupted("cut"))
    assert next(body) == b"one"
    with pytest.raises(StreamInterrupted):
        next(body)
    assert closed == [(502, False)]


def test_a_long_body_lets_others_go_first(monkeypatch):
    naps = []
    monkeypatch.setattr("routing.account.time.sleep", naps.append)
    body, _, _ = passed_on(*[b"x"] * 130)
    assert len(list(body)) == 130
    assert naps == [0, 0]
