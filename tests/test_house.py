"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from metrics import instruments

ROOT = Path(__file__).parents[1]
APPS = ("cascadeproxy", "routing", "metrics")
MAX_LINES = 300

MODULES = sorted(
    path.relative_to(ROOT)
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts
)
# What Django or Python wants to be there, and what has a page of its own.
UNNAMED = {"__init__.py", "__main__.py", "apps.py"}
OWN_PAGE = {"routing/simulator": "docs/simulator.md"}

# See docs/glossary.md: the verifier answers, it does not grade; asking it is to
# escalate.
NEVER = {"grade", "graded", "grader", "grading", "drafter", "proposer"}

INSTRUMENTS = [
    instrument
    for instrument in vars(instruments).values()
    if isinstance(instrument, MetricWrapperBase)
]


def in_house(path: Path) -> bool:
    return not any(path.is_relative_to(package) for package in OWN_PAGE)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_is_too_long_to_read(path):
    lines = (ROOT / path).read_text().count("\n")
    assert lines <= MAX_LINES, f"{path} has {lines} lines: it asks for a second room"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_stand_at_the_top(path):
    functions = (
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    hidden = [
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.parametrize("path", [p for p in MODULES if in_house(p)], ids=str)
def test_names_use_the_words_of_the_glossary(path):
    words = {
        word
        for name in identifiers_in(tree_of(path))
        for word in re.findall(r"[A-Z]?[a-z]+", name)
    }
    assert {word.lower() for word in words} & NEVER == set()


def identifiers_in(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        named = (getattr(node, field, None) for field in ("id", "attr", "arg", "name"))
        names.update(name for name in named if isinstance(name, str))
    return names


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name not in UNNAMED and in_house(path)],
    ids=str,
)
def test_the_map_names_every_module(path):
    text = section_on(path.parts[0])
    name = path.stem if "commands" in path.parts else path.name
    assert re.search(rf"`([\w./]*/)?{re.escape(name)}`", text), (
        f"docs/architecture.md does not say what {path} is for"
    )


@pytest.mark.parametrize(("package", "page"), OWN_PAGE.items())
def test_a_package_with_a_page_of_its_own_is_on_the_map(package, page):
    app, name = package.split("/")
    assert f"`{name}/`" in section_on(app)
    assert (ROOT / page).is_file()


@cache
def section_on(app: str) -> str:
    text = (ROOT / "docs" / "architecture.md").read_text()
    _, _, rest = text.partition(f"\n## {app}:")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("app", APPS)
def test_the_map_names_no_module_that_is_gone(app):
    there = {path.name for path in (ROOT / app).rglob("*.py")}
    named = re.findall(r"`(?:\w+/)*(\w+\.py)`", section_on(app))
    assert set(named) <= there


def test_there_are_instruments():
    assert len(INSTRUMENTS) > 5


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=str)
def test_every_instrument_is_documented(instrument):
    (family,) = instrument.describe()
    exported = family.name + ("_total" if family.type == "counter" else "")
    pages = (ROOT / "docs").glob("*.md")
    assert any(f"`{exported}`" in page.read_text() for page in pages)
