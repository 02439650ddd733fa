import stat

from cryptography.fernet import Fernet

from cascadeproxy.bootstrap import (
    BASE_DIR,
    filled,
    fresh_secrets,
    prepare,
    read,
    without_unasked_keys,
)

EXAMPLE = (
    "# comment\nSECRET_KEY=\nCASCADE_KEY_PEPPER=\nFIELD_KEYS=\nANTHROPIC_API_KEY=\n"
)


def example(tmp_path):
    path = tmp_path / "example"
    path.write_text(EXAMPLE)
    return path


def test_writes_an_env_file_only_its_owner_can_read(tmp_path):
    path = tmp_path / ".env"
    prepare(path, example(tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = read(path.read_text())
    assert len(values["SECRET_KEY"]) >= 50
    assert len(values["CASCADE_KEY_PEPPER"]) >= 32
    Fernet(values["FIELD_KEYS"])
    assert "ANTHROPIC_API_KEY" not in values
    assert {p.name for p in tmp_path.iterdir()} == {".env", "example"}


def test_a_second_run_changes_not_one_byte(tmp_path):
    path = tmp_path / ".env"
    prepare(path, example(tmp_path))
    before, written_at = path.read_bytes(), path.stat().st_mtime_ns
    assert prepare(path, example(tmp_path)) == []
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == written_at


def test_fills_in_what_a_file_of_your_own_lacks_and_keeps_the_rest(tmp_path):
    path = tmp_path / ".env"
    path.write_text("ANTHROPIC_API_KEY=sk-mine\nFIELD_KEYS=\n# mine")
    path.chmod(0o644)
    assert len(prepare(path, example(tmp_path))) == 1
    text = path.read_text()
    assert "ANTHROPIC_API_KEY=sk-mine" in text
    assert "# mine" in text
    assert {"SECRET_KEY", "CASCADE_KEY_PEPPER", "FIELD_KEYS"} <= {*read(text)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_closes_a_whole_file_that_was_open_to_others(tmp_path):
    path = tmp_path / ".env"
    path.write_text(filled(EXAMPLE, fresh_secrets()))
    path.chmod(0o640)
    assert prepare(path, example(tmp_path)) == [
        ".env was open to others; now only you can read it."
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_shipped_example_becomes_a_whole_file(tmp_path):
    path = tmp_path / ".env"
    prepare(path, BASE_DIR / ".env.example")
    assert {*read(path.read_text())} == {*fresh_secrets()}


def test_a_key_of_the_environment_is_left_out_and_said_so():
    kept, lines = without_unasked_keys(
        {"ANTHROPIC_API_KEY": "sk-env", "PATH": "/bin"}, {}, live=False
    )
    assert kept == {"PATH": "/bin"}
    assert len(lines) == 1
    assert "ANTHROPIC_API_KEY" in lines[0]
    assert "LIVE=1" in lines[0]
    assert "sk-env" not in lines[0]


def test_a_key_of_the_environment_is_used_when_asked_for():
    environment = {"ANTHROPIC_API_KEY": "sk-env", "GROQ_API_KEY_FILE": "/run/groq"}
    assert without_unasked_keys(environment, {}, live=True) == (environment, [])


def test_a_key_in_env_file_wins_without_a_word():
    for live in (True, False):
        kept, lines = without_unasked_keys(
            {"ANTHROPIC_API_KEY": "sk-env"}, {"ANTHROPIC_API_KEY": "sk-file"}, live=live
        )
        assert (kept, lines) == ({}, [])


def test_an_empty_variable_is_no_key():
    assert without_unasked_keys({"OPENAI_API_KEY": ""}, {}, live=False) == ({}, [])


def test_further_key_names_are_known_from_the_env_file():
    kept, lines = without_unasked_keys(
        {"MY_KEY": "sk-env"}, {"CASCADE_PROVIDER_KEY_NAMES": "MY_KEY"}, live=False
    )
    assert kept == {}
    assert "MY_KEY" in lines[0]


def test_reads_lines_as_the_settings_do():
    assert read("export A='x'\nB=\"y\"\n# C=z\nD=\n not a line") == {"A": "x", "B": "y"}
