import pytest

from routing.quality.curve import Priced, best_for, curve


def row(confidence, draft=1.0, verifier=1.0, **changes):
    values = {
        "confidence": confidence,
        "draft_score": draft,
        "verifier_score": verifier,
        "draft_cost": 1.0,
        "verifier_cost": 10.0,
    }
    return Priced(**values | changes)


ROWS = [row(0.9), row(0.8), row(0.6, draft=0.0), row(0.3, draft=0.0)]


def test_nothing_accepted_costs_the_drafts():
    first = curve(ROWS)[0]
    assert (first.accepted, first.kept) == (0.0, 1.0)
    assert first.saved == pytest.approx(-0.1)


def test_everything_accepted_keeps_what_drafts_score():
    last = curve(ROWS)[-1]
    assert (last.accepted, last.kept, last.harmed) == (1.0, 0.5, 0.5)
    assert last.saved == pytest.approx(0.9)


def test_equal_confidences_are_accepted_together():
    assert len(curve([row(0.5), row(0.5), row(0.4)])) == 3


def test_the_best_point_saves_most_of_those_that_keep_enough():
    point = best_for(ROWS, 0.98)
    assert point.threshold == 0.8
    assert point.saved == pytest.approx(0.4)
    assert best_for(ROWS, 0.4).threshold == 0.3


def test_weights_count_as_so_many_rows():
    weighted = curve([row(0.9, weight=3.0), row(0.5, draft=0.0)])
    plain = curve([row(0.9)] * 3 + [row(0.5, draft=0.0)])
    assert weighted[-1].kept == pytest.approx(plain[-1].kept)


def test_without_rows_there_is_no_curve():
    assert curve([]) == []
    assert best_for([], 0.9) is None
