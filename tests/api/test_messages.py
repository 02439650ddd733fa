"""`POST /v1/messages`, whole answers: what goes up, what comes down, what is kept."""

from __future__ import annotations

import gzip
import io
from types import SimpleNamespace

import httpx
import pytest

from routing.types import Headers
from tests.builders import DRAFT, VERIFIER, make_body
from tests.fakes import JSON, HttpAnswer, message_bytes
from tests.wsgi import PROVIDER_KEY

ODD_BODY = (
    b' {"messages": [], "model" :\t"verifier-large", "new": 1.50, "a":"\\u0061" }\n'
)
RATE_LIMITS: Headers = (
    ("request-id", "req_of_the_provider"),
    ("anthropic-ratelimit-requests-remaining", "7"),
    ("retry-after", "12"),
    ("x-should-retry", "true"),
)
OVERLOADED = b'{"type": "error", "error": {"type": "overloaded_error"}}'


def answer(model, **options):
    return HttpAnswer(chunks=[message_bytes(model=model)], **options)


# --- Pass-through ---------------------------------------------------------------------


def test_without_a_rule_the_bytes_are_the_clients_and_the_providers(proxy, upstream):
    upstream.script(VERIFIER, answer(VERIFIER))
    got = proxy.post(ODD_BODY, "/v1/messages?beta=true")
    sent = upstream.requests[0]
    assert sent.read() == ODD_BODY
    assert str(sent.url) == "http://main.test/v1/messages?beta=true"
    assert (got.status, got.body) == (200, message_bytes(model=VERIFIER))
    assert got.headers["content-length"] == str(len(got.body))
    assert got.headers["content-type"] == "application/json"
    assert upstream.models == [VERIFIER]


def test_sends_the_providers_key_and_never_the_clients(proxy, upstream):
    upstream.script(VERIFIER, answer(VERIFIER))
    both = {"x-api-key": proxy.key, "authorization": f"Bearer {proxy.key}"}
    proxy.post(make_body(), headers=both | {"anthropic-version": "2023-06-01"})
    headers = upstream.requests[0].headers
    assert headers["x-api-key"] == PROVIDER_KEY
    assert headers["anthropic-version"] == "2023-06-01"
    assert proxy.key not in str(headers.raw)


def test_adds_headers_of_its_own_and_no_others(proxy, upstream):
    upstream.script(VERIFIER, answer(VERIFIER, headers=(*JSON, *RATE_LIMITS)))
    got = proxy.ask()
    added = {name for name in got.headers if name.startswith("x-cascade-")}
    assert added == {"x-cascade-decision", "x-cascade-outcome", "x-cascade-model"}
    given = dict(JSON + RATE_LIMITS)
    assert {n: v for n, v in got.headers.items() if n not in added} == given | {
        "content-length": str(len(got.body))
    }
    assert got.headers["x-cascade-outcome"] == "pass_through"
    assert got.headers["x-cascade-model"] == VERIFIER


def test_withholds_what_is_about_the_provider_as_a_server(proxy, upstream):
    about = ("server", "date", "set-cookie", "alt-svc", "connection")
    headers = (*JSON, *((name, "x") for name in about))
    upstream.script(VERIFIER, answer(VERIFIER, headers=headers))
    assert not set(about) & set(proxy.ask().headers)


def test_records_the_decision(proxy, upstream):
    upstream.script(VERIFIER, answer(VERIFIER))
    got = proxy.ask()
    decision = proxy.decision
    assert decision.decision_id == got.headers["x-cascade-decision"]
    assert (decision.outcome, decision.key_name) == ("pass_through", "acme")
    assert decision.calls[0].usage.prompt_tokens == 20
    assert decision.status == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 529])
def test_relays_an_error_of_the_provider_as_it_is(proxy, upstream, status):
    headers = (("content-type", "application/json"), *RATE_LIMITS)
    upstream.script(
        VERIFIER, HttpAnswer(status=status, headers=headers, chunks=[OVERLOADED])
    )
    got = proxy.ask()
    assert (got.status, got.body) == (status, OVERLOADED)
    assert dict(RATE_LIMITS).items() <= got.headers.items()
    assert proxy.decision.status == status
    assert proxy.decision.cost_nusd == 0


def test_meters_a_compressed_answer_and_passes_it_on_as_it_is(proxy, upstream):
    body = gzip.compress(message_bytes(model=VERIFIER))
    headers = (*JSON, ("content-encoding", "gzip"))
    upstream.script(VERIFIER, HttpAnswer(headers=headers, chunks=[body[:9], body[9:]]))
    got = proxy.ask()
    assert (got.body, got.headers["content-encoding"]) == (body, "gzip")
    assert proxy.decision.calls[0].usage.output_tokens == 10


@pytest.mark.parametrize("body", [b"", b"<html>no message</html>", b'{"type":"x"}'])
def test_relays_an_answer_it_cannot_read(proxy, upstream, body):
    upstream.script(VERIFIER, HttpAnswer(headers=(), chunks=[body]))
    got = proxy.ask()
    assert (got.status, got.body) == (200, body)
    assert proxy.decision.cost_nusd is None, "what it cost is not known"


@pytest.mark.parametrize(
    ("failure", "status", "error_type"),
    [
        (httpx.ConnectError("refused by 10.0.0.7"), 502, "api_error"),
        (httpx.ReadTimeout("10.0.0.7"), 504, "timeout_error"),
    ],
)
def test_says_when_the_provider_cannot_be_asked(
    proxy, upstream, failure, status, error_type
):
    upstream.script(VERIFIER, failure)
    got = proxy.ask()
    assert got.status == status
    assert got.json["type"] == "error"
    assert got.json["error"]["type"] == error_type
    assert "10.0.0.7" not in got.json["error"]["message"]
    assert got.json["request_id"] == got.headers["request-id"]
    assert got.headers["x-cascade-outcome"] == "pass_through"
    assert proxy.decision.status == status


def test_says_when_the_providers_answer_broke_off(proxy, upstream):
    broken = HttpAnswer(chunks=[b'{"type":', httpx.ReadError("reset")])
    upstream.script(VERIFIER, broken)
    got = proxy.ask()
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")
    assert broken.closed
    assert (proxy.decision.status, proxy.decision.cost_nusd) == (502, None)


# --- Cascade --------------------------------------------------------------------------


def test_an_accepted_draft_is_served_as_it_came_but_for_the_model(proxy, upstream):
    proxy.add_rule()
    upstream.script(DRAFT, answer(DRAFT, headers=(*JSON, ("request-id", "req_d"))))
    got = proxy.post(ODD_BODY)
    assert upstream.models == [DRAFT]
    assert upstream.requests[0].read() == ODD_BODY.replace(
        b"verifier-large", b"draft-small"
    )
    served = message_bytes(model=DRAFT).replace(DRAFT.encode(), VERIFIER.encode())
    assert (got.status, got.body) == (200, served)
    assert got.headers["content-length"] == str(len(served))
    assert got.headers["request-id"] == "req_d"
    assert got.headers["x-cascade-outcome"] == "accepted"
    assert got.headers["x-cascade-model"] == DRAFT
    assert got.headers["x-cascade-confidence"] == "0.85"
    assert "x-cascade-reason" not in got.headers
    assert (proxy.decision.outcome, proxy.decision.served_model) == ("accepted", DRAFT)


def test_an_escalation_is_served_as_it_came(proxy, upstream):
    proxy.add_rule(prior=0.45)
    upstream.script(DRAFT, answer(DRAFT))
    upstream.script(VERIFIER, answer(VERIFIER))
    got = proxy.ask()
    assert upstream.models == [DRAFT, VERIFIER]
    assert got.body == message_bytes(model=VERIFIER)
    assert got.headers["x-cascade-outcome"] == "escalated"
    assert got.headers["x-cascade-model"] == VERIFIER
    assert got.headers["x-cascade-reason"] == "low_confidence"
    assert got.headers["x-cascade-confidence"] == "0.45"
    assert [call.role for call in proxy.decision.calls] == ["draft", "verifier"]


def test_the_served_model_is_named_when_the_rule_says_so(proxy, upstream):
    proxy.add_rule(response_model="served")
    upstream.script(DRAFT, answer(DRAFT))
    assert proxy.ask().body == message_bytes(model=DRAFT)


def test_another_verifier_answers_under_the_name_that_was_asked_for(proxy, upstream):
    proxy.add_rule(prior=0.45, verifier_model="verifier-other")
    upstream.script(DRAFT, answer(DRAFT))
    upstream.script("verifier-other", answer("verifier-other"))
    got = proxy.ask()
    assert got.body == message_bytes(model=VERIFIER)
    assert got.headers["x-cascade-model"] == "verifier-other"


def test_asks_no_draft_of_a_request_that_must_not_be_drafted(proxy, upstream):
    proxy.add_rule()
    upstream.script(VERIFIER, answer(VERIFIER))
    got = proxy.ask(thread="t_1")
    assert upstream.models == [VERIFIER]
    assert got.headers["x-cascade-outcome"] == "pass_through"
    assert got.headers["x-cascade-reason"] == "not_eligible:thread"
    assert "x-cascade-confidence" not in got.headers


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (httpx.ReadTimeout("slow"), "draft_timeout"),
        (HttpAnswer(status=500, chunks=[OVERLOADED]), "draft_error"),
    ],
)
def test_a_failed_draft_is_not_the_clients_trouble(proxy, upstream, draft, reason):
    proxy.add_rule()
    upstream.script(DRAFT, draft)
    upstream.script(VERIFIER, answer(VERIFIER))
    got = proxy.ask()
    assert (got.status, got.body) == (200, message_bytes(model=VERIFIER))
    assert got.headers["x-cascade-reason"] == reason


DOWN = {"status": 529, "headers": (*JSON, *RATE_LIMITS), "chunks": [OVERLOADED]}


def test_the_error_of_a_verifier_is_relayed(proxy, upstream):
    proxy.add_rule(prior=0.45)
    upstream.script(DRAFT, answer(DRAFT))
    upstream.script(VERIFIER, HttpAnswer(**DOWN))
    got = proxy.ask()
    assert (got.status, got.body) == (529, OVERLOADED)
    assert dict(RATE_LIMITS).items() <= got.headers.items()
    assert got.headers["x-cascade-model"] == VERIFIER


def test_the_draft_stands_in_for_a_verifier_when_the_rule_says_so(proxy, upstream):
    proxy.add_rule(prior=0.45, on_verifier_error="return_draft")
    upstream.script(DRAFT, answer(DRAFT))
    upstream.script(VERIFIER, HttpAnswer(**DOWN))
    got = proxy.ask()
    assert got.status == 200
    assert got.headers["x-cascade-outcome"] == "escalated"
    assert got.headers["x-cascade-model"] == DRAFT
    assert [call.status for call in proxy.decision.calls] == [200, 529]


def test_logs_one_line_for_a_request_whatever_its_status(proxy, upstream, caplog):
    caplog.set_level("INFO")
    upstream.script(VERIFIER, HttpAnswer(**DOWN))
    proxy.ask()
    assert caplog.messages == ["verifier-large: pass-through, status 529"]


@pytest.mark.parametrize("model", [DRAFT, VERIFIER])
def test_says_when_a_simulator_answered(proxy, upstream, model):
    proxy.add_rule()
    proxy.add_simulator(DRAFT)
    upstream.script(model, answer(model))
    got = proxy.ask(thread="" if model == DRAFT else "t_1")
    assert ("x-cascade-simulated" in got.headers) is (model == DRAFT)
    assert proxy.decision.simulated is (model == DRAFT)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("claude-opus-5-5[1m]", "claude-opus-5-5[1m]"),
        ("a\nx-injected: 1", "a%0Ax-injected: 1"),
        ("模型", "%E6%A8%A1%E5%9E%8B"),
    ],
)
def test_a_model_name_of_any_kind_stands_in_a_header(proxy, upstream, model, told):
    upstream.script(model, answer(model))
    got = proxy.ask(model=model)
    assert (got.status, got.headers["x-cascade-model"]) == (200, told)
    assert "x-injected" not in got.headers


@pytest.mark.parametrize("status", [199, 600, 999])
def test_an_impossible_status_is_an_error_of_the_provider(proxy, upstream, status):
    impossible = answer(VERIFIER, status=status)
    upstream.script(VERIFIER, impossible)
    got = proxy.ask()
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")
    assert impossible.closed
    assert proxy.decision.status == 502


def test_uploading_is_the_clients_time_not_ours(proxy, upstream, monkeypatch):
    upload = Upload(make_body())
    clock = SimpleNamespace(monotonic=lambda: upload.seconds)
    monkeypatch.setattr("routing.decision_log.time", clock)
    upstream.script(VERIFIER, answer(VERIFIER))
    length = {"CONTENT_LENGTH": str(len(make_body()))}
    got = proxy.call("POST", "/v1/messages", body=upload, environ=length)
    assert (got.status, upload.seconds) == (200, 5.0)
    assert (proxy.decision.overhead_us, proxy.decision.total_ms) == (0, 0)


class Upload(io.BytesIO):
    """A body that takes five seconds of a clock of its own to read."""

    seconds = 0.0

    def read(self, size=-1):
        self.seconds = 5.0
        return super().read(size)
