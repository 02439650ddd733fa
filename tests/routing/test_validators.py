import pytest
from django.core.exceptions import ValidationError

from routing import validators


@pytest.mark.parametrize(
    "name", ["claude-opus-5-5", "o3", "qwen3:8b", "meta/llama-3.1", "claude[1m]"]
)
def test_model_names_of_all_providers_are_fine(name):
    validators.model_name(name)
    validators.model_pattern(name)


@pytest.mark.parametrize("pattern", ["*", "claude*", "*opus*", "gpt-*-mini"])
def test_a_pattern_has_stars(pattern):
    validators.model_pattern(pattern)
    with pytest.raises(ValidationError, match="Name one model"):
        validators.model_name(pattern)


@pytest.mark.parametrize("pattern", ["a b", "claude-?", "{a,b}", "a**", "'x'"])
def test_other_wildcards_and_spaces_are_refused(pattern):
    with pytest.raises(ValidationError):
        validators.model_pattern(pattern)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "http://127.0.0.1:18400",
        "http://ollama:11434",
        "http://[::1]:8080/x",
        "https://api.groq.com/openai",
    ],
)
def test_plain_addresses_are_fine(url):
    validators.base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.test",
        "api.anthropic.com",
        "https://",
        "https://u:p@x.test",
        "https://x.test/?a=b",
        "https://x.test/#a",
        "https://x.test#@y.test",
        "http://x.test:port",
        "http://[::1",
        "https://ex ample.test",
        "javascript:x",
    ],
)
def test_other_addresses_are_refused(url):
    with pytest.raises(ValidationError):
        validators.base_url(url)


@pytest.mark.parametrize("reference", ["env:ANTHROPIC_API_KEY", "file:/run/secrets/a"])
def test_a_reference_names_a_known_variable_or_a_whole_path(reference):
    validators.key_reference(reference)


@pytest.mark.parametrize(
    "reference", ["env:SECRET_KEY", "env:", "file:secrets", "ANTHROPIC_API_KEY", "sk-x"]
)
def test_other_references_are_refused(reference):
    with pytest.raises(ValidationError):
        validators.key_reference(reference)


def test_an_origin_is_where_a_key_ends_up():
    assert validators.origin_of("https://x.test/a") == ("https", "x.test", 443)
    assert validators.origin_of("http://x.test") != validators.origin_of(
        "https://x.test"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "x-app: cli*",
        "X-App:cli\r\n\r\nanthropic-beta: *",
        "x-time: 12:00*",
    ],
)
def test_headers_are_lines_of_a_name_and_a_pattern(text):
    validators.header_patterns(text)


@pytest.mark.parametrize(
    "text", ["x-app", "x-app:", ": cli", "x app: cli", "x-*: cli", "x_app: cli", "é: a"]
)
def test_other_lines_are_refused(text):
    with pytest.raises(ValidationError, match="a name, a colon and a pattern"):
        validators.header_patterns(text)


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "COOKIE"])
def test_a_header_with_a_key_cannot_be_matched(name):
    with pytest.raises(ValidationError, match="carries a key"):
        validators.header_patterns(f"{name}: *")


def test_header_lines_come_in_order_with_names_in_lower_case():
    lines = "X-App: Cli*\n\n a:b : c \n"
    assert list(validators.header_lines(lines)) == [("x-app", "Cli*"), ("a", "b : c")]
