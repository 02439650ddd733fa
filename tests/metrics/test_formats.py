from decimal import Decimal

import pytest

from metrics import formats


@pytest.mark.parametrize(
    ("nusd", "text"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (1_234_567_890_123, "$1,234.57"),
        (-2_500_000_000, "-$2.50"),
        (12_300_000, "$0.0123"),
        (270_000, "$0.000270"),
        (-1, "-$0.000000"),
    ],
)
def test_dollars(nusd, text):
    assert formats.usd(nusd) == text


@pytest.mark.parametrize(
    ("nusd", "text"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (786_700_000, "$0.79"),
        (-1_234_567_890_123, "-$1,234.57"),
        (10_000_000, "$0.01"),
        (9_999_999, "$0.010000"),
        (-270_000, "-$0.000270"),
    ],
)
def test_dollars_line_up_down_to_a_cent(nusd, text):
    assert formats.usd_cents(nusd) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, "n/a"), (0.5834, "58.3 %"), (-0.021, "-2.1 %")]
)
def test_shares(share, text):
    assert formats.percent(share) == text


@pytest.mark.parametrize(
    ("duration_ms", "text"), [(None, "n/a"), (840, "840 ms"), (26_800, "26.8 s")]
)
def test_durations(duration_ms, text):
    assert formats.milliseconds(duration_ms) == text


@pytest.mark.parametrize(
    ("amount", "text"), [("0.125000", "0.125"), ("10.000000", "10"), ("100", "100")]
)
def test_prices_lose_their_zeros(amount, text):
    assert formats.plain(Decimal(amount)) == text


def test_counts():
    assert (formats.count(None), formats.count(12345)) == ("n/a", "12,345")


def test_what_hides_or_turns_text_around_is_named():
    assert formats.visible("a\u202eb\x00\x1b") == (
        "a\u27e8U+202E\u27e9b\u27e8U+0000\u27e9\u27e8U+001B\u27e9"
    )


def test_what_scripts_and_lines_need_stays():
    for text in (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f469\u200d\U0001f4bb",
        "a\tb\r\nc",
        "\u05e9\u05dc\u05d5\u05dd",
    ):
        assert formats.visible(text) == text


@pytest.mark.parametrize(("duration_ms", "text"), [(None, "n/a"), (1.0749, "1.07 ms")])
def test_short_durations(duration_ms, text):
    assert formats.short_milliseconds(duration_ms) == text


def test_columns_line_up_text_to_the_left_and_figures_to_the_right():
    rows = [("Rule", "Saved"), ("opus", "$1.00"), ("a long one", "-$0.50")]
    assert formats.aligned(rows) == [
        "Rule         Saved",
        "opus         $1.00",
        "a long one  -$0.50",
    ]
