"""The provider of docs/adding-a-provider.md, taken from there and asked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from routing import defaults, dialects, models, providers
from routing.providers import ADAPTERS
from routing.rules_file import loading, parsing
from tests.fakes import HttpAnswer, sent_json
from tests.routing.translating.speaking import chat_answer

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "adding-a-provider.md").read_text()
CONTRACT = "Adapters do not import one another"
TOOLS = [{"name": "look", "input_schema": {"type": "object"}}]
CHOICE = {"type": "auto", "disable_parallel_tool_use": True}


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def answer(model: str) -> HttpAnswer:
    return HttpAnswer(chunks=[msgspec.json.encode(chat_answer() | {"model": model})])


@pytest.fixture
def example(monkeypatch):
    names: dict[str, object] = {}
    exec(block("python"), names)  # noqa: S102  it is our own page
    monkeypatch.setitem(ADAPTERS, "example", names["ADAPTER"])


def test_the_file_of_the_page_makes_a_provider(example, proxy, upstream):
    row = models.Provider(name="ex", kind="example", base_url="https://example.test")
    row.set_key("sk-example-0123")
    row.full_clean()
    row.save()
    row.models.create(name="ex-*")
    upstream.script("ex-1", answer("ex-1"))
    got = proxy.ask(model="ex-1", tools=TOOLS, tool_choice=CHOICE)
    (sent,) = upstream.requests
    assert got.json["content"] == [{"type": "text", "text": "4"}]
    assert sent.headers["authorization"] == "Bearer sk-example-0123"
    assert "parallel_tool_calls" not in sent_json(sent)
    assert sent_json(sent)["tools"]


def test_the_rules_file_of_the_page_makes_one_without_code(proxy, upstream, settings):
    keys = {"OPENROUTER_API_KEY": "sk-or", "GROQ_API_KEY": "gsk"}
    settings.PROVIDER_KEYS = settings.PROVIDER_KEYS | keys
    defaults.load_once(rules=True)
    models.Provider.objects.filter(name="groq").update(enabled=True)
    loading.load(parsing.parse(block("yaml"), "the page"))
    upstream.script("qwen/small", answer("qwen/small"))
    proxy.ask(model="qwen/small", tools=TOOLS, tool_choice=CHOICE)
    (sent,) = upstream.requests
    assert str(sent.url) == "https://openrouter.ai/api/v1/chat/completions"
    assert "parallel_tool_calls" not in sent_json(sent)


def test_the_import_contract_names_every_adapter_and_dialect():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (held,) = (c["modules"] for c in contracts if c["name"] == CONTRACT)
    known = [m for m in vars(providers).values() if isinstance(m, ModuleType)]
    adapters = {m.__name__ for m in known if hasattr(m, "ADAPTER")}
    assert CONTRACT in PAGE
    assert len(adapters) == len({*ADAPTERS} - {"simulator"})
    assert set(held) == adapters | {
        f"{dialects.__name__}.{name}" for name in dialects.DIALECTS
    }
