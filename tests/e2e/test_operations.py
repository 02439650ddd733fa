"""What load balancers, browsers, Prometheus and operators see."""

from __future__ import annotations

import re

import pytest

from tests.builders import make_body
from tests.e2e.conftest import ORIGIN
from tests.stack import Stack, new_model, wait_for

ANSWERED = re.compile(
    r'^cascadeproxy_requests_total\{[^}]*status_class="2xx"[^}]*\} (\S+)$', re.MULTILINE
)


def answers_counted(stack: Stack) -> float:
    text = stack.call("GET", "/metrics").body.decode()
    return sum(float(value) for value in ANSWERED.findall(text))


def test_health_tells_status_and_version(stack: Stack) -> None:
    answer = stack.call("GET", "/health")
    assert answer.status == 200
    assert answer.json["status"] == "ok"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", answer.json["version"])


def test_ready_tells_what_was_checked(stack: Stack) -> None:
    answer = stack.call("GET", "/ready")
    assert answer.status == 200
    assert answer.json["status"] == "ready"
    assert all(answer.json["checks"].values())


def test_metrics_add_up_over_workers(stack: Stack) -> None:
    before = answers_counted(stack)
    workers = stack.worker_pids
    assert len(workers) == 2
    for pid in workers:
        with stack.only_worker(pid):
            for _ in range(3):
                assert stack.ask(make_body(model=new_model())).status == 200
    for pid in workers:
        with stack.only_worker(pid):
            assert answers_counted(stack) == before + 6


def test_metrics_are_not_shown_through_another_proxy(stack: Stack) -> None:
    answer = stack.call("GET", "/metrics", headers={"x-forwarded-for": "10.0.0.1"})
    assert answer.status == 403


def test_a_browsers_preflight_needs_no_key(stack: Stack) -> None:
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-api-key,anthropic-version",
    }
    answer = stack.call("OPTIONS", "/v1/messages", headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("key", ["", None])
@pytest.mark.parametrize("stream", [False, True])
def test_a_page_of_an_allowed_origin_may_read_answers_and_errors(
    stack: Stack, stream: bool, key: str | None
) -> None:
    body = make_body(model=new_model(), stream=stream)
    answer = stack.ask(body, origin=ORIGIN, x_api_key=stack.key if key is None else key)
    assert answer.status == (200 if key is None else 401)
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_a_page_of_another_origin_may_not(stack: Stack) -> None:
    answer = stack.ask(make_body(model=new_model()), origin="https://evil.example")
    assert "access-control-allow-origin" not in answer.headers


def test_an_edited_rule_holds_in_all_workers_within_a_second(stack: Stack) -> None:
    def outcome() -> str:
        answer = stack.ask(make_body("Hi", model=new_model("edited")))
        return answer.headers["x-cascade-outcome"]

    for threshold, expected in ((0.99, "escalated"), (0.7, "accepted")):
        edit = (
            f"CascadeRule.objects.filter(name='edited').update(threshold={threshold})"
        )
        stack.change(edit)
        for pid in stack.worker_pids:
            with stack.only_worker(pid):
                wait_for("the edit", lambda e=expected: outcome() == e, timeout_s=1.0)


def test_a_revoked_key_stops_working_within_a_second(stack: Stack) -> None:
    code = "print(ClientKey.issue('temporary')[1])"
    key = stack.change(code).strip()
    body = make_body("Hi", model=new_model())

    def status() -> int:
        return stack.ask(body, x_api_key=key).status

    wait_for("the key", lambda: status() == 200, timeout_s=1.0)
    stack.change("ClientKey.objects.filter(name='temporary').delete()")
    for pid in stack.worker_pids:
        with stack.only_worker(pid):
            wait_for("the end of the key", lambda: status() == 401, timeout_s=1.0)


def test_logs_a_decision_in_words(stack: Stack) -> None:
    accepted, escalated = new_model("cascade"), new_model("doubt")
    for model in (accepted, escalated):
        stack.ask(make_body("What is 2+2?", model=model))
        stack.decision(model)
    assert f"{accepted}: draft accepted (confidence 0.85)" in stack.log
    assert f"{escalated}: escalated (0.45 < 0.70)" in stack.log
