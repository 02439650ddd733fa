"""Text is kept where a rule says so, and nowhere else; no answer notices."""

from __future__ import annotations

import gzip
import logging

import httpx
import msgspec
import pytest

from metrics import lines, loader
from metrics.text_models import KeptText
from routing import kept_text
from routing.models import CascadeRule
from tests.builders import DRAFT, VERIFIER, make_events, make_tool, make_tool_use
from tests.fakes import EVENTS, HttpAnswer, message_bytes

SECRET = "planted secret"


@pytest.fixture
def texts(settings, decisions):
    """Returns the texts kept so far, read back from the journal."""

    def read():
        return [
            lines.decode_text(line)
            for file in sorted(settings.CASCADE_JOURNAL_DIR.glob("*.jsonl"))
            for line in file.read_bytes().splitlines()
            if lines.holds_text(line)
        ]

    return read


def answer(model, text, *, stream, **options):
    if stream:
        chunks = make_events(*text.split("|"), model=model)
        return HttpAnswer(headers=EVENTS, chunks=chunks, **options)
    return HttpAnswer(chunks=[message_bytes(text.replace("|", ""), model=model)])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("rule", [None, {}, {"store_text": "none"}])
def test_by_default_nothing_is_kept_anywhere(
    proxy, upstream, settings, caplog, texts, rule, stream
):
    if rule is not None:
        proxy.add_rule(prior=0.45, **rule)
        upstream.script(DRAFT, answer(DRAFT, SECRET, stream=stream))
    upstream.script(VERIFIER, answer(VERIFIER, SECRET, stream=stream))
    with caplog.at_level(logging.DEBUG):
        got = proxy.ask(SECRET, system=SECRET, stream=stream)
        assert SECRET.encode() in got.body
    assert proxy.decision.status == 200
    assert texts() == []
    assert SECRET not in caplog.text
    for file in settings.CASCADE_JOURNAL_DIR.iterdir():
        assert SECRET.encode() not in file.read_bytes()
    assert loader.load_once(settings.CASCADE_JOURNAL_DIR).loaded == 1
    assert not KeptText.objects.exists()


@pytest.mark.parametrize("stream", [False, True])
def test_an_accepted_draft_is_kept_with_its_prompt(proxy, upstream, texts, stream):
    proxy.add_rule(store_text="all")
    upstream.script(DRAFT, answer(DRAFT, "si|x", stream=stream))
    proxy.ask("What?", system="Be brief.", stream=stream).body  # noqa: B018  read it
    (kept,) = texts()
    assert kept.decision_id == proxy.decision.decision_id
    assert [(p.by, p.text) for p in kept.prompt] == [
        ("system", "Be brief."),
        ("user", "What?"),
    ]
    assert (kept.rule, kept.draft, kept.verifier) == ("default", "six", None)


@pytest.mark.parametrize("stream", [False, True])
def test_an_escalation_keeps_both_answers_and_the_client_notices_nothing(
    proxy, upstream, texts, fresh_holder, stream
):
    proxy.add_rule(prior=0.45)
    bodies = []
    for keeping in ("none", "all"):
        CascadeRule.objects.update(store_text=keeping)
        fresh_holder.forget()
        upstream.script(DRAFT, answer(DRAFT, "fi|ve", stream=stream))
        upstream.script(VERIFIER, answer(VERIFIER, "si|x", stream=stream))
        bodies.append(proxy.ask(stream=stream).body)
    assert bodies[0] == bodies[1]
    (kept,) = texts()
    assert (kept.draft, kept.verifier) == ("five", "six")
    assert len(proxy.decisions()) == 2


def test_a_compressed_answer_is_kept_plain(proxy, upstream, texts):
    proxy.add_rule(prior=0.45, store_text="all")
    packed = (*EVENTS, ("content-encoding", "gzip"))
    for model, text in ((DRAFT, "five"), (VERIFIER, "six")):
        body = gzip.compress(b"".join(make_events(text, model=model)))
        upstream.script(model, HttpAnswer(headers=packed, chunks=[body]))
    proxy.ask(stream=True).body  # noqa: B018
    (kept,) = texts()
    assert (kept.draft, kept.verifier) == ("five", "six")


def test_a_pass_through_under_a_rule_is_kept(proxy, upstream, texts):
    proxy.add_rule(store_text="all")
    upstream.script(VERIFIER, answer(VERIFIER, "six", stream=True))
    proxy.ask(stream=True, speed="fast").body  # noqa: B018
    assert proxy.decision.outcome == "pass_through"
    (kept,) = texts()
    assert (kept.draft, kept.verifier) == (None, "six")


def test_a_draft_that_failed_leaves_no_text(proxy, upstream, texts):
    proxy.add_rule(store_text="all")
    upstream.script(DRAFT, HttpAnswer(status=500, chunks=[b"{}"]))
    upstream.script(VERIFIER, answer(VERIFIER, "six", stream=False))
    proxy.ask().body  # noqa: B018
    (kept,) = texts()
    assert (kept.draft, kept.verifier) == (None, "six")


def test_a_fallbacks_answer_is_kept(proxy, upstream, texts):
    proxy.add_rule(prior=0.45, store_text="all", fallback_model="spare")
    upstream.script(DRAFT, answer(DRAFT, "five", stream=False))
    upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[b"{}"]))
    upstream.script("spare", answer("spare", "six", stream=False))
    proxy.ask().body  # noqa: B018
    assert proxy.decision.calls[-1].role == "fallback"
    (kept,) = texts()
    assert (kept.draft, kept.verifier) == ("five", "six")


def test_calls_of_tools_are_kept(proxy, upstream, texts):
    proxy.add_rule(store_text="all")
    call = make_tool_use("get_weather", {"city": "Oslo"})
    body = message_bytes(model=DRAFT, content=[call], stop_reason="tool_use")
    upstream.script(DRAFT, HttpAnswer(chunks=[body]))
    proxy.ask(tools=[make_tool("get_weather")]).body  # noqa: B018
    (kept,) = texts()
    assert kept.draft == '[calls get_weather]\n{\n  "city": "Oslo"\n}'
    assert kept.prompt[0].text == "get_weather"


def test_a_client_that_leaves_keeps_what_was_heard(proxy, upstream, texts):
    proxy.add_rule(prior=0.45, store_text="all")
    upstream.script(DRAFT, answer(DRAFT, "five", stream=True))
    upstream.script(VERIFIER, answer(VERIFIER, "si|x", stream=True))
    got = proxy.ask(stream=True)
    for _ in range(3):
        next(got.chunks)
    got.close()
    assert proxy.decision.aborted
    (kept,) = texts()
    assert (kept.draft, kept.verifier) == ("five", "si")


def test_a_stream_that_breaks_keeps_what_was_heard(proxy, upstream, texts):
    proxy.add_rule(prior=0.45, store_text="all")
    upstream.script(DRAFT, answer(DRAFT, "five", stream=True))
    broken = [*make_events("si", "x", model=VERIFIER)[:3], httpx.ReadError("cut")]
    upstream.script(VERIFIER, HttpAnswer(headers=EVENTS, chunks=broken))
    proxy.ask(stream=True).body  # noqa: B018
    (kept,) = texts()
    assert kept.verifier == "si"


def test_a_client_that_forced_the_rule_away_keeps_nothing(proxy, upstream, texts):
    proxy.add_rule(store_text="all")
    proxy.row.may_force = True
    proxy.row.save()
    upstream.script(VERIFIER, answer(VERIFIER, "six", stream=False))
    headers = {"x-api-key": proxy.key, "x-cascade": "off"}
    body = msgspec.json.encode(
        {
            "model": VERIFIER,
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "?"}],
        }
    )
    assert proxy.post(body, headers=headers).status == 200
    assert texts() == []


def test_no_credential_is_kept(proxy, upstream, settings):
    proxy.add_rule(store_text="all")
    upstream.script(DRAFT, answer(DRAFT, "six", stream=False))
    proxy.ask(f"My key is {proxy.key}").body  # noqa: B018
    for file in settings.CASCADE_JOURNAL_DIR.iterdir():
        assert proxy.key.encode() not in file.read_bytes()


@pytest.mark.parametrize("stream", [False, True])
def test_a_decision_is_unaffected_when_its_text_cannot_be_kept(
    proxy, upstream, monkeypatch, caplog, texts, stream
):
    def fail(_request):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(kept_text, "prompt_of", fail)
    proxy.add_rule(prior=0.45, store_text="all")
    upstream.script(DRAFT, answer(DRAFT, "five", stream=stream))
    upstream.script(VERIFIER, answer(VERIFIER, "six", stream=stream))
    got = proxy.ask(stream=stream)
    assert b"six" in got.body
    assert (got.status, proxy.decision.outcome) == (200, "escalated")
    assert texts() == []
    assert SECRET not in caplog.text


def test_the_line_of_text_comes_after_its_decision_and_both_are_loaded(
    proxy, upstream, settings, texts
):
    proxy.add_rule(store_text="all")
    upstream.script(DRAFT, answer(DRAFT, "six", stream=False))
    proxy.ask("What?").body  # noqa: B018
    assert loader.load_once(settings.CASCADE_JOURNAL_DIR).loaded == 1
    assert KeptText.objects.get().decision_id == proxy.decision.decision_id
