"""Settled -> HTTP: a whole answer or a stream, with the headers we add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import Future, wait
from functools import partial
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from routing import breaker, cascade
from routing.answers import (
    Body,
    HeldAnswer,
    ReadyAnswer,
    ReleasingBody,
)
from routing.background import in_background
from routing.connection import ClientConnection
from routing.decision_log import Decision
from routing.dialects import DIALECTS, ClientDialect, dialect_of
from routing.errors import ProxyError
from routing.outcome import Outcome
from routing.settling import Settled, Settler
from routing.sse import EVENT_STREAM
from routing.types import CascadePlan, ChatRequest, Dialect, Headers, Recalled
from routing.verdicts import Judge

# About the server that answered, which is us; set-cookie would tie later requests of
# the client, which go elsewhere, to a provider's balancer.
NOT_RELAYED = frozenset(
    {
        "server",
        "date",
        "set-cookie",
        "alt-svc",
        "strict-transport-security",
        "clear-site-data",
    }
)
# Ours to say: what came of a request, who may read the answer, how browsers treat us.
NOT_RELAYED_STARTS = ("x-cascade-", "access-control-")
# What no browser opens as a page. One type alone: of several it may choose another.
_NO_PAGE = re.compile(
    rf"\s*(?:application/json|{EVENT_STREAM})\s*(?:;\s*charset=[\w-]+\s*)?",
    re.IGNORECASE,
)
# What a model name may hold and still stand in a header as it is; the rest is encoded.
_PLAIN_IN_HEADERS = " !#$&'()*+,/:;=?@[]{}|^`<>"
HELD_HEADERS: Headers = (
    ("content-type", EVENT_STREAM),
    ("cache-control", "no-cache"),
)


def respond(
    request: ChatRequest,
    plan: CascadePlan,
    *,
    judge: Judge,
    recalled: Recalled,
    decision: Decision,
    connection: ClientConnection,
) -> HttpResponseBase:
    """Return the answer. Until then not one byte has gone to the client.

    A cascaded stream is held for `CASCADE_HOLD_S` at most; then it begins with pings
    while the decision is open. The connection is released when the answer has ended.
    """
    settler = Settler(
        request,
        plan,
        decision=decision,
        client_gone=lambda: connection.gone,
    )
    run = partial(
        cascade.run,
        request,
        plan,
        upstream=connection.upstream,
        judge=judge,
        recalled=recalled,
        claim_trial=breaker.claim_trial,
    )
    if not (request.stream and plan.mode == "cascade"):
        return _answer(run(), settler, decision, connection)
    pending = in_background(run, name="cascade")
    if not wait([pending], timeout=settings.CASCADE_HOLD_S).done:
        return _held(pending, settler, decision, connection, dialect_of(request))
    return _answer(pending.result(), settler, decision, connection)


def error_response(
    error: ProxyError, request_id: str, dialect: Dialect = "anthropic"
) -> HttpResponse:
    """Return our own `error` as an answer in the envelope of `dialect`."""
    spoken = DIALECTS[dialect]
    return plain_response(
        spoken.status_of(error),
        spoken.error_headers(error, request_id),
        spoken.render_error(error, request_id),
    )


def empty_response(status: int) -> HttpResponse:
    """Return an answer without a body, and so without the type Django gives it."""
    response = HttpResponse(status=status)
    del response.headers["content-type"]
    return response


def with_limits(
    response: HttpResponseBase, headers: Mapping[str, str]
) -> HttpResponseBase:
    """Return `response` with `headers` of our limits where the provider sent none."""
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def plain_response(status: int, headers: Headers, body: bytes) -> HttpResponse:
    """Return an answer of a provider as it came, outside any decision."""
    response = HttpResponse(body, status=status, headers=relayable(headers))
    response.headers["content-length"] = str(len(body))
    return response


def relayable(headers: Headers) -> dict[str, str]:
    """Return the headers of a provider's answer that go to the client.

    A header that came several times is joined to one, as RFC 9110, 5.3 allows.
    """
    relayed: dict[str, str] = {}
    for name, value in headers:
        if name not in NOT_RELAYED and not name.startswith(NOT_RELAYED_STARTS):
            before = relayed.get(name)
            relayed[name] = value if before is None else f"{before}, {value}"
    kind = relayed.setdefault("content-type", "application/octet-stream")
    if not _NO_PAGE.fullmatch(kind):
        # A provider's page must not act as one of ours where it is opened.
        relayed["x-content-type-options"] = "nosniff"
        relayed["content-security-policy"] = "sandbox"
    return relayed


def _answer(
    outcome: Outcome,
    settler: Settler,
    decision: Decision,
    connection: ClientConnection,
) -> HttpResponseBase:
    settled = settler.settle(outcome)
    if settled.streamed:
        response = _streaming(settled, connection)
    else:
        connection.release()
        response = plain_response(
            settled.status, settled.headers, b"".join(settled.body)
        )
    return _with(response, cascade_headers(outcome, decision))


def _held(
    pending: Future[Outcome],
    settler: Settler,
    decision: Decision,
    connection: ClientConnection,
    spoken: ClientDialect,
) -> HttpResponseBase:
    body = HeldAnswer(
        pending,
        ping=spoken.render_ping(),
        ping_s=settings.CASCADE_PING_S,
        answer=lambda outcome: _late_body(settler.settle(outcome), spoken),
        on_abandon=connection.abandon,
    )
    headers = (*HELD_HEADERS, (spoken.REQUEST_ID, decision.request_id))
    settled = Settled(status=200, headers=headers, body=body, streamed=True)
    added = {"x-cascade-decision": decision.id}
    return _with(_streaming(settled, connection), added)


def _with(response: HttpResponseBase, headers: Mapping[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _late_body(settled: Settled, spoken: ClientDialect) -> Body:
    """Return what follows the pings; what is no stream becomes an `error` event.

    The status line is gone, so the real status cannot be told any more.
    """
    if settled.streamed:
        return settled.body
    body = b"".join(settled.body)
    if not body:
        return settled.body
    return ReadyAnswer([spoken.error_event_of(body)])


def _streaming(settled: Settled, connection: ClientConnection) -> HttpResponseBase:
    return StreamingHttpResponse(
        ReleasingBody(settled.body, connection.release),
        status=settled.status,
        headers=relayable(settled.headers),
    )


def cascade_headers(outcome: Outcome, decision: Decision) -> Mapping[str, str]:
    """Return the headers we add to an answer; all of them begin with `x-cascade-`."""
    headers = {
        "x-cascade-decision": decision.id,
        "x-cascade-outcome": outcome.kind,
        "x-cascade-model": quote(outcome.served.model, safe=_PLAIN_IN_HEADERS),
    }
    if outcome.reason:
        headers["x-cascade-reason"] = outcome.reason
    if outcome.verdict is not None:
        headers["x-cascade-confidence"] = f"{outcome.verdict.confidence:.2f}"
    if outcome.served.provider.simulated:
        headers["x-cascade-simulated"] = "true"
    return headers
