"""Which facts hold for a model: its row, a pattern, the shipped list."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from routing import model_table
from routing.config import KnownModel, Pattern
from routing.facts import EFFORTS, THINKING_TYPES, UNKNOWN, ModelFacts
from tests.routing.builders import make_provider

HAIKU = "claude-haiku-4-5"
ELSEWHERE = make_provider("other", kind="openai_compatible")


def known(pattern: str, provider: str = "main", **facts) -> KnownModel:
    return KnownModel(
        provider=provider, pattern=Pattern(pattern), facts=ModelFacts(**facts)
    )


def facts_of(model: str, *rows: KnownModel, provider=None) -> ModelFacts:
    return model_table.lookup(rows)(provider or make_provider(), model)


def row(name: str, **columns) -> SimpleNamespace:
    usual = {
        "provider_id": 1,
        "name": name,
        "capabilities": {},
        "parameter_rules": {},
        "max_input_tokens": None,
        "max_output_tokens": None,
        "display_name": "",
        "lifecycle": "",
        "released_at": None,
        "deprecated_at": None,
        "retires_at": None,
    }
    return SimpleNamespace(**usual | columns)


class TestFactsOf:
    def test_a_row_of_that_name_comes_first_then_the_pattern_then_the_list(self):
        facts = facts_of(
            HAIKU,
            known(HAIKU, max_output_tokens=8_000),
            known("claude-h*", max_output_tokens=1, prefill=False),
        )
        assert facts.max_output_tokens == 8_000
        assert facts.prefill is False
        assert facts.max_input_tokens == 200_000

    def test_the_most_specific_pattern_that_says_anything_counts_alone(self):
        facts = facts_of(
            "draft-small",
            known("draft-sm*"),
            known("draft*", sampling=False),
            known("*", sampling=True, prefill=True),
        )
        assert facts == ModelFacts(sampling=False)

    def test_rows_of_another_provider_say_nothing(self):
        rows = (known("draft-small", provider="other", prefill=True),)
        assert facts_of("draft-small", *rows) == UNKNOWN

    def test_the_shipped_list_is_for_those_who_run_claude_models(self):
        assert facts_of(HAIKU, provider=make_provider(kind="simulator")).efforts == ()
        assert facts_of(HAIKU, provider=ELSEWHERE) == UNKNOWN

    def test_nothing_is_known_of_a_model_nobody_listed(self):
        assert facts_of("draft-small") == UNKNOWN


class TestKnownModels:
    def test_names_come_before_patterns_and_long_patterns_before_short(self):
        rows = [row(name) for name in ("*", "claude-*", "claude-opus-*", "b", "a")]
        found = model_table.known_models(rows, {1: "main"})
        names = [known.pattern.text for known in found]
        assert names == ["a", "b", "claude-opus-*", "claude-*", "*"]

    def test_a_row_is_read_with_its_facts(self):
        (found,) = model_table.known_models(
            [row("draft-small", max_input_tokens=9, parameter_rules={"prefill": True})],
            {1: "main"},
        )
        assert found.provider == "main"
        assert found.facts == ModelFacts(max_input_tokens=9, prefill=True)

    def test_a_row_whose_provider_came_later_waits_for_the_next_time(self):
        assert model_table.known_models([row("a", provider_id=2)], {1: "main"}) == ()


class TestShippedList:
    @pytest.mark.parametrize(
        "model", model_table.shipped().models, ids=lambda m: m.name
    )
    def test_every_model_says_only_what_can_be_said(self, model):
        assert set(model.thinking or ()) <= set(THINKING_TYPES)
        efforts = model.efforts or ()
        assert list(efforts) == [effort for effort in EFFORTS if effort in efforts]
        assert all(name.startswith(f"{model.name}-20") for name in model.dated)

    def test_a_dated_name_stands_for_its_model(self):
        dated = model_table.shipped_facts(f"{HAIKU}-20251001")
        assert dated == model_table.shipped_facts(HAIKU) != UNKNOWN

    def test_it_says_where_it_was_read(self):
        assert all(s.startswith("https://") for s in model_table.shipped().sources)

    def test_names_are_there_once(self):
        names = [
            name for m in model_table.shipped().models for name in (m.name, *m.dated)
        ]
        assert len(names) == len(set(names))
