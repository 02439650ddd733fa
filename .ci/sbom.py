"""`python .ci/sbom.py requirements.txt`: the lock as a CycloneDX bill of materials."""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)(.*)$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill_of(lock: str) -> dict[str, Any]:
    """Return the bill of a lock: what is pinned, with the hashes it may have."""
    components: list[dict[str, Any]] = []
    for line in lock.splitlines():
        if pinned := PINNED.match(line):
            components.append(_component(pinned[1], pinned[2], pinned[3]))
        elif found := HASH.search(line):
            components[-1]["hashes"].append({"alg": "SHA-256", "content": found[1]})
    # Of the content alone, so that the same lock gives the same bill.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, lock)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "cascadeproxy"}},
        "components": components,
    }


def _component(name: str, version: str, rest: str) -> dict[str, Any]:
    name = re.sub(r"[-_.]+", "-", name).lower()
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "hashes": [],
    }
    _, marked, marker = rest.partition(";")
    if marked:
        where = {"name": "environment-marker", "value": marker.strip(" \\")}
        component["properties"] = [where]
    return component


if __name__ == "__main__":
    bill = bill_of(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps(bill, indent=2) + "\n")
