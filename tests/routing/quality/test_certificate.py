import random
from dataclasses import replace

import pytest

from routing.quality.certificate import Judged, Promise, certify, drifted

STEPS = tuple(1 - n / 20 for n in range(1, 21))
FIVE = Promise(harm=0.05)


def harm_at(confidence):
    """The chance that a draft of this confidence is worse: 0 at the top, 40 % below."""
    return 0.4 * (1 - confidence) ** 2


def drawn(count, seed, harm=harm_at):
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        confidence = chance.random()
        worse = chance.random() < harm(confidence)
        rows.append(Judged(confidence=confidence, worse=worse))
    return rows


def true_harm(threshold):
    """The harm rate of all that is at `threshold` and above, by the integral."""
    return 0.4 * (1 - threshold) ** 2 / 3


def test_the_loosest_threshold_that_is_proven_is_given():
    certificate = certify(drawn(3_000, 1), STEPS, FIVE)
    assert certificate.status == "certified"
    assert true_harm(certificate.threshold) <= certificate.bound <= 0.05
    assert certificate.labels > 500


def test_more_labels_allow_a_looser_threshold():
    few, many = (certify(drawn(n, 3), STEPS, FIVE).threshold for n in (2_500, 9_000))
    assert many < few


def test_a_promise_is_rarely_broken_however_often_it_is_looked_at():
    """Every look may certify; one bad certificate in the whole life counts."""
    broken = 0
    for seed in range(100):
        rows = drawn(800, seed, harm=lambda confidence: 0.11 - 0.06 * confidence)
        looks = [certify(rows[:n], STEPS, FIVE) for n in range(200, 801, 200)]
        given = [look.threshold for look in looks if look.threshold is not None]
        # At any threshold the rate is above 5 %, so every certificate is false.
        broken += bool(given)
    assert broken <= 5 + 4


def test_what_cannot_be_promised_is_said_with_the_best_that_can():
    rows = drawn(1_000, 5, harm=lambda _: 0.08)
    certificate = certify(rows, STEPS, FIVE)
    assert (certificate.status, certificate.threshold) == ("not_certifiable", None)
    assert 0.08 < certificate.bound < 0.15
    eased = certify(rows, STEPS, replace(FIVE, harm=certificate.bound + 0.02))
    assert eased.status == "certified"


@pytest.mark.parametrize("rows", [[], drawn(30, 7)])
def test_few_labels_promise_nothing(rows):
    certificate = certify(rows, STEPS, FIVE)
    assert certificate.threshold is None
    assert certificate.bound > 0.05


def test_without_thresholds_there_is_nothing_to_promise():
    assert certify(drawn(500, 8), (), FIVE).bound == 1.0


def test_rows_that_stand_for_many_are_counted_so():
    """Accepted drafts are labelled every fifth time, the others always."""
    chance = random.Random(9)
    rows = [
        replace(row, weight=5.0 if row.confidence >= 0.5 else 1.0)
        for row in drawn(12_000, 9)
        if row.confidence < 0.5 or chance.random() < 0.2
    ]
    promise = replace(FIVE, heaviest=5.0)
    threshold = certify(rows, STEPS, promise).threshold
    assert threshold is not None
    assert true_harm(threshold) <= 0.05


class TestDrift:
    def test_a_model_that_turns_bad_is_noticed_within_the_window(self):
        good = drawn(3_000, 11, harm=lambda _: 0.02)
        bad = drawn(60, 12, harm=lambda _: 0.3)
        assert not drifted(good, 0.0, FIVE)
        assert drifted(good + bad, 0.0, FIVE)

    def test_a_look_at_each_of_its_first_35_labels_nearly_always_notices(self):
        noticed = 0
        for seed in range(60):
            good = drawn(200, seed, harm=lambda _: 0.02)
            bad = drawn(35, 10_000 + seed, harm=lambda _: 0.3)
            looks = (good + bad[: n + 1] for n in range(35))
            noticed += any(drifted(rows, 0.0, FIVE) for rows in looks)
        assert noticed >= 54

    def test_what_keeps_its_promise_is_rarely_accused(self):
        accused = sum(
            drifted(drawn(400, seed, harm=lambda _: 0.05), 0.0, FIVE)
            for seed in range(200)
        )
        assert accused <= 4

    def test_what_is_not_accepted_does_not_count(self):
        rows = [Judged(confidence=0.2, worse=True)] * 300
        assert not drifted(rows, 0.5, FIVE)

    def test_what_lies_before_the_window_is_forgotten(self):
        bad, good = drawn(200, 13, harm=lambda _: 0.6), drawn(200, 14, harm=lambda _: 0)
        assert drifted(bad, 0.0, FIVE)
        assert not drifted(bad + good, 0.0, FIVE)


@pytest.mark.parametrize(
    "odd", [{"harm": 0}, {"harm": 1}, {"sure": 0}, {"sure": 1}, {"heaviest": 0}]
)
def test_a_promise_that_makes_no_sense_is_refused(odd):
    with pytest.raises(ValueError, match=r"between 0 and 1|positive"):
        Promise(**{"harm": 0.05} | odd)
