"""What a worker answers that never reached the application."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import msgspec
import pytest
from gunicorn.http.errors import InvalidRequestLine

from cascadeproxy import workers


class Socket:
    """Keeps what is sent to a client."""

    def __init__(self):
        self.sent = b""

    def gettimeout(self):
        return 0.0

    def sendall(self, data):
        self.sent += data


def answer_to(error, path=None):
    client = Socket()
    worker = SimpleNamespace(log=logging.getLogger("worker"))
    request = SimpleNamespace(path=path, method="POST") if path else None
    workers.OurErrors.handle_error(worker, request, client, ("peer", 1), error)
    head, _, body = client.sent.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    return head, msgspec.json.decode(body)


def test_what_is_no_http_is_answered_in_the_envelope_of_messages():
    head, told = answer_to(InvalidRequestLine("x"))
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told["error"]["type"] == "invalid_request_error"
    assert f"\r\nrequest-id: {told['request_id']}".encode() in head


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_where_the_path_is_known_openais_clients_have_their_own(path):
    head, told = answer_to(RuntimeError("a bug"), path)
    assert head.startswith(b"HTTP/1.1 500 ")
    assert set(told) == {"error"}
    assert b"\r\nx-request-id: " in head
