import ast
import re
from pathlib import Path

import pytest

from metrics import reasons
from routing.quality.vetoes import VETOES

ROOT = Path(__file__).parents[2]


def named_in_table(page, heading, until):
    """The names in the first column of every table of a part of `page`."""
    text = (ROOT / "docs" / page).read_text()
    part = text.partition(f"\n{heading}\n")[2].partition(until)[0]
    cells = re.findall(r"^\|([^|]*`[^|]*)\|", part, re.MULTILINE)
    return sorted({name for cell in cells for name in re.findall(r"`([^`]+)`", cell)})


ELIGIBILITY = named_in_table("models.md", "## Why a request is not drafted", "\n## ")
VETO_REASONS = named_in_table("quality.md", "## The vetoes", "\n### ")


def test_the_docs_name_reasons():
    assert len(ELIGIBILITY) > 20
    assert len(VETO_REASONS) > 10


@pytest.mark.parametrize("name", ELIGIBILITY)
def test_every_documented_reason_against_a_draft_has_words(name):
    assert reasons.words_for(f"not_eligible:{name}")


@pytest.mark.parametrize("reason", VETO_REASONS)
def test_every_documented_veto_has_words(reason):
    assert "veto" in reasons.words_for(reason)


def test_the_vetoes_are_those_that_fire():
    assert set(reasons.VETOES) == {name for name, _ in VETOES}


def test_every_reason_written_out_in_routing_has_words():
    written = {
        node.value
        for path in (ROOT / "routing").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and re.fullmatch(
            r"forced:\w+|switched_off|low_confidence|draft_error|draft_timeout|"
            r"unsupported|observed",
            str(node.value),
        )
    }
    assert written >= {"forced:draft", "low_confidence", "draft_error"}
    assert [reason for reason in sorted(written) if not reasons.words_for(reason)] == []


@pytest.mark.parametrize("name", ["economics", "paused"])
def test_reasons_of_money_have_words(name):
    assert reasons.words_for(f"not_eligible:{name}")


@pytest.mark.parametrize("reason", ["", "veto:", "veto:new", "not_eligible:new", "x:y"])
def test_a_reason_nobody_taught_us_has_none(reason):
    assert reasons.words_for(reason) is None


def test_words_are_sentences():
    names = [f"veto:{name}" for name in reasons.VETOES]
    names += [f"not_eligible:{name}" for name in reasons.NOT_ELIGIBLE]
    for name in [*names, *reasons.OTHERS]:
        words = reasons.words_for(name)
        assert words[0].isupper()
        assert words.endswith(".")
        assert "  " not in words
