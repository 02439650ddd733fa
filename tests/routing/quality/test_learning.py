import random
from dataclasses import replace

import msgspec
import pytest

from routing.quality import agreement
from routing.quality.features.vector import FEATURES_VERSION, NAMES
from routing.quality.gate import Gate
from routing.quality.learning import (
    FIRST_NAMES,
    MAX_LABELS,
    SECOND_NAMES,
    Labelled,
    inputs,
    learn,
)
from routing.quality.ranking import auroc, steps_of
from routing.quality.regression import sigmoid
from routing.quality.route import Posterior

WRONG, LENGTH = NAMES.index("sums_wrong"), NAMES.index("draft_length")
AGREES = agreement.NAMES.index("second_agrees")


def rows(count=300, seed=1, *, second=False):
    """Wrong sums make drafts worse; on `b` long drafts are better, on `a` worse."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        features = [0.0] * len(NAMES)
        features[WRONG], features[LENGTH] = chance.choice([0, 1]), chance.gauss(5, 1)
        route = chance.choice("ab")
        slope = 1.2 if route == "b" else -1.2
        log_odds = 1.5 - 2 * features[WRONG] + slope * (features[LENGTH] - 5)
        good = chance.random() < sigmoid(log_odds)
        opinion = None
        if second:
            opinion = [0.0] * len(agreement.NAMES)
            opinion[AGREES] = float(chance.random() < (0.9 if good else 0.1))
        found.append(
            Labelled(features=features, as_good=good, route=route, second=opinion)
        )
    return found


@pytest.fixture(scope="module")
def learned():
    return learn(rows(), fitted_at="2026-11-26")


def vector(*, wrong=0.0, length=5.0):
    features = [0.0] * len(NAMES)
    features[WRONG], features[LENGTH] = wrong, length
    return inputs(features, Posterior(good=0.7, labels=150))


class TestGate:
    def test_it_says_what_it_is_of(self, learned):
        gate = learned.gate
        assert gate.names == FIRST_NAMES
        assert gate.features_version == FEATURES_VERSION
        assert (gate.labels, gate.fitted_at) == (300, "2026-11-26")
        assert 0.65 < gate.metrics.auroc < 0.95
        assert 0 < gate.metrics.brier < 0.25

    def test_confidence_follows_what_was_learned(self, learned):
        levels = [
            learned.gate.confidence(vector(wrong=w)) for w in (0.0, 0.3, 0.6, 1.0)
        ]
        assert levels == sorted(levels, reverse=True)
        assert levels[0] > levels[-1] + 0.1

    def test_a_route_may_turn_a_sign(self, learned):
        gate = learned.gate
        long, short = vector(length=7.0), vector(length=3.0)
        assert gate.confidence(long, "b") > gate.confidence(short, "b")
        assert gate.confidence(long, "a") < gate.confidence(short, "a")

    def test_an_unknown_route_is_the_rule_itself(self, learned):
        assert learned.gate.confidence(vector(), "new") == learned.gate.confidence(
            vector()
        )

    def test_what_counts_against_a_draft_is_named_first(self, learned):
        name, amount = learned.gate.contributions(vector(wrong=1.0))[0]
        assert name == "sums_wrong"
        assert amount < 0

    def test_contributions_add_up_to_what_sets_a_draft_apart(self, learned):
        gate = learned.gate
        one, other = vector(wrong=1.0), vector()
        apart = gate.slope * (gate.margin(one) - gate.margin(other))
        sums = [
            sum(amount for _, amount in gate.contributions(v)) for v in (one, other)
        ]
        assert sums[0] - sums[1] == pytest.approx(apart)

    def test_the_weights_of_a_rule_name_the_signal(self, learned):
        assert dict(learned.gate.weights())["sums_wrong"] < 0
        assert learned.gate.weights()[0][0] in {"sums_wrong", "draft_length"}

    def test_it_comes_back_as_it_was_stored(self, learned):
        stored = msgspec.json.decode(msgspec.json.encode(learned.gate.dump()))
        again = Gate.load(stored)
        assert again == learned.gate
        assert again.confidence(vector(), "a") == learned.gate.confidence(vector(), "a")

    @pytest.mark.parametrize("odd", [{}, {"names": ["a"]}, {"rule": None}])
    def test_what_is_no_gate_is_refused(self, odd):
        with pytest.raises(ValueError, match="not a stored gate"):
            Gate.load(odd)

    def test_parts_that_do_not_fit_are_refused(self, learned):
        stored = learned.gate.dump()
        with pytest.raises(ValueError, match="one mean"):
            Gate.load(stored | {"means": stored["means"][1:]})

    def test_another_number_of_inputs_is_refused(self, learned):
        with pytest.raises(ValueError, match="inputs"):
            learned.gate.confidence([0.0])


class TestLearning:
    def test_the_same_rows_teach_the_same(self, learned):
        again = learn(rows(), fitted_at="2026-11-26")
        assert again.gate == learned.gate
        assert again.confidences == learned.confidences

    def test_honest_confidences_are_calibrated(self, learned):
        mean = sum(learned.confidences) / len(learned.confidences)
        good = sum(row.as_good for row in rows()) / 300
        assert mean == pytest.approx(good, abs=0.03)

    @pytest.mark.parametrize(
        "few",
        [
            [],
            rows(39),
            [replace(row, as_good=True) for row in rows(100)],
            [replace(row, as_good=False) for row in rows(100)],
        ],
    )
    def test_too_few_labels_teach_nothing(self, few):
        assert learn(few, fitted_at="2026-11-26") is None

    def test_random_labels_are_not_believed(self):
        chance = random.Random(5)
        noise = [replace(r, as_good=chance.random() < 0.5, route="") for r in rows(200)]
        gate = learn(noise, fitted_at="2026-11-26").gate
        assert gate.metrics.auroc == pytest.approx(0.5, abs=0.15)
        levels = [gate.confidence(vector(wrong=w)) for w in (0.0, 1.0)]
        assert levels == pytest.approx([0.5, 0.5], abs=0.2)

    def test_a_second_opinion_is_learned_where_there_is_one(self):
        both = rows(200, second=True) + rows(50, seed=2)
        found = learn(both, fitted_at="2026-11-26", with_second=True)
        assert found.gate.names == SECOND_NAMES
        assert found.gate.labels == 200
        assert found.gate.metrics.auroc > 0.85
        assert found.confidences[200:] == (None,) * 50

    def test_rows_of_one_question_are_never_on_both_sides(self):
        """Each question is asked twice and answered at random, twice the same."""
        chance, pairs = random.Random(3), []
        for at in range(150):
            features = [chance.gauss(0, 1) for _ in NAMES]
            row = Labelled(
                features=features, as_good=chance.random() < 0.5, group=f"question {at}"
            )
            pairs += [row, row]
        apart = learn(pairs, fitted_at="2026-11-26").gate
        alone = [replace(row, group="") for row in pairs]
        leaking = learn(alone, fitted_at="2026-11-26").gate
        assert apart.metrics.auroc < 0.65 < leaking.metrics.auroc

    def test_only_the_newest_rows_are_used(self, monkeypatch):
        monkeypatch.setattr("routing.quality.learning.MAX_LABELS", 100)
        found = learn(rows(150), fitted_at="2026-11-26")
        assert found.gate.labels == 100
        assert found.confidences[:50] == (None,) * 50
        assert MAX_LABELS == 5_000

    def test_a_label_of_little_trust_weighs_little(self):
        good = [replace(row, as_good=True, weight=0.01) for row in rows(100, seed=7)]
        bad = [replace(row, as_good=False) for row in rows(100, seed=8)]
        gate = learn(good + bad, fitted_at="2026-11-26").gate
        assert gate.confidence(vector()) < 0.3


def test_steps_go_from_strict_to_loose_without_doubles():
    steps = steps_of([n / 100 for n in range(100)])
    assert steps == tuple(sorted(set(steps), reverse=True))
    assert len(steps) == 20
    assert steps_of([0.5] * 40) == (0.5,)
    assert steps_of([]) == ()


@pytest.mark.parametrize(
    ("confidences", "good", "area"),
    [
        ([0.1, 0.9], [False, True], 1.0),
        ([0.9, 0.1], [False, True], 0.0),
        ([0.5, 0.5], [False, True], 0.5),
        ([0.5, 0.6], [True, True], 0.5),
    ],
)
def test_auroc_counts_pairs_in_order(confidences, good, area):
    assert auroc(confidences, good) == area
