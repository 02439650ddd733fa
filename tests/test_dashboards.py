"""The dashboard and the alerts we ship ask for what is there, and are well formed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric

from metrics import instruments
from metrics.gauges import Backlog, MeasuredQuality, OpenBreakers, PausedRules
from metrics.quality_figures import Quality
from metrics.types import OutcomeKind, Role, Usage
from tests.metrics.builders import make_call, make_record
from tests.wsgi import call

ROOT = Path(__file__).parents[1]
DASHBOARD = json.loads(  # noqa: TID251  no wire: a file of ours
    (ROOT / "deploy/grafana/cascadeproxy.json").read_text()
)
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
PANELS = [p for p in DASHBOARD["panels"] if p["type"] != "row"]
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
BY_SCRAPE = (
    OpenBreakers(lambda: [("main", "draft-small")]),
    PausedRules(lambda: ["default"]),
    MeasuredQuality(lambda: Quality(labels=40, share=0.9, low=0.8, high=0.95)),
    Backlog(lambda: 1),
)
# What labels can be, where that is known beforehand.
VALUES = {
    "outcome": set(get_args(OutcomeKind)),
    "role": set(get_args(Role)),
    "simulated": {"true", "false"},
    "end": {"share", "low", "high"},
    "direction": {"input", "output", "cache_read", "cache_write"},
}

EXPRESSIONS = [
    *(
        pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
        for panel in PANELS
        for target in panel["targets"]
    ),
    *(pytest.param(rule["expr"], id=rule["alert"]) for rule in RULES),
]
_SELECTOR = re.compile(r"(cascadeproxy_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
_BY = re.compile(r"\bby \(([^)]*)\)")


def families() -> list[Metric]:
    """All instruments, with a sample in each, in those reckoned at a scrape too."""
    usage = Usage(input_tokens=1, output_tokens=1, cache_read_tokens=1)
    calls = (make_call(usage=usage),)
    instruments.observe(make_record(calls=calls, aborted=True))
    instruments.observe(make_record(outcome="escalated", reason="veto:empty"))
    instruments.observe(make_record(cost_nusd=None))
    instruments.count_opening("main", "draft-small")
    instruments.REFUSED.labels("requests")
    found = [*REGISTRY.collect(), *(m for each in BY_SCRAPE for m in each.collect())]
    return [family for family in found if family.name.startswith("cascadeproxy_")]


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """The labels of each sample, by its name."""
    return {
        sample.name: set(sample.labels)
        for family in families()
        for sample in family.samples
    }


def selected(expression: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Every metric an expression names, with what it asks of its labels."""
    return [
        (name, _MATCHER.findall(matchers))
        for name, matchers in _SELECTOR.findall(expression)
    ]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_exists(expression, labels):
    asked = selected(expression)
    assert asked
    for name, matchers in asked:
        assert name in labels
        assert {label for label, _, _ in matchers} <= labels[name]
        for grouping in _BY.findall(expression):
            assert set(re.findall(r"\w+", grouping)) <= labels[name]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_value_asked_for_is_one_that_is_given(expression):
    for _, matchers in selected(expression):
        for label, _, value in matchers:
            if not value.startswith("$") and label in VALUES:
                assert set(value.split("|")) <= VALUES[label]


@pytest.mark.django_db
def test_every_metric_is_scraped():
    page = call("GET", "/metrics", environ={"REMOTE_ADDR": "127.0.0.1"}).body.decode()
    scraped = set(re.findall(r"# TYPE (cascadeproxy_\w+)", page))
    assert {family.name for family in families()} <= {
        name.removesuffix("_total") for name in scraped
    }


def test_every_instrument_is_on_the_dashboard():
    asked = {
        name
        for panel in PANELS
        for target in panel["targets"]
        for name, _ in selected(target["expr"])
    }
    for family in families():
        assert any(name.startswith(family.name) for name in asked), family.name


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_counters_are_never_read_raw(expression):
    """A counter begins again with its process; only its growth means anything."""
    counters = re.findall(r"cascadeproxy_\w+_(?:total|bucket)\b", expression)
    grown = re.findall(
        r"(?:rate|increase)\(cascadeproxy_\w+_(?:total|bucket)\b", expression
    )
    assert len(counters) == len(grown)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_brackets_are_closed(expression):
    for pair in ("()", "[]", "{}"):
        assert expression.count(pair[0]) == expression.count(pair[1])


# --- the dashboard --------------------------------------------------------------------


def test_the_dashboard_is_one_grafana_takes():
    assert DASHBOARD["schemaVersion"] == 42
    assert DASHBOARD["id"] is None
    assert (DASHBOARD["uid"], DASHBOARD["title"]) == ("cascadeproxy", "CascadeProxy")
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))


def test_the_data_source_is_chosen_by_who_imports_it():
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["rule"]["datasource"] == DATASOURCE
    used = re.findall(r"\$(\w+)", " ".join(param.values[0] for param in EXPRESSIONS))
    own = {name for name in used if not name.startswith("__")}
    assert own | {"datasource"} == set(variables)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, Any]):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == DATASOURCE
    for target in panel["targets"]:
        assert target["datasource"] == DATASOURCE
        grouped = set(re.findall(r"\w+", " ".join(_BY.findall(target["expr"]))))
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) == (
            grouped - {"le"}
        )


def test_no_panel_covers_another():
    covered: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & covered, panel["title"]
        covered |= cells


# --- the alerts -----------------------------------------------------------------------


def test_groups_and_alerts_have_names_of_their_own():
    assert set(ALERTS) == {"groups"}
    for group in ALERTS["groups"]:
        assert set(group) == {"name", "rules"}
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]):
    assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "0m"))
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook"}
    assert said["runbook"].count(".") >= 2
    assert all(text == text.strip() for text in said.values())
    labels = set(re.findall(r"\$labels\.(\w+)", " ".join(said.values())))
    assert labels <= set(re.findall(r"\w+", " ".join(_BY.findall(rule["expr"]))))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_in_the_docs(rule: dict[str, Any]):
    assert f"`{rule['alert']}`" in OPERATIONS
