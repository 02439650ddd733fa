"""The endpoints of the provider's account: addresses, not what is said there.

One view serves them, and whatever else an account offers under /v1/.
"""

from __future__ import annotations

from routing.openapi.operations import (
    BETA,
    VERSION,
    answer,
    operation,
    parameter,
)
from routing.openapi.shapes import Schema, text

_ID = parameter("id", "path", "What the account calls it.", text(minLength=1))
_BATCHES, _FILES = "/v1/messages/batches", "/v1/files"
_TABLE = (
    (_BATCHES, "post", "create_batch", "Begin a batch of requests"),
    (_BATCHES, "get", "list_batches", "List batches"),
    (f"{_BATCHES}/{{id}}", "get", "get_batch", "Tell how far a batch is"),
    (f"{_BATCHES}/{{id}}", "delete", "delete_batch", "Delete a batch"),
    (f"{_BATCHES}/{{id}}/cancel", "post", "cancel_batch", "Cancel a batch"),
    (f"{_BATCHES}/{{id}}/results", "get", "get_batch_results", "Load the results"),
    (_FILES, "post", "upload_file", "Upload a file"),
    (_FILES, "get", "list_files", "List files"),
    (f"{_FILES}/{{id}}", "get", "get_file", "Tell what is known of a file"),
    (f"{_FILES}/{{id}}", "delete", "delete_file", "Delete a file"),
    (f"{_FILES}/{{id}}/content", "get", "download_file", "Download a file"),
)
_UPLOADS = {"create_batch": "application/json", "upload_file": "multipart/form-data"}
_ANSWER = answer(
    "What the provider answers.",
    {"*/*": {"schema": {}}},
    ("request-id", "x-cascade-decision", "x-cascade-outcome", "x-cascade-simulated"),
)


def account_paths() -> dict[str, dict[str, Schema]]:
    """Return the operations by address and method."""
    paths: dict[str, dict[str, Schema]] = {}
    for path, method, name, summary in _TABLE:
        paths.setdefault(path, {})[method] = _described(path, name, summary)
    return paths


def _described(path: str, name: str, summary: str) -> Schema:
    described = operation(
        name,
        summary,
        {"2XX": _ANSWER},
        description="For keys that may reach the account.",
        tags=["account"],
        parameters=[*([_ID] if "{id}" in path else []), VERSION, BETA],
    )
    if kind := _UPLOADS.get(name):
        described["requestBody"] = {"required": True, "content": {kind: {"schema": {}}}}
    return described
