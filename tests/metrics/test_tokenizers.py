import pytest

from metrics.tokenizers import assumed_ratio


@pytest.mark.parametrize(
    ("draft", "verifier", "ratio"),
    [
        ("claude-haiku-5-5", "claude-opus-5-5", 1.0),
        ("claude-haiku-4-5", "claude-opus-5-5", 1.3),
        ("claude-haiku-4-5-20251001", "claude-opus-4-7", 1.3),
        ("claude-haiku-5-5", "claude-sonnet-4-5[1m]", 1 / 1.3),
        ("claude-haiku-4-5", "claude-opus-4-6", 1.0),
        ("claude-haiku-4-5", "claude-opus-4-10", 1.3),
        ("claude-3-haiku-20240307", "claude-opus-4-20250514", 1.0),
        ("llama-3.1-8b-instant", "claude-opus-5-5", 1.0),
    ],
)
def test_what_is_assumed_until_it_is_measured(draft, verifier, ratio):
    assert assumed_ratio(draft, verifier) == pytest.approx(ratio)
