import pytest

from metrics import keys

START = "cp_report_"


def test_keys_differ_and_have_one_form():
    made = {keys.new_key(START) for _ in range(50)}
    assert len(made) == 50
    assert {len(key) for key in made} == {len(START) + 49}


def test_a_typing_error_is_told_from_a_wrong_key():
    key = keys.new_key(START)
    other = "0" if key[20] != "0" else "1"
    assert not keys.looks_mistyped(key, START)
    assert keys.looks_mistyped(key[:20] + other + key[21:], START)
    assert keys.looks_mistyped(key[:-1], START)
    assert not keys.looks_mistyped("another kind of key", START)


def test_a_digest_depends_on_the_pepper(settings):
    key = keys.new_key(START)
    digest = keys.digest(key)
    assert digest == keys.digest(key) != keys.digest(key + "x")
    settings.CASCADE_KEY_PEPPER = "another pepper"
    assert keys.digest(key) != digest


@pytest.mark.parametrize("key", ["short", "x" * 100])
def test_little_is_shown_of_a_key_somebody_chose(key):
    assert len(keys.prefix(key, START)) <= min(8, len(key) // 4)
