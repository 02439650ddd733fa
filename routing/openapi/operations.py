"""What can be asked at which address, and what comes back."""

from __future__ import annotations

from typing import Any

from routing.openapi.shapes import Schema, either, named, one_of, text, whole


def parameter(name: str, where: str, description: str, schema: Schema) -> Schema:
    """Return a parameter; one of the path is required."""
    told = {"name": name, "in": where, "description": description, "schema": schema}
    return told | ({"required": True} if where == "path" else {})


def answer(description: str, content: Schema, headers: tuple[str, ...]) -> Schema:
    """Return an answer; `headers` are names of components."""
    told = {name: named("headers", name) for name in headers}
    return {"description": description, "headers": told, "content": content}


def operation(
    name: str, summary: str, success: Schema, *, error: str = "Error", **more: Any
) -> Schema:
    """Return an operation that succeeds or answers an error, in its envelope."""
    told = named("responses", error)
    responses = success | {"4XX": told, "5XX": told}
    return {"operationId": name, "summary": summary, "responses": responses, **more}


def _json(*schemas: str) -> Schema:
    told = [named("schemas", schema) for schema in schemas]
    return {
        "application/json": {"schema": told[0] if len(told) == 1 else either(*told)}
    }


def _post(schema: str) -> Schema:
    return {"required": True, "content": _json(schema)}


VERSION = parameter(
    "anthropic-version",
    "header",
    "Sent on as it is.",
    one_of("2023-06-01", "2026-10-21"),
) | {"required": True}
BETA = parameter("anthropic-beta", "header", "Sent on as it is, known or not.", text())
_FORCE = parameter(
    "x-cascade",
    "header",
    "Who is to answer, for keys that may choose.",
    one_of("off", "draft", "verifier"),
)
_PAGING = [
    parameter("limit", "query", "How many.", whole(minimum=1, maximum=1000)),
    parameter("after_id", "query", "What follows this model.", text()),
    parameter("before_id", "query", "What precedes this model.", text()),
]
_MODEL = parameter("model", "path", "The name of a model.", text(minLength=1))
_HEADERS = ("request-id", "x-cascade-simulated")
_DECISION_HEADERS = (
    *_HEADERS,
    "x-cascade-decision",
    "x-cascade-outcome",
    "x-cascade-model",
    "x-cascade-confidence",
    "x-cascade-reason",
)

RESPONSES = {
    "Error": answer(
        "An error, ours or the provider's.",
        _json("Error"),
        ("request-id", "retry-after", "x-should-retry"),
    ),
    "OpenAIError": answer(
        "An error, ours or the provider's, in OpenAI's envelope.",
        _json("OpenAIError"),
        ("x-request-id", "retry-after", "x-should-retry"),
    ),
}
_MESSAGE = answer(
    "The message, or the events that tell it.",
    _json("Message") | {"text/event-stream": {"schema": text()}},
    _DECISION_HEADERS,
)

_MODELS = answer(
    "A page; to a client of OpenAI's dialect, all.",
    _json("ModelList", "OpenAIModelList"),
    _HEADERS[:1],
)
_COMPLETION = answer(
    "The completion, or the chunks that tell it.",
    _json("ChatCompletion") | {"text/event-stream": {"schema": text()}},
    _DECISION_HEADERS[1:],
)
_RESPONSE = answer(
    "The provider's answer, as it came.",
    _json("Response") | {"text/event-stream": {"schema": text()}},
    _DECISION_HEADERS[1:],
)

# By address and method, as `routing.urls` has them.
OPERATIONS: dict[str, dict[str, Schema]] = {
    "/v1/messages": {
        "post": operation(
            "create_message",
            "Ask for a message; the draft or the verifier answers",
            {"200": _MESSAGE},
            parameters=[VERSION, BETA, _FORCE],
            requestBody=_post("MessageRequest"),
        )
    },
    "/v1/messages/count_tokens": {
        "post": operation(
            "count_tokens",
            "Count the tokens of a prompt, as the verifier would",
            {"200": answer("The count.", _json("TokenCount"), _HEADERS)},
            parameters=[VERSION, BETA],
            requestBody=_post("TokenCountRequest"),
        )
    },
    "/v1/cascade/feedback": {
        "post": operation(
            "send_feedback",
            "Say whether an answer was good; only the key that got it may",
            {"200": answer("What was taken down.", _json("Taken"), _HEADERS[:1])},
            requestBody=_post("Feedback"),
        )
    },
    "/v1/chat/completions": {
        "post": operation(
            "create_chat_completion",
            "Ask for a completion; the draft or the verifier answers",
            {"200": _COMPLETION},
            error="OpenAIError",
            parameters=[_FORCE],
            requestBody=_post("ChatRequest"),
        )
    },
    "/v1/responses": {
        "post": operation(
            "create_response",
            "Ask an OpenAI model for a response; no draft is asked",
            {"200": _RESPONSE},
            error="OpenAIError",
            parameters=[_FORCE],
            requestBody=_post("ResponseRequest"),
        )
    },
    "/v1/models": {
        "get": operation(
            "list_models",
            "List the models this key may ask for",
            {
                "200": answer(
                    "A page.",
                    _json("ModelList", "OpenAIModelList"),
                    ("request-id", "x-request-id"),
                )
            },
            parameters=[VERSION, *_PAGING],
        )
    },
    "/v1/models/{model}": {
        "get": operation(
            "get_model",
            "Tell what is known of a model",
            {"200": answer("The model.", _json("Model", "OpenAIModel"), _HEADERS)},
            parameters=[_MODEL, VERSION],
        )
    },
}
