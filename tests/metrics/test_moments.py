from datetime import UTC, datetime

from metrics import moments

LATE = datetime(2026, 11, 23, 23, 30, 5, tzinfo=UTC)


def test_moments_are_told_in_the_time_zone_of_the_pages(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert moments.day(LATE) == "2026-11-24"
    assert moments.minute(LATE) == "2026-11-24 00:30"
    assert moments.second(LATE) == "2026-11-24 00:30:05"
