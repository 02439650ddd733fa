from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from metrics import periods
from metrics.periods import LONGEST_DAYS, Period


@pytest.fixture
def berlin():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        yield


def test_a_period_ends_before_the_day_after_its_last():
    period = Period(first=date(2026, 11, 1), last=date(2026, 11, 2))
    assert period.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 3, tzinfo=UTC)
    assert period.days == [date(2026, 11, 1), date(2026, 11, 2)]


def test_the_previous_period_is_as_long_and_just_before():
    previous = Period(first=date(2026, 11, 8), last=date(2026, 11, 14)).previous
    assert (previous.first, previous.last) == (date(2026, 11, 1), date(2026, 11, 7))


@pytest.mark.usefixtures("berlin")
def test_a_day_on_which_clocks_change_is_a_whole_day():
    period = Period(first=date(2026, 10, 25), last=date(2026, 10, 25))
    length = period.end.astimezone(UTC) - period.start.astimezone(UTC)
    assert length == timedelta(hours=25)


@pytest.mark.parametrize(("preset", "days"), periods.PRESETS.items())
def test_presets_end_today(preset, days):
    period, problem = periods.from_query({"period": preset})
    assert (period.length_days, period.last) == (days, timezone.localdate())
    assert (period.preset, problem) == (preset, "")


def test_an_own_range_comes_before_a_preset():
    query = {"from": "2026-11-01", "to": "2026-11-03", "period": "90d"}
    period, problem = periods.from_query(query)
    assert (period.first, period.last) == (date(2026, 11, 1), date(2026, 11, 3))
    assert (period.preset, problem) == ("", "")


@pytest.mark.parametrize(
    "query",
    [
        {"period": "for ever"},
        {"from": "yesterday"},
        {"from": "2026-11-03", "to": "2026-11-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"from": "0001-01-01", "to": "0001-01-01"},
        {"from": "9999-12-31", "to": "9999-12-31"},
        {"from": "1999-12-31", "to": "2000-01-01"},
        {"to": "2101-01-01"},
    ],
)
def test_what_cannot_be_read_is_said_and_gives_the_default(query):
    period, problem = periods.from_query(query)
    assert period.preset == periods.DEFAULT_PRESET
    assert problem


@pytest.mark.parametrize("day", ["2000-01-01", "2100-12-31"])
def test_the_days_around_the_first_and_the_last_can_be_reckoned(day):
    period, problem = periods.from_query({"from": day, "to": day})
    assert problem == ""
    assert period.previous.end == period.start < period.end


def test_a_half_open_range_is_closed_by_today_or_is_a_day():
    today = timezone.localdate().isoformat()
    assert periods.from_query({"to": today})[0].length_days == 1
    assert periods.from_query({"from": today})[0].length_days == 1


@pytest.mark.parametrize("days", [0, -1, LONGEST_DAYS + 1])
def test_a_period_has_a_length_we_can_do(days):
    with pytest.raises(ValueError, match="days"):
        periods.last_days(days)


@pytest.mark.parametrize(
    ("text", "last"), [("2026-11", 30), ("2026-12", 31), ("2028-02", 29)]
)
def test_a_month_has_all_its_days(text, last):
    period = periods.month(text)
    assert (period.first.day, period.last.day) == (1, last)
    assert f"{period.first:%Y-%m}" == f"{period.last:%Y-%m}" == text


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "1999-12", "2026-11-01", ""])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  the calendar's or ours
        periods.month(text)
