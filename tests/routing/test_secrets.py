import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from routing import secrets
from routing.errors import ConfigurationError

KEYS = [Fernet.generate_key().decode() for _ in range(2)]


def test_a_client_key_is_recognised_and_told_from_a_mistyped_one():
    key = secrets.new_client_key()
    assert key.startswith("cp_live_")
    assert len(key) == len("cp_live_") + 49
    assert not secrets.looks_mistyped(key)
    other = "A" if key[20] != "A" else "B"
    assert secrets.looks_mistyped(key[:20] + other + key[21:])
    assert secrets.looks_mistyped(key[:-1])


def test_a_key_of_other_make_is_not_mistyped():
    assert not secrets.looks_mistyped("sk-ant-whatever")


def test_no_two_keys_are_the_same():
    assert len({secrets.new_client_key() for _ in range(100)}) == 100


def test_the_digest_depends_on_the_whole_key_and_the_pepper(settings):
    key = secrets.new_client_key()
    digest = secrets.client_key_digest(key)
    assert digest != secrets.client_key_digest(key[:-1])
    settings.CASCADE_KEY_PEPPER = "another pepper"
    assert digest != secrets.client_key_digest(key)


@given(st.text(max_size=40))
def test_a_prefix_shows_a_quarter_of_a_chosen_key_at_most(key):
    assert len(secrets.client_key_prefix(key)) <= max(len(key) / 4, 16)


def test_a_prefix_shows_eight_characters_of_the_secret():
    key = secrets.new_client_key()
    assert secrets.client_key_prefix(key) == key[:16]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_encrypted_comes_back(key):
    token = secrets.encrypt(key)
    assert secrets.decrypt(token) == key
    assert len(key) < 4 or key not in token


def test_an_old_key_still_opens_and_a_wrong_one_says_so(settings):
    settings.FIELD_KEYS = KEYS[:1]
    token = secrets.encrypt("sk-secret")
    settings.FIELD_KEYS = [KEYS[1], KEYS[0]]
    assert secrets.decrypt(token) == "sk-secret"
    settings.FIELD_KEYS = KEYS[1:]
    with pytest.raises(ConfigurationError, match="does not open"):
        secrets.decrypt(token)


@pytest.mark.parametrize("keys", [[], ["not a key"]])
def test_without_good_field_keys_nothing_is_stored(settings, keys):
    settings.FIELD_KEYS = keys
    with pytest.raises(ConfigurationError, match="FIELD_KEYS"):
        secrets.encrypt("sk-secret")


def test_references_are_followed(settings, tmp_path):
    settings.PROVIDER_KEYS = {"MY_KEY": "sk-env"}
    path = tmp_path / "key"
    path.write_text("sk-file\n")
    assert secrets.resolve("env:MY_KEY") == "sk-env"
    assert secrets.resolve("env:OTHER") == ""
    assert secrets.resolve(f"file:{path}") == "sk-file"


@pytest.mark.parametrize("reference", ["file:/nowhere/at/all", "vault:x"])
def test_a_reference_that_leads_nowhere_says_so(reference):
    with pytest.raises(ConfigurationError):
        secrets.resolve(reference)


def test_a_key_file_that_is_not_text_says_so(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not text"):
        secrets.resolve(f"file:{path}")
