import random

import pytest

from routing.quality.regression import Problem, fitted, sigmoid


def problem(columns, targets, **changes):
    values = {
        "columns": columns,
        "targets": targets,
        "weights": [1.0] * len(targets),
        "offsets": [0.0] * len(targets),
        "penalty": 0.01,
    }
    return Problem(**values | changes)


def noisy(count=600, seed=1):
    """Targets follow 1 + 2a - b; the third column tells nothing."""
    chance = random.Random(seed)
    columns = [[chance.gauss(0, 1) for _ in range(count)] for _ in range(3)]
    targets = [
        float(chance.random() < sigmoid(1 + 2 * a - b))
        for a, b, _ in zip(*columns, strict=True)
    ]
    return columns, targets


def test_what_made_the_targets_is_found():
    intercept, (a, b, c) = fitted(problem(*noisy(4_000), penalty=0.0001))
    assert intercept == pytest.approx(1, abs=0.2)
    assert a == pytest.approx(2, abs=0.3)
    assert b == pytest.approx(-1, abs=0.25)
    assert c == pytest.approx(0, abs=0.15)


def test_a_penalty_shrinks_coefficients():
    columns, targets = noisy()
    free, held = (
        fitted(problem(columns, targets, penalty=penalty))[1]
        for penalty in (0.001, 1.0)
    )
    assert abs(held[0]) < abs(free[0]) / 2


def test_a_row_that_weighs_double_counts_as_two():
    columns, targets = noisy(200)
    doubled = [column + column[:50] for column in columns]
    weights = [2.0] * 50 + [1.0] * 150
    by_weight = fitted(problem(columns, targets, weights=weights))
    by_rows = fitted(problem(doubled, targets + targets[:50]))
    assert by_weight[0] == pytest.approx(by_rows[0], abs=0.03)
    assert by_weight[1] == pytest.approx(by_rows[1], abs=0.03)


def test_what_offsets_tell_already_is_not_learned_again():
    columns, targets = noisy(3_000)
    offsets = [1 + 2 * a - b for a, b, _ in zip(*columns, strict=True)]
    intercept, rest = fitted(problem(columns, targets, offsets=offsets))
    assert [intercept, *rest] == pytest.approx([0, 0, 0, 0], abs=0.2)


def test_the_same_rows_give_the_same_coefficients():
    assert fitted(problem(*noisy())) == fitted(problem(*noisy()))


def test_without_columns_the_base_rate_is_learned():
    intercept, coefficients = fitted(problem([], [1.0, 1.0, 1.0, 0.0]))
    assert sigmoid(intercept) == pytest.approx(0.75, abs=0.01)
    assert coefficients == []


def test_what_can_be_told_without_error_stays_finite():
    column = [-1.0] * 50 + [1.0] * 50
    _, (coefficient,) = fitted(problem([column], [0.0] * 50 + [1.0] * 50))
    assert 1 < coefficient < 50


@pytest.mark.parametrize("log_odds", [-1e9, -5.0, 0.0, 5.0, 1e9])
def test_probabilities_never_overflow(log_odds):
    assert 0 <= sigmoid(log_odds) <= 1
    assert sigmoid(log_odds) + sigmoid(-log_odds) == pytest.approx(1)
