"""litellm 1.82.7 on PyPI, March 2026: a release that stole keys, by way of CI."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")
MOST = 20


def direct() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[\[<>=]", name)[0].lower() for name in project["dependencies"]}


def pinned(lock: str) -> dict[str, int]:
    """The packages of a lock, with how many hashes each has."""
    found: dict[str, int] = {}
    name = ""
    for line in (ROOT / lock).read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(\[[^]]*\])?==", line):
            name = match[1].lower()
            found[name] = 0
        found[name] = found.get(name, 0) + line.count("--hash=sha256:")
    return {name: count for name, count in found.items() if name}


def test_there_are_few_enough_to_know_them():
    assert len(direct()) <= MOST


def test_each_has_a_line_that_says_why():
    table = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)
    assert {name.lower() for name, _ in rows} == direct()
    assert len(rows) == len(direct())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_that_may_be_installed_has_a_hash(lock):
    packages = pinned(lock)
    assert direct() <= packages.keys()
    assert [name for name, hashes in packages.items() if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_installed_from_elsewhere(lock):
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|^-e|^\.", text, re.M)


def test_every_installation_asks_for_the_hashes():
    makefile = (ROOT / "Makefile").read_text()
    assert "--require-hashes" in makefile
    assert not re.search(r"pip install(?!.*--require-hashes)", makefile)


def test_the_bill_of_materials_is_that_of_the_lock():
    done = subprocess.run(
        [sys.executable, ".ci/sbom.py", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    bill = json.loads(done.stdout)  # noqa: TID251  not wire JSON
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    packages = pinned("requirements.txt")
    assert {c["name"]: len(c["hashes"]) for c in bill["components"]} == packages
    assert all(c["purl"].startswith("pkg:pypi/") for c in bill["components"])
