"""Decisions of a rule with labels, what was measured of their drafts, certificates."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from metrics import lines, loader, rollups
from metrics.journal import Journal
from metrics.types import LabelRecord
from routing.models import RuleCertificate
from routing.quality.features.vector import FEATURES_VERSION, NAMES
from tests.metrics.builders import make_id, make_record

ESCALATED = {
    "outcome": "escalated",
    "reason": "low_confidence",
    "served_model": "verifier-large",
    "cost_nusd": 11_070_000,
}


class LabelledDrafts:
    """Loads decisions and their labels by the journal, as the product does.

    The confidence of a draft tells good ones from worse, and so does its first feature.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._random = random.Random(11)  # noqa: S311
        self._number = 0

    def add(self, count, *, good_share=0.7, rule="first", measured=True, **label):
        writer = Journal(self._directory)
        for _ in range(count):
            self._number += 1
            good = self._random.random() < good_share
            record = self._record(rule, good)
            writer.append(lines.encode(record))
            values = {
                "decision_id": record.decision_id,
                "source": "agreement",
                "by": "verifier-large",
                "worse": not good,
                "at": record.started_at,
                "probability": 1.0,
            }
            if measured:
                values |= self._measured(good)
            writer.append(lines.encode_label(LabelRecord(**values | label)))
        writer.close()
        assert loader.load_once(self._directory).problem == ""
        rollups.fold()

    def _record(self, rule, good):
        confidence = self._random.uniform(0.6, 1.0) if good else self._random.random()
        outcome = {"outcome": "accepted"} if confidence >= 0.7 else ESCALATED
        return make_record(
            decision_id=make_id(self._number),
            started_at=timezone.now() - timedelta(hours=1, seconds=-self._number),
            rule=rule,
            confidence=confidence,
            signals={"gate": round(confidence, 4), "gate_version": 1.0, "route": 0.7},
            **outcome,
        )

    def _measured(self, good):
        features = [self._random.gauss(0, 1) for _ in NAMES]
        features[0] = self._random.gauss(2 if good else -2, 0.5)
        return {
            "route": "ab12",
            "features_version": FEATURES_VERSION,
            "features": tuple(features),
        }


def certify(**fields) -> RuleCertificate:
    """Give the rule a certificate, in force unless `fields` say otherwise."""
    values = {
        "rule": "first",
        "state": "in_force",
        "knowledge_version": 1,
        "harm": 0.05,
        "sure": 0.95,
        "threshold": 0.8,
        "bound": 0.04,
        "labels": 300,
    }
    return RuleCertificate.objects.create(**values | fields)
