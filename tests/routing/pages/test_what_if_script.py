"""The script of the slider tells, to the letter, what the server would tell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from metrics import what_if, what_if_words
from metrics.types import BINS
from metrics.what_if import Basis, Happened, Judged, Labelled
from routing.pages.rule_page import basis_json

SCRIPT = Path(__file__).parents[3] / "templates/static/routing/what_if.js"
NODE = shutil.which("node")
# A page of nothing but what the script looks for; it prints what the slider shows.
PAGE = """
const NAMES = ["threshold", "accepted", "count", "cost", "saving", "more", "quality",
  "sentence"];
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const results = [];
for (const basis of input) {
  const places = NAMES.map((name) => ({ dataset: { figure: name }, textContent: "" }));
  const element = () => ({ dataset: {}, attributes: {},
    setAttribute(name, value) { this.attributes[name] = value; } });
  const elements = { "what-if": element(), threshold: element(),
    "chosen-line": element(),
    "apply-threshold": element(), "what-if-submit": element() };
  elements["what-if"].dataset.basis = basis;
  elements["chosen-line"].dataset = { left: "100", right: "200" };
  elements.threshold.value = "0.50";
  let moved;
  elements.threshold.addEventListener = (kind, listener) => {
    if (kind === "input") moved = listener;
  };
  globalThis.document = {
    getElementById: (id) => elements[id],
    querySelectorAll: () => places,
  };
  eval(SCRIPT);
  const shown = [];
  for (let border = 0; border < 100; border += 1) {
    elements.threshold.value = (border / 100).toFixed(2);
    moved();
    const told = places.map((place) => [place.dataset.figure, place.textContent]);
    shown.push(Object.fromEntries(told));
  }
  const applied = elements["apply-threshold"].value;
  results.push({ shown, applied, submit: elements["what-if-submit"].hidden });
}
console.log(JSON.stringify(results));
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


def counted(largest: int):
    """A histogram: most bins are empty, as they are."""
    one = st.one_of(st.just(0), st.integers(min_value=0, max_value=largest))
    return st.lists(one, min_size=BINS, max_size=BINS).map(tuple)


MONEY = st.integers(min_value=0, max_value=10**17)
JUDGED = st.builds(
    Judged,
    accepted=counted(5_000),
    rejected=counted(5_000),
    accepted_nusd=counted(10**17),
    rejected_nusd=counted(10**10),
)
LABELLED = st.builds(
    Labelled, samples=counted(3), weight=counted(10**9), worse_weight=counted(10**9)
)


@st.composite
def bases(draw) -> Basis:
    """A rule's decisions, of which some had no judged draft."""
    judged = draw(JUDGED)
    accepted = sum(judged.accepted)
    others = draw(st.integers(min_value=0, max_value=400))
    happened = Happened(
        cascaded=accepted + sum(judged.rejected) + others,
        accepted=accepted,
        cost_nusd=draw(MONEY),
        baseline_nusd=draw(MONEY),
    )
    return Basis(happened=happened, judged=judged, labelled=draw(LABELLED))


def in_json(value) -> str:
    return msgspec.json.encode(value).decode()


def shown_by_the_script(rules: list[Basis]) -> list[dict]:
    program = f"const SCRIPT = {in_json(SCRIPT.read_text())};\n{PAGE}"
    done = subprocess.run(  # noqa: S603  our own script
        [str(NODE), "-e", program],
        input=in_json([basis_json(basis) for basis in rules]),
        capture_output=True,
        text=True,
        check=True,
    )
    return msgspec.json.decode(done.stdout)


def told_by_the_server(basis: Basis) -> list[dict[str, str]]:
    return [
        what_if_words.figures(basis, what_if.outlook(basis, percent), percent)
        for percent in range(BINS)
    ]


# Each example is a process: they are not made smaller.
@settings(
    max_examples=6,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(bases(), min_size=1, max_size=6))
def test_script_and_server_agree_at_every_threshold(rules):
    for basis, result in zip(rules, shown_by_the_script(rules), strict=True):
        assert result["shown"] == told_by_the_server(basis)


@pytest.mark.parametrize("nusd", [0, 4, 500, 1_500, 9_999_999, 10_000_000, 999_999_999])
def test_script_and_server_round_alike(nusd):
    happened = Happened(
        cascaded=400, accepted=49, cost_nusd=nusd, baseline_nusd=3 * nusd
    )
    basis = Basis(happened=happened)
    (result,) = shown_by_the_script([basis])
    assert result["shown"] == told_by_the_server(basis)


def test_what_would_be_applied_follows_the_slider():
    happened = Happened(cascaded=1, accepted=1, cost_nusd=1, baseline_nusd=1)
    (result,) = shown_by_the_script([Basis(happened=happened)])
    assert (result["applied"], result["submit"]) == ("0.99", True)
