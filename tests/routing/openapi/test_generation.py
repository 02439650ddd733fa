"""The description that is published is the one of today, and of every address."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml
from django.core.management import call_command
from django.urls import resolve

from routing.api import ApiView
from routing.urls import urlpatterns
from tests.builders import make_body
from tests.fakes import message_bytes

PUBLISHED = Path(__file__).parents[3] / "docs" / "openapi.yaml"
DESCRIPTION = yaml.safe_load(PUBLISHED.read_text())
OPERATIONS = [
    (path, method) for path, item in DESCRIPTION["paths"].items() for method in item
]


def validate(value, component):
    """Check `value` against a component, references and all."""
    schema = {"$ref": f"#/components/schemas/{component}"} | DESCRIPTION
    jsonschema.Draft202012Validator(schema).validate(value)


def test_the_published_description_is_up_to_date(tmp_path):
    written = tmp_path / "openapi.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(written))
    assert written.read_text() == PUBLISHED.read_text(), (
        "run: DJANGO_SETTINGS_MODULE=tests.settings python manage.py spectacular "
        "--file docs/openapi.yaml"
    )


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_described_is_there(path, method):
    found = resolve(path.replace("{", "").replace("}", ""))
    assert hasattr(found.func.cls, method)


def test_every_address_of_the_api_is_described():
    routes = [
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(route.pattern))
        for route in urlpatterns
        if issubclass(getattr(route.callback, "cls", object), ApiView)
        and route.name != "account"  # whatever an account offers is passed on
    ]
    assert len(routes) >= 4
    assert set(routes) <= DESCRIPTION["paths"].keys()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_tells_how_errors_look(path, method):
    responses = DESCRIPTION["paths"][path][method]["responses"]
    openai = path in ("/v1/chat/completions", "/v1/responses")
    told = f"#/components/responses/{'OpenAIError' if openai else 'Error'}"
    for status in ("4XX", "5XX"):
        assert responses[status] == {"$ref": told}


def test_a_request_with_fields_of_tomorrow_is_as_described():
    body = make_body(x_new={"a": 1}, system=[{"type": "text", "text": "a"}])
    validate(msgspec.json.decode(body), "MessageRequest")


def test_an_answer_is_as_described():
    validate(msgspec.json.decode(message_bytes(model="draft-small")), "Message")


@pytest.mark.parametrize("missing", ["model", "messages", "max_tokens"])
def test_a_request_without_what_it_needs_is_not(missing):
    body = msgspec.json.decode(make_body())
    del body[missing]
    with pytest.raises(jsonschema.ValidationError):
        validate(body, "MessageRequest")


def test_a_worker_does_not_pay_for_the_description():
    code = "import sys, cascadeproxy.wsgi; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", code],
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""},
        cwd=PUBLISHED.parents[1],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "routing.views" in loaded
    assert "drf_spectacular.openapi" not in loaded
    assert not [name for name in loaded if name.startswith("routing.openapi")]
