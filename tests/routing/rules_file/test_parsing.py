import pytest

from routing.rules_file.parsing import parse
from routing.rules_file.problems import RulesFileError

RULE = "{request_model: verifier-large, draft_model: draft-small}"


def problems(text: str) -> list[str]:
    with pytest.raises(RulesFileError) as caught:
        parse(text, "rules.yaml")
    return str(caught.value).splitlines()


def test_reads_every_section():
    document = parse(
        """
server: {host: 192.0.2.1, port: 8000, workers: 1, log_level: info}
auth: {mode: none, api_keys: []}
cascade_rules:
  - {request_model: verifier-large, draft_model: draft-small, quality_threshold: 0.7}
api_keys: {anthropic: "${ANTHROPIC_API_KEY}"}
providers:
  - {name: local, kind: anthropic, base_url: "http://127.0.0.1:18400", api_key: sk-x,
     models: ["mock*", "cap*"]}
""",
        "rules.yaml",
    )
    assert document.server == {
        "host": "192.0.2.1",
        "port": 8000,
        "workers": 1,
        "log_level": "info",
    }
    assert document.auth_mode == "none"
    assert document.client_keys == ()
    assert document.rules[0].values["quality_threshold"] == 0.7
    assert document.provider_keys[0].values["api_key"].reference == (
        "env:ANTHROPIC_API_KEY"
    )
    models = [m.values["name"] for m in document.providers[0].values["models"]]
    assert models == ["mock*", "cap*"]


def test_a_section_that_is_not_there_is_none():
    document = parse("server: {port: 9000}", "rules.yaml")
    assert document.rules is None
    assert document.providers is None


def test_rules_without_a_name_get_one():
    document = parse(f"cascade_rules: [{RULE}, {RULE}]", "rules.yaml")
    names = [rule.values["name"] for rule in document.rules]
    assert names == ["verifier-large", "verifier-large-via-draft-small"]


def test_a_derived_name_makes_way_for_a_given_one():
    document = parse(
        f"""
cascade_rules:
  - {RULE}
  - {{name: verifier-large, request_model: x, draft_model: draft-small}}
""",
        "rules.yaml",
    )
    names = [rule.values["name"] for rule in document.rules]
    assert names == ["verifier-large-via-draft-small", "verifier-large"]


def test_three_rules_of_the_same_models_need_names():
    assert problems(f"cascade_rules: [{RULE}, {RULE}, {RULE}]") == [
        "rules.yaml:1: cascade_rules[2]: another rule has these models already: "
        "give this one a name"
    ]


def test_an_unknown_field_is_named_with_its_line_and_a_suggestion():
    assert problems(
        """
cascade_rules:
  - request_model: verifier-large
    draft_model: draft-small
    treshold: 0.7
"""
    ) == [
        "rules.yaml:5: cascade_rules[0].treshold: unknown field; did you mean "
        "quality_threshold?"
    ]


def test_every_mistake_is_named_at_once():
    lines = problems(
        """
server: {port: 80000, log_level: loud}
auth: {mode: open}
cascade_rules:
  - {request_model: 5, draft_model: draft-small}
  - {request_model: verifier-large, quality_threshold: high}
"""
    )
    assert [line.split(": ")[0] for line in lines] == [
        "rules.yaml:2",
        "rules.yaml:2",
        "rules.yaml:3",
        "rules.yaml:5",
        "rules.yaml:6",
        "rules.yaml:6",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a list", "expected fields such as"),
        ("a: [", "not YAML"),
        ("a: 1\n---\nb: 2", "not YAML"),
        ("server: {port: 1}\nserver: {port: 2}", "the field is there twice"),
        ("server: 5", "server: expected fields such as host"),
        ("cascade_rules: {a: b}", "cascade_rules: expected a list"),
        ("server: {port: 1.5}", "server.port: expected a whole number"),
        ("server: {workers: 0}", "server.workers: must lie between 1 and 512, not 0"),
        ("auth: {api_keys: [{name: acme}]}", "auth.api_keys[0]: key is missing"),
        ("providers: [{kind: groq}]", "providers[0]: name is missing"),
        ("providers: [{name: a b}]", "use letters, digits, - and _ only"),
        ("providers: [{name: a}, {name: a}]", "a is there twice"),
        ("api_keys: {openai: 'Bearer ${X}'}", 'write "${NAME}" alone'),
        ("api_keys: {openai: '${SECRET_KEY}'}", "CASCADE_PROVIDER_KEY_NAMES"),
        ("providers: [{name: a, api_key: 5}]", "expected text: put it in quotes"),
        ("server: !!python/object:os.system {}", "expected fields"),
        ("server: {host: !!python/name:os.system x}", "server.host: expected text"),
        ("cascade_rules: [{tools: some}]", "expected one of any, with, without"),
        ("cascade_rules: [{headers: x-app}]", "expected names, each with a value"),
        ("cascade_rules: [{headers: {x-app: 4}}]", "headers.x-app: expected text"),
        ("cascade_rules: [{headers: {x-app: {}}}]", "headers.x-app: expected a list"),
        ("cascade_rules: [{headers: {x-app: ''}}]", "a name, a colon and a pattern"),
        ("cascade_rules: [{headers: {a: [b, 4]}}]", "headers.a[1]: expected text"),
        ("cascade_rules: [{headers: {cookie: '*'}}]", "cookie carries a key"),
        ('cascade_rules: [{headers: {a: "b\\nc: d"}}]', "the pattern on one line"),
        ("server: {host: \x07}", "not YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_says_what_is_wrong(text, said):
    assert said in "\n".join(problems(text))


def test_no_message_shows_a_key():
    text = """
api_keys: {openai: [sk-planted]}
providers: [{name: a, api_key: {x: sk-planted}}]
"""
    assert "sk-planted" not in "\n".join(problems(text))


def test_a_key_does_not_show_in_the_representation_of_the_document():
    document = parse("api_keys: {openai: sk-planted}", "rules.yaml")
    assert "sk-planted" not in repr(document)
