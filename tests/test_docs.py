"""The docs say what is true of the code, and lead where they say they lead."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import get_commands

from routing import adapting, body, drafting, economics, eligibility, foreign
from routing.dialects import headers
from routing.encoding import MAX_PLAIN_BYTES, MAX_RATIO
from routing.hop_by_hop import HOP_BY_HOP
from routing.metering import MAX_EVENTS
from routing.responses import NOT_RELAYED, NOT_RELAYED_STARTS
from routing.settling import MAX_ANSWER_BYTES
from tests.clients import claude_code, jobs, test_frameworks, test_official_sdk
from tests.clients.openai import test_openai_clients
from tests.fidelity.case import Case
from tests.fidelity.table import ROWS

ROOT = Path(__file__).parents[1]
README = Path("README.md")
DOCS = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md"))
PAGES = [README, Path("CHANGELOG.md"), *DOCS]
COMPATIBILITY, MODELS = Path("docs/compatibility.md"), Path("docs/models.md")
MEGABYTE = 1024 * 1024


@cache
def text_of(page: Path) -> str:
    return (ROOT / page).read_text()


def section(page: Path, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    _, found, rest = text_of(page).partition(f"\n{heading}\n")
    assert found, f"{page} has no section {heading}"
    return re.split(rf"\n#{{1,{level}}} ", rest)[0]


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in `text`, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    below = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if not line.startswith("|---") and not after.startswith("|---")
    ]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in below]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


class TestHeaders:
    def test_every_one_we_add_is_named_and_no_other(self):
        added = {
            node.value
            for path in (ROOT / "routing").rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant)
            and re.fullmatch(r"x-cascade-[a-z-]*[a-z]", str(node.value))
        }
        rows = cells(section(COMPATIBILITY, "### Headers we add"))
        named = [name for row in rows for name in quoted(row[0])]
        assert {n for n in named if n.startswith("x-cascade")} == added
        told = re.findall(r"`(x-cascade-[a-z]+)`", text_of(README))
        assert set(told) == added

    def test_every_one_that_stops_here_is_named_and_no_other(self):
        stops: dict[str, set[str]] = {"providers": set(), "clients": set()}
        for who, names, _ in cells(
            section(COMPATIBILITY, "### Headers that stop here")
        ):
            for side in who.split(" and "):
                stops[side] |= set(quoted(names))
        starts = {f"{start}*" for start in NOT_RELAYED_STARTS}
        assert stops["providers"] == NOT_RELAYED | HOP_BY_HOP | starts
        starts = {f"{start}*" for start in headers.WITHHELD_STARTS}
        withheld = headers.WITHHELD_HEADERS | headers.CREDENTIAL_HEADERS
        assert stops["clients"] == withheld | starts


class TestReasonsNotToDraft:
    def test_every_one_is_explained_and_no_other(self):
        rows = cells(section(MODELS, "## Why a request is not drafted"))
        explained = [reason for row in rows for reason in quoted(row[0])]
        assert len(explained) == len(set(explained))
        given = {
            *returned_by(eligibility),
            *eligibility._BOUND_TO_VERIFIER,
            *eligibility._NEEDED_FOR,
            *returned_by(foreign),
            *foreign._BOUND_TO_PROVIDER,
            *obstacles_of(adapting),
            *returned_by(economics),
        }
        assert set(explained) == given


def returned_by(module: ModuleType) -> Iterator[str]:
    """The texts that functions which may return one return by name."""
    for function in ast.walk(tree_of(module)):
        if not isinstance(function, ast.FunctionDef) or function.returns is None:
            continue
        if ast.unparse(function.returns) == "str | None":
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value:
                    yield from texts_of(node.value)


def texts_of(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from texts_of(value.body)
        yield from texts_of(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def obstacles_of(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            (said,) = node.exc.args
            assert ast.unparse(node.exc.func) == "_Obstacle"
            yield from texts_of(said)


def tree_of(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text())


class TestWhatWasMeasured:
    def test_the_table_of_facts_is_counted_right(self):
        rows, runs = Counter[str](), Counter[str]()
        for row in ROWS:
            rows[f"`{row.id[0]}`"] += 1
            runs[f"`{row.id[0]}`"] += len(row.ways) if isinstance(row, Case) else 1
        table = cells(section(COMPATIBILITY, "## What passes"))
        told = {
            kind or what: figures for kind, what, *figures in table if len(figures) == 2
        }
        counted = {kind: [str(rows[kind]), str(runs[kind])] for kind in rows}
        counted["**all**"] = [f"**{rows.total():,}**", f"**{runs.total():,}**"]
        assert told == counted

    def test_the_clients_are_those_that_are_tested(self):
        page = section(COMPATIBILITY, "### Clients")
        for program, wire in test_official_sdk.PROGRAMS.items():
            assert f"{program.partition('-')[2]} (wire {wire})" in page
        for framework, *_ in test_frameworks.FRAMEWORKS.values():
            assert "`{}` {}".format(*framework.split("==")) in page
        for _, requirement in test_openai_clients.PROGRAMS.values():
            assert "`{}` {}".format(*requirement.split("==")) in page
        assert f"Claude Code {claude_code.VERSION}" in page
        assert claude_code.VERSION in text_of(Path("docs/claude-code.md"))

    def test_the_errors_are_those_that_are_tested(self):
        page = section(COMPATIBILITY, "### Clients")
        statuses = {
            name.partition("-")[2].partition(" ")[0]
            for name in jobs.REFUSALS
            if "do-not-retry" not in name
        }
        told = re.search(r"errors ([\d, ]+), 529", page)
        assert told is not None
        assert set(told[1].split(", ")) == statuses

    @pytest.mark.parametrize(
        ("limit", "words"),
        [
            (body.MAX_KEYS, "more than {:,} top-level keys"),
            (body.MAX_KEY_CHARS, "keys, or one of more than {} characters"),
            (body.MAX_VALUES, "more than {:,} values in all"),
            (body.MANY_KEYS, "more than {:,} keys beside the messages"),
            (headers.MAX_TOOLS, "more than {:,} tools"),
            (headers.MAX_MODEL_CHARS, "`model`, or one of more than {} characters"),
            (headers.MAX_MESSAGES, "more than {:,} of them"),
            (MAX_ANSWER_BYTES // MEGABYTE, "above {} MB"),
            (MAX_PLAIN_BYTES // MEGABYTE, "No more than {} MB is decoded"),
            (MAX_RATIO, "packs more than {} to one"),
            (MAX_EVENTS, "more than {:,} events"),
            (drafting.MAX_DRAFT_BYTES // MEGABYTE, "A draft of more than {} MB"),
            (drafting.MAX_DRAFT_STREAM_BYTES // MEGABYTE, "as a stream {} MB"),
            (drafting.RETRY_WAIT_S, "at most {:g} s"),
        ],
    )
    def test_the_limits_are_those_of_the_code(self, limit, words):
        assert words.format(limit) in text_of(COMPATIBILITY)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_figure_is_still_to_be_filled_in(page):
    assert "@@" not in text_of(page)


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=str)
    def test_lead_somewhere(self, page):
        for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
            address, _, anchor = link.partition("#")
            if address.startswith(("http://", "https://")):
                continue
            target = (ROOT / page).parent / address if address else ROOT / page
            assert target.exists(), f"{page}: {link}"
            if anchor:
                assert anchor in anchors_of(target), f"{page}: {link}"

    @pytest.mark.parametrize("page", DOCS, ids=str)
    def test_lead_from_the_first_page_to_every_other(self, page):
        assert f"]({page})" in text_of(README)


def anchors_of(page: Path) -> set[str]:
    """The anchors of its headings, as they are made where Markdown is shown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in headings
    }


class TestCommands:
    @pytest.mark.parametrize("page", PAGES, ids=str)
    def test_of_make_exist(self, page):
        targets = set(
            re.findall(r"^([a-z-]+):", text_of(Path("Makefile")), re.MULTILINE)
        )
        assert set(re.findall(r"`make ([a-z-]+)", text_of(page))) <= targets

    @pytest.mark.parametrize("page", PAGES, ids=str)
    def test_of_django_exist(self, page):
        named = set(re.findall(r"manage\.py ([a-z_]+)", text_of(page)))
        assert named <= get_commands().keys()
