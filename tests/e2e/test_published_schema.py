"""What the published description allows, and what it does not, asked of a live stack.

No 500 of ours, no page of HTML, no hang; an error is in the envelope that is described.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode, Response, checks

from tests.fixtures import SharedStack
from tests.stack import ROOT, Stack

TIMEOUT_S = 10
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_path(
        str(ROOT / "docs" / "openapi.yaml")
    ).get_all_operations()
]

AS_DESCRIBED = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]

# Nothing is shrunk: a failing example shows enough, and each costs a round trip.
briefly = settings(
    max_examples=20,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def stack(shared_stack: SharedStack) -> Stack:
    return shared_stack()


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: op.label)
def test_answers_what_is_described(
    stack: Stack, session: requests.Session, operation: APIOperation
) -> None:
    cases = st.one_of(operation.as_strategy(mode) for mode in GenerationMode)

    @given(case=cases, key=st.sampled_from(["acme", ""]), cascaded=st.booleans())
    @briefly
    def ask(case: Case, key: str, cascaded: bool) -> None:
        if cascaded:  # by a rule, as far as this case goes
            case.headers.pop("x-cascade", None)
            if isinstance(case.body, dict) and "model" in case.body:
                case.body["model"] = "cascade-described"
        headers = {"x-api-key": stack.keys[key] if key else "sk-wrong"}
        answer = case.call(
            stack.base_url, session=session, headers=headers, timeout=TIMEOUT_S
        )
        case.validate_response(answer, checks=AS_DESCRIBED)
        assert_readable(answer)
        assert key or answer.status_code in (400, 401, 404, 405)

    ask()


def assert_readable(answer: Response) -> None:
    assert answer.status_code < 500
    kind = answer.headers.get("content-type", [""])[0]
    assert "html" not in kind
    if answer.status_code >= 400:
        assert kind == "application/json"
        error = answer.json()
        assert error["error"]["message"]
        if "x-request-id" not in answer.headers:  # it is in Anthropic's dialect
            assert error["type"] == "error"
            assert error["request_id"] == answer.headers["request-id"][0]
