"""Who says what counted: the first who knows."""

from __future__ import annotations

from metrics import contributions
from metrics.contributions import Contributions
from metrics.models import RoutingDecision


def test_the_first_who_knows_is_heard(monkeypatch):
    told = [Contributions(by=name, parts=()) for name in ("first", "second")]
    monkeypatch.setattr(
        contributions,
        "explainers",
        [lambda _: None, lambda _: told[0], lambda _: told[1]],
    )
    assert contributions.of(RoutingDecision()) is told[0]


def test_nobody_knows_of_what_nobody_judged(monkeypatch):
    monkeypatch.setattr(contributions, "explainers", [lambda _: None])
    assert contributions.of(RoutingDecision()) is None
