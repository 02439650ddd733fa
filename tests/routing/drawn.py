"""Labelled drafts of a rule named default, in the database, and what it spent."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from metrics.identifiers import base62
from metrics.label_models import Label, MeasuredDraft
from metrics.rollup_models import DailyRollup
from routing.quality.features.vector import FEATURES_VERSION, NAMES
from tests.builders import DRAFT, VERIFIER

START = timezone.now() - timedelta(days=9)


class Draws:
    """Labelled drafts whose first feature tells good from worse, with some noise.

    Each comes a minute after the one before, the first a minute after `start`.
    """

    def __init__(self):
        self.start = START
        self._random = random.Random(11)  # noqa: S311
        self._number = 0

    def add(self, count, *, good_share=0.7, noise=0.02, **fields):
        for _ in range(count):
            self._number += 1
            good = self._random.random() < good_share
            told = good if self._random.random() >= noise else not good
            self._one(good=good, told=told, **fields)

    def _one(self, *, good, told, **fields):
        decision_id = base62(self._number, 22)
        moment = self.start + timedelta(minutes=self._number)
        features = [self._random.gauss(0, 1) for _ in NAMES]
        features[0] = self._random.gauss(2 if told else -2, 0.5)
        values = {
            "source": "agreement",
            "by": VERIFIER,
            "worse": not good,
            "probability": 1.0,
            "rule": "default",
            "draft_model": DRAFT,
            "verifier_model": VERIFIER,
            "outcome": "escalated",
            "simulated": False,
        }
        Label.objects.create(
            decision_id=decision_id, decided_at=moment, **values | fields
        )
        MeasuredDraft.objects.create(
            decision_id=decision_id,
            rule="default",
            decided_at=moment,
            route="ab12",
            features_version=FEATURES_VERSION,
            features=features,
        )


def spend(*, checks):
    """Let a day have saved 100 before `checks` were paid."""
    DailyRollup.objects.create(
        day=timezone.localdate(),
        simulated=False,
        rule="default",
        key_name="",
        tag="",
        requested_model="",
        served_model="",
        outcome="accepted",
        cost_nusd=checks,
        baseline_nusd=100,
        check_nusd=checks,
    )
