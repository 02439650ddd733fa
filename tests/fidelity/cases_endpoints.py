"""P: every other endpoint that is forwarded."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import JSON, encoded, error, request, user, whole
from tests.fidelity.recording_upstream import Script

COUNT = "POST /v1/messages/count_tokens"
MODELS = "GET /v1/models/{id}"
ACCOUNT = "endpoints of the account, for keys that may reach it"

_TOOL = {"name": "get_weather", "input_schema": {"type": "object"}}
_COUNTED = whole(b'{ "input_tokens" : 14 }')
_COUNT_BODY = encoded({"model": "@MODEL@", "messages": [user("Hi.")], "tools": [_TOOL]})


def _count(number: str, what: str, answer: Script = _COUNTED, **case: Any) -> Case:
    return Case(
        id=f"P{number}",
        what=f"count_tokens: {what}",
        source=COUNT,
        path="/v1/messages/count_tokens",
        answer=answer,
        decided=False,
        **{"body": _COUNT_BODY} | case,
    )


_COUNTS = (
    _count("001", "with tools"),
    _count("002", "?beta=true", query="beta=true"),
    _count("003", "every other field", body=request(thinking={"type": "adaptive"})),
    _count(
        "004", "with a bearer key", key_header="authorization", version="2026-10-21"
    ),
    _count("005", "an error", error(429, "rate_limit_error", ("retry-after", "2"))),
    _count("006", "400", error(400, "invalid_request_error")),
    _count("007", "529", error(529, "overloaded_error")),
    _count(
        "008", "a verifier of another name", terms={"verifier_model": "verifier-large"}
    ),
)

_BATCH = b'{"id": "msgbatch_1", "type": "message_batch", "results_url": null, "n": 1e2}'
_RESULTS = b'{"custom_id":"a","result":{"type":"succeeded"}}\n{"custom_id":"b"}\n'
_FILE = b'{"id": "file_1", "type": "file", "size_bytes": 4}'
_FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    b"\x00\xff\r\n--b--\r\n"
)
_JSONL = (("content-type", "application/x-jsonl"), ("request-id", "req_@LEG@"))
_BYTES = (
    ("content-type", "application/octet-stream"),
    ("content-disposition", 'attachment; filename="a"'),
)
_BATCHES = "/v1/messages/batches"


def _account(number: str, method: str, path: str, answer: Script, **case: Any) -> Case:
    return Case(
        id=f"P{number}",
        what=f"{method} {path.replace('_1', '')}",
        source=ACCOUNT,
        method=method,
        path=path,
        answer=answer,
        client="globex",
        decided=False,
        ways=("off",),
        **case,
    )


_BATCH_BODY = encoded(
    {"requests": [{"custom_id": "a", "params": {"model": "m", "messages": []}}]}
)
_IN_ACCOUNT = (
    _account("201", "POST", _BATCHES, whole(_BATCH), body=_BATCH_BODY),
    _account(
        "202", "GET", _BATCHES, whole(b'{"data": []}'), query="limit=2&after_id=a"
    ),
    _account("203", "GET", f"{_BATCHES}/msgbatch_1", whole(_BATCH)),
    _account("204", "DELETE", f"{_BATCHES}/msgbatch_1", whole(_BATCH)),
    _account("205", "POST", f"{_BATCHES}/msgbatch_1/cancel", whole(_BATCH), body=b""),
    _account(
        "206", "GET", f"{_BATCHES}/msgbatch_1/results", whole(_RESULTS, headers=_JSONL)
    ),
    _account(
        "207",
        "GET",
        f"{_BATCHES}/msgbatch_1/results",
        Script(
            headers=_JSONL,
            pieces=(_RESULTS, _RESULTS),
            framing="chunked",
            gates=frozenset({0}),
        ),
    ),
    _account(
        "211",
        "POST",
        "/v1/files",
        whole(_FILE),
        body=_FORM,
        headers=(("content-type", "multipart/form-data; boundary=b"),),
    ),
    _account("212", "GET", "/v1/files", whole(b'{"data": []}'), query="limit=1"),
    _account("213", "GET", "/v1/files/file_1", whole(_FILE)),
    _account("214", "DELETE", "/v1/files/file_1", whole(b'{"type": "file_deleted"}')),
    _account(
        "215",
        "GET",
        "/v1/files/file_1/content",
        whole(bytes(range(256)) * 400, headers=_BYTES),
    ),
    _account("216", "GET", "/v1/files/file_1", error(404, "not_found_error")),
    _account("221", "GET", "/v1/skills", whole(b'{"data": []}'), query="beta=true"),
    _account("222", "POST", "/v1/skills", whole(b"{}"), body=_FORM),
    _account("223", "GET", "/v1/skills/skill_1/versions", whole(b"{}")),
    _account("224", "POST", "/v1/user_profiles", whole(b"{}"), body=b"{}"),
    _account("225", "GET", "/v1/organizations/me", whole(b"{}")),
    _account("226", "POST", "/v1/messages/cache_touch", whole(b"{}"), body=b"{}"),
    _account("227", "PUT", "/v1/next_year", whole(b"{}"), body=b'{"a" :1e2}'),
    _account("228", "PATCH", "/v1/next_year/thing_1", whole(b"{}"), body=b"{}"),
    _account("229", "GET", "/v1/next_year", error(529, "overloaded_error")),
)

_ONE = whole(b'{ "id": "nonesuch-1", "type": "model", "n": 1e2 }', headers=JSON)
_UNKNOWN = (
    Case(
        id="P101",
        what="models: one that only the provider knows",
        source=MODELS,
        method="GET",
        path="/v1/models/nonesuch-1",
        answer=_ONE,
        decided=False,
        ways=("off",),
    ),
    Case(
        id="P102",
        what="models: one that nobody knows",
        source=MODELS,
        method="GET",
        path="/v1/models/nonesuch-2",
        query="beta=true",
        answer=error(404, "not_found_error"),
        decided=False,
        ways=("off",),
    ),
)

CASES = (*_COUNTS, *_UNKNOWN, *_IN_ACCOUNT)
