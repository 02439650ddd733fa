"""What must hold of a row that was run: what went up, and what came back."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from tests.fidelity.case import MODEL, Case, Leg, Way
from tests.fidelity.client import Answered, Asked
from tests.fidelity.compression import plain
from tests.fidelity.provision import FOREIGN_KEY, PROVIDER_KEY
from tests.fidelity.recording_upstream import Pairs, Recorded
from tests.wire import parsed

# About one connection, or who may use it: never the next server's business.
# Source: RFC 9110, 7.6.1.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
CREDENTIALS = frozenset({"x-api-key", "authorization"})
# About the server that answers, which is ours.
OF_A_SERVER = frozenset({"date", "server"})
_SPOKEN = ("application/json", "text/event-stream")
# Endpoints that reach the whole account.
ACCOUNT_ROWS = "P2"
NO_DRAFT = ("draft_error", "draft_timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A row after it was run in one way.

    `stalled`: the upstream waited in vain for the client to read what it had sent.
    """

    case: Case
    way: Way
    asked: Asked
    came_up: tuple[Recorded, ...]
    stalled: bool
    answered: Answered


def check_what_went_up(run: Run) -> None:
    """Each leg got the client's own bytes, but for the model, and no key of ours."""
    legs = run.case.legs(run.way)
    if run.case.body is None or MODEL not in run.case.body:
        (request,) = run.came_up
        _check_request(run, "verifier", request)
        return
    by_model = {run.case.model_of(leg, run.way): leg for leg in legs}
    assert [r.model for r in run.came_up] == list(by_model)
    for request in run.came_up:
        _check_request(run, by_model[request.model], request)


def _check_request(run: Run, leg: Leg, request: Recorded) -> None:
    case = run.case
    model = case.model_of(leg, run.way)
    assert request.line == f"{run.asked.method} {run.asked.target} HTTP/1.1"
    assert request.body == case.body_for(leg, model)
    got, sent = _by_name(request.headers), _by_name(run.asked.headers)
    expected = {
        name: value
        for name, value in sent.items()
        if name not in HOP_BY_HOP | CREDENTIALS | case.withheld
    }
    expected["x-api-key"] = FOREIGN_KEY if model.startswith("other-") else PROVIDER_KEY
    expected["host"] = request.header("host")
    # The one header we add going up; by it a proxy knows its own requests.
    assert re.fullmatch("[0-9a-f]{16}", request.header("cascade-hop"))
    expected["cascade-hop"] = request.header("cascade-hop")
    if case.body is not None:
        expected["content-length"] = str(len(request.body))
    assert _listed(got) == _listed(expected)
    keys = [value for name, value in run.asked.headers if name.lower() in CREDENTIALS]
    assert not any(key.encode() in request.head for key in keys)


def check_what_came_back(run: Run) -> None:
    """The client got the answer's own bytes and headers, under the name it asked."""
    assert not run.stalled, "something was held back that had come already"
    if run.case.ends == "refused":
        _check_refused(run.answered)
        return
    seen = run.case.seen(run.way)
    assert run.answered.status == seen.status
    _check_body(run, seen.body)
    _check_headers(run, seen.headers)


def _check_body(run: Run, expected: bytes) -> None:
    body, leg = run.answered.body, run.case.legs(run.way)[-1]
    if run.answered.header("content-encoding"):
        if not _may_be_unpacked(run):
            assert body == run.case.script_of(leg, run.way).body
        body = plain(run.case.encoding, body)
    if run.case.ends == "broken":
        assert body.startswith(expected)
        added = body[len(expected) :]
        assert not run.answered.whole or added.startswith(b"event: error\n")
        return
    assert body == expected
    assert run.answered.whole


def _check_headers(run: Run, sent: Pairs) -> None:
    expected, got = _by_name(sent), _by_name(run.answered.headers)
    named = _words(expected.get("connection", ""))
    left_out = HOP_BY_HOP | OF_A_SERVER | named | run.case.unrelayed
    expected = {n: v for n, v in expected.items() if n not in left_out}
    ours = {n: got.pop(n) for n in list(got) if n.startswith("x-cascade-")}
    for name in (*HOP_BY_HOP, *OF_A_SERVER):
        got.pop(name, None)
    if "content-encoding" not in got and _may_be_unpacked(run):
        expected.pop("content-encoding", None)
    if not expected.get("content-type", "").startswith(_SPOKEN):
        # A page of a provider must not act as one of ours.
        assert got.pop("content-security-policy") == "sandbox"
        assert got.pop("x-content-type-options") == "nosniff"
    assert got == expected
    if run.case.decided:
        _check_told(run, ours)
    elif run.case.id.startswith(ACCOUNT_ROWS):
        assert ours.pop("x-cascade-decision")
        assert ours == {"x-cascade-outcome": "account"}
    else:
        assert ours == {}


def _may_be_unpacked(run: Run) -> bool:
    """Whether a rule applied: then plain bytes are asked for.

    They are judged or renamed, or follow on pings that went out before they came.
    """
    return run.case.decided and run.way != "off"


def _check_told(run: Run, ours: dict[str, str]) -> None:
    case, way = run.case, run.way
    leg = case.legs(way)[-1]
    assert ours.pop("x-cascade-decision")
    assert ours.pop("x-cascade-outcome") == case.outcome(way)
    assert ours.pop("x-cascade-model") == case.model_of(leg, way)
    assert ours.pop("x-cascade-reason", "") == case.why(way)
    judged = case.outcome(way) != "pass_through" and case.why(way) not in NO_DRAFT
    assert ours.keys() == ({"x-cascade-confidence"} if judged else set())


def _check_refused(answered: Answered) -> None:
    """Our own error, since the provider's answer could not be had whole."""
    assert answered.status == 502
    check_envelope(answered, "api_error")


def check_envelope(answered: Answered, kind: str) -> None:
    """An error of ours has the shape of the provider's."""
    body = parsed(answered.body)
    assert answered.header("content-type") == "application/json"
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["error"]["message"]
    assert body["request_id"] == answered.header("request-id")
    assert body["request_id"].startswith("req_")


def _by_name(headers: Pairs) -> dict[str, str]:
    """Headers that came several times are one, as RFC 9110, 5.3 has it."""
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        values[name.lower()].append(value)
    return {name: ", ".join(several) for name, several in values.items()}


def _listed(headers: dict[str, str]) -> dict[str, list[str]]:
    """Their values as lists: white space around commas says nothing."""
    return {n: [w.strip() for w in v.split(",")] for n, v in headers.items()}


def _words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.split(",") if word.strip()}
