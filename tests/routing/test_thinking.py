"""The ways to think and not to, each put as a model takes it."""

from __future__ import annotations

import msgspec
import pytest

from routing.facts import ModelFacts
from routing.thinking import Asked, as_taken, effort_of

ADAPTIVE_ONLY = frozenset({"adaptive"})
BUDGET_ONLY = frozenset({"enabled", "disabled"})
EFFORTS = ("low", "medium", "high")


def put(config, taken, *, efforts=EFFORTS, limit=None, **asked):
    """(the object `thinking`, the effort) as a model takes it; None when it cannot."""
    raw = {name: msgspec.Raw(msgspec.json.encode(v)) for name, v in config.items()}
    facts = ModelFacts(thinking=taken, efforts=efforts, max_output_tokens=limit)
    meant = as_taken(Asked(config=raw, **asked), facts)
    if meant is None:
        return None
    return msgspec.json.decode(msgspec.json.encode(meant.config)), meant.effort


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"type": "adaptive"},
        {"type": "disabled"},
        {"type": "enabled", "budget_tokens": 2048},
        {"type": "between_tools"},
        {"type": "tomorrow"},
        {"type": 7},
    ],
)
def test_what_is_not_known_changes_nothing(config):
    assert put(config, None) == (config, None)


@pytest.mark.parametrize(
    "config", [{}, {"type": "tomorrow"}, {"type": 7}, {"display": 1}]
)
def test_what_we_do_not_understand_is_left_alone(config):
    assert put(config, ADAPTIVE_ONLY) == (config, None)


class TestABudgetForAModelThatDecidesItself:
    def test_becomes_an_effort(self):
        config = {"type": "enabled", "budget_tokens": 8000, "display": "summarized"}
        assert put(config, ADAPTIVE_ONLY) == (
            {"type": "adaptive", "display": "summarized"},
            "medium",
        )

    def test_leaves_the_clients_own_effort(self):
        config = {"type": "enabled", "budget_tokens": 8000}
        assert put(config, ADAPTIVE_ONLY, effort="low")[1] == "low"

    @pytest.mark.parametrize("efforts", [(), None])
    def test_is_dropped_where_no_effort_is_taken_or_none_is_known(self, efforts):
        config = {"type": "enabled", "budget_tokens": 8000}
        assert put(config, ADAPTIVE_ONLY, efforts=efforts)[1] is None

    @pytest.mark.parametrize("odd", ["x", None, 1.5, [], 0])
    def test_is_dropped_when_it_cannot_be_read(self, odd):
        config = {"type": "enabled", "budget_tokens": odd}
        assert put(config, ADAPTIVE_ONLY) == ({"type": "adaptive"}, None)


class TestAnEffortForAModelThatTakesABudget:
    @pytest.mark.parametrize(
        ("effort", "budget"),
        [
            ("low", 1_024),
            ("medium", 4_096),
            (None, 4_096),
            ("tomorrow", 4_096),
            ("high", 16_384),
            ("xhigh", 32_768),
            ("max", 65_536),
        ],
    )
    def test_becomes_a_budget(self, effort, budget):
        asked = {"type": "adaptive", "display": "omitted"}
        config, _ = put(asked, BUDGET_ONLY, effort=effort)
        assert config == {
            "type": "enabled",
            "display": "omitted",
            "budget_tokens": budget,
        }

    def test_leaves_half_of_the_tokens_for_the_answer(self):
        config, _ = put(
            {"type": "adaptive"}, BUDGET_ONLY, effort="high", max_tokens=8_000
        )
        assert config["budget_tokens"] == 4_000

    def test_without_room_it_does_not_think(self):
        asked = {"type": "adaptive", "display": "omitted"}
        config, _ = put(asked, BUDGET_ONLY, max_tokens=2_047)
        assert config == {"type": "disabled"}

    def test_a_forced_tool_leaves_no_room_either(self):
        config, _ = put({"type": "adaptive"}, BUDGET_ONLY, tool_is_forced=True)
        assert config == {"type": "disabled"}

    def test_a_model_that_cannot_be_told_so_is_told_nothing(self):
        config, _ = put({"type": "adaptive"}, frozenset({"enabled"}), max_tokens=100)
        assert config == {}


class TestNotThinking:
    def test_has_two_names(self):
        for one, other in (
            ("disabled", "between_tools"),
            ("between_tools", "disabled"),
        ):
            asked = {"type": one, "display": "omitted"}
            assert put(asked, ADAPTIVE_ONLY | {other})[0] == {"type": other}

    @pytest.mark.parametrize("kind", ["disabled", "between_tools"])
    def test_cannot_be_had_of_a_model_that_always_thinks(self, kind):
        assert put({"type": kind}, ADAPTIVE_ONLY) is None

    @pytest.mark.parametrize("taken", [frozenset(), frozenset({"disabled"})])
    @pytest.mark.parametrize("kind", ["adaptive", "enabled", "between_tools"])
    def test_is_all_that_a_model_without_thinking_does(self, taken, kind):
        assert put({"type": kind}, taken) == ({}, None)


class TestABudgetBeyondTheModelsLimit:
    def test_is_lowered(self):
        config = {"type": "enabled", "budget_tokens": 90_000}
        lowered, _ = put(config, BUDGET_ONLY, max_tokens=64_000, limit=64_000)
        assert lowered == {"type": "enabled", "budget_tokens": 32_000}

    @pytest.mark.parametrize(
        ("budget", "max_tokens"), [(32_768, 64_000), (5_000, 4_000), (9_000, None)]
    )
    def test_is_the_clients_own_affair_otherwise(self, budget, max_tokens):
        config = {"type": "enabled", "budget_tokens": budget}
        assert (
            put(config, BUDGET_ONLY, max_tokens=max_tokens, limit=64_000)[0] == config
        )


@pytest.mark.parametrize(
    ("budget", "effort"),
    [
        (1, "low"),
        (1_024, "low"),
        (4_095, "low"),
        (4_096, "medium"),
        (16_384, "high"),
        (10**9, "high"),
    ],
)
def test_a_budget_stands_for_an_effort(budget, effort):
    assert effort_of(budget) == effort
