import pytest

from metrics.expiry import expiry


def test_a_day_means_its_end_in_utc():
    assert expiry("2099-01-31").isoformat() == "2099-01-31T23:59:59.999999+00:00"


def test_a_moment_is_in_utc_unless_it_says_otherwise():
    assert expiry("2099-01-31T12:00").isoformat() == "2099-01-31T12:00:00+00:00"
    assert expiry("2099-01-31T12:00+02:00").utcoffset().total_seconds() == 7200


@pytest.mark.parametrize("text", ["soon", "2099-13-01", "", "2001-01-01"])
def test_what_is_no_moment_or_has_passed_is_refused(text):
    with pytest.raises(ValueError, match=r"no day or moment|has passed"):
        expiry(text)
