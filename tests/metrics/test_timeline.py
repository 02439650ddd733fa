import pytest

from metrics.timeline import WIDTH, scale, timeline
from tests.metrics.builders import make_call


def test_calls_stand_one_after_the_other():
    draft = make_call(duration_ms=250)
    verifier = make_call(role="verifier", model="verifier-large", duration_ms=750)
    drawn = timeline([draft, verifier], total_ms=1000, first_byte_ms=500)
    assert [(bar.x, bar.width) for bar in drawn.bars] == [(0, 200), (200, 600)]
    assert [bar.kind for bar in drawn.bars] == ["draft", "verifier"]
    assert drawn.first_byte.x == 400
    assert drawn.ticks[-1].label == "1,000 ms"


@pytest.mark.parametrize("role", ["second_opinion", "judge", "shadow"])
def test_checks_share_a_colour(role):
    (bar,) = timeline([make_call(role=role)], total_ms=900, first_byte_ms=None).bars
    assert bar.kind == "check"
    assert "_" not in bar.label


def test_nothing_leaves_the_picture():
    calls = [make_call(duration_ms=ms) for ms in (0, 5000, 0, 1)]
    drawn = timeline(calls, total_ms=10, first_byte_ms=9000)
    for bar in drawn.bars:
        assert bar.width >= 3
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
    assert 0 <= drawn.first_byte.x <= WIDTH
    assert drawn.floor < drawn.height


def test_a_decision_without_calls_is_drawn_too():
    drawn = timeline([], total_ms=0, first_byte_ms=None)
    assert drawn.bars == ()
    assert drawn.description == "No call was made; in all 0 ms."


def test_it_is_said_in_words():
    failed = make_call(status=None, duration_ms=60_000)
    drawn = timeline([failed], total_ms=60_000, first_byte_ms=61_000)
    assert "draft: draft-small at anthropic, no status, 60.0 s" in drawn.description
    assert "first byte after 61.0 s" in drawn.description
    assert drawn.bars[0].failed
    assert drawn.bars[0].label.endswith("no status")


def test_a_long_name_is_cut_in_the_label_and_whole_in_the_title():
    (bar,) = timeline([make_call(model="m" * 128)], total_ms=1, first_byte_ms=None).bars
    assert len(bar.label) < 80
    assert "m" * 128 in bar.title


def test_the_scale_puts_both_on_one_line():
    drawn = scale(confidence=0.5, threshold=0.75)
    assert drawn.left < drawn.confidence_x < drawn.threshold_x < drawn.right
    assert not drawn.enough
    assert "0.50 is below the threshold 0.75" in drawn.description
    assert drawn.below_width + drawn.above_width == drawn.right - drawn.left


def test_a_confidence_at_the_threshold_is_enough():
    assert scale(confidence=0.7, threshold=0.7).enough


@pytest.mark.parametrize(("confidence", "side"), [(-1, "start"), (2, "end")])
def test_the_scale_ends_at_its_ends(confidence, side):
    drawn = scale(confidence=confidence, threshold=0.5)
    assert drawn.left <= drawn.confidence_x <= drawn.right
    assert drawn.confidence_anchor == side


def test_a_verifier_nobody_waited_for_has_not_failed():
    calls = [make_call(), make_call(role="spare", status=None, duration_ms=0)]
    _, bar = timeline(calls, total_ms=900, first_byte_ms=None).bars
    assert (bar.kind, bar.failed) == ("verifier", False)
    assert bar.label == "spare verifier: draft-small, 0 ms, not waited for"
