"""How the published description is put together; only the settings of tests name it.

DJANGO_SETTINGS_MODULE=tests.settings python manage.py spectacular \
    --validate --fail-on-warn --file docs/openapi.yaml
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

from routing.openapi.account import account_paths
from routing.openapi.chat import CHAT_SCHEMAS
from routing.openapi.components import HEADERS, SCHEMAS, SECURITY
from routing.openapi.operations import OPERATIONS, RESPONSES
from routing.openapi.shapes import Schema


class Described(AutoSchema):
    """Says of a view what its address says: our views read bytes, so tell nothing."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> Schema | None:
        """Return what is told of `path`; None keeps it out."""
        del path_regex, path_prefix, registry
        return OPERATIONS.get(path, {}).get(method.lower())


def complete(result: Schema, **_: Any) -> Schema:
    """Return the whole description: with account, components and keys."""
    components = {
        "schemas": SCHEMAS | CHAT_SCHEMAS,
        "responses": RESPONSES,
        "headers": HEADERS,
        "securitySchemes": SECURITY,
    }
    return result | {
        "security": [{name: []} for name in SECURITY],
        "paths": result["paths"] | account_paths(),
        "components": components,
    }
