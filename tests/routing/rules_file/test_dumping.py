import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from routing import defaults
from routing.models import CascadeRule, ClientKey, Provider, UpstreamModel
from routing.providers import ADAPTERS
from routing.rules_file.dumping import dump
from routing.rules_file.loading import load
from routing.rules_file.parsing import parse

SHARES = st.floats(0, 1)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
MODELS = st.from_regex(r"[a-z0-9][\w.:/@+-]{0,20}", fullmatch=True)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40
)
PATTERNS = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1).map(
    lambda text: f"*{text}"
)
HEADERS = st.dictionaries(
    st.from_regex(r"x-[a-z0-9]{1,9}", fullmatch=True),
    st.lists(PATTERNS, min_size=1, max_size=2),
    max_size=2,
).map(lambda by: "\n".join(f"{name}: {p}" for name, ps in by.items() for p in ps))
RULES = st.builds(
    CascadeRule,
    enabled=st.booleans(),
    priority=st.integers(-1000, 1000),
    request_model=MODELS.map(lambda name: f"large-{name}*"),
    draft_model=MODELS.map(lambda name: f"small-{name}"),
    verifier_model=st.just("") | MODELS.map(lambda name: f"large-{name}"),
    threshold=SHARES,
    prior=SHARES,
    tools=st.sampled_from(CascadeRule.Tools.values),
    streaming=st.sampled_from(CascadeRule.Streaming.values),
    subagents=st.sampled_from(["any", "only"]),
    min_prompt_tokens=st.none() | st.integers(0, 1000),
    max_prompt_tokens=st.none() | st.integers(1000, 1_000_000),
    headers=HEADERS,
    rollout_percent=st.floats(0, 100),
    draft_timeout_s=st.floats(0.1, 600),
    clamp_max_tokens=st.booleans(),
    latency=st.sampled_from(CascadeRule.Latency.values),
    slow_draft_s=st.floats(0.1, 600),
    economics=st.booleans(),
    fallback_model=st.just("") | MODELS.map(lambda name: f"spare-{name}"),
    on_verifier_error=st.sampled_from(CascadeRule.OnVerifierError.values),
    response_model=st.sampled_from(CascadeRule.ResponseModel.values),
    store_text=st.sampled_from(CascadeRule.StoreText.values),
    store_text_percent=st.floats(0, 100),
    notes=TEXTS,
)
PROVIDERS = st.builds(
    Provider,
    kind=st.sampled_from(sorted(ADAPTERS)),
    base_url=st.sampled_from(
        ["https://api.one.test", "http://127.0.0.1:18400", "http://10.0.0.1/x"]
    ),
    enabled=st.booleans(),
    priority=st.integers(-1000, 1000),
    private_allowed=st.just(True),
    takes_client_credentials=st.booleans(),
    key_reference=st.sampled_from(["", "env:GROQ_API_KEY", "file:/run/secrets/a"]),
)


def contents() -> list[list[tuple]]:
    rules = [f.name for f in CascadeRule._meta.fields if f.name != "id"]
    providers = [f.name for f in Provider._meta.fields if f.name != "id"]
    models = ["provider__name", "name", "display_name", "enabled"]
    return [
        list(CascadeRule.objects.order_by("name").values_list(*rules)),
        list(Provider.objects.order_by("name").values_list(*providers)),
        list(UpstreamModel.objects.order_by(*models[:2]).values_list(*models)),
    ]


class DumpAndLoad(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        rules=st.dictionaries(NAMES, RULES, max_size=3),
        providers=st.dictionaries(NAMES, PROVIDERS, max_size=2),
        models=st.dictionaries(MODELS, TEXTS.map(lambda text: text[:9]), max_size=3),
    )
    def test_a_dump_loads_to_the_same_database(self, rules, providers, models):
        for name, row in [*rules.items(), *providers.items()]:
            row.name = name
            row.save()
        for owner in Provider.objects.all():
            for name, title in models.items():
                owner.models.create(name=name, display_name=title, enabled=not title)
        before, text = contents(), dump()

        CascadeRule.objects.all().delete()
        Provider.objects.all().delete()
        load(parse(text, "dump"), prune=True)

        assert contents() == before
        assert dump() == text


@pytest.mark.django_db
def test_a_dump_of_the_defaults_loads_without_a_change():
    defaults.load_once(rules=True)
    done = load(parse(dump(), "dump"), prune=True)
    assert set(done.counts) == {"unchanged"}


@pytest.mark.django_db
def test_a_dump_holds_references_and_no_secret():
    ClientKey.issue("acme")
    text = "providers: [{name: a, kind: anthropic, api_key: sk-planted-secret}]"
    load(parse(text, "rules.yaml"))
    written = dump()
    assert "sk-planted" not in written
    assert "api_key: null  # stored encrypted, ends in cret" in written
    assert "acme" in written
    load(parse(written, "dump"))
    assert Provider.objects.get().key() == "sk-planted-secret"


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\n"])
def test_odd_line_ends_in_notes_come_back_as_they_were(end):
    defaults.load_once(rules=True)
    CascadeRule.objects.update(notes=f"one{end}two")
    written = dump()
    CascadeRule.objects.update(notes="")
    load(parse(written, "dump"))
    assert set(CascadeRule.objects.values_list("notes", flat=True)) == {f"one{end}two"}


@pytest.mark.django_db
def test_an_empty_database_is_a_file_too():
    assert yaml.safe_load(dump()) == {"cascade_rules": [], "providers": []}
    load(parse(dump(), "dump"))


@pytest.mark.django_db
def test_headers_are_written_as_names_with_patterns():
    CascadeRule.objects.create(
        name="r",
        request_model="a",
        draft_model="b",
        headers="X-App: cli*\r\n\nx-b: one\nx-app: *4",
    )
    (written,) = yaml.safe_load(dump())["cascade_rules"]
    assert written["headers"] == {"x-app": ["cli*", "*4"], "x-b": "one"}
    load(parse(dump(), "dump"))
    assert CascadeRule.objects.get().headers == "x-app: cli*\nx-app: *4\nx-b: one"


@pytest.mark.django_db
def test_a_rule_names_its_key():
    key, _ = ClientKey.issue("acme")
    CascadeRule.objects.create(
        name="r", request_model="a", draft_model="b", client_key=key
    )
    assert yaml.safe_load(dump())["cascade_rules"][0]["key"] == "acme"
