"""OpenAI's dialect meets limits, further keys, labels and second opinions."""

from __future__ import annotations

import msgspec
import pytest

from metrics import loader
from metrics.label_models import Label
from routing import models, providers
from routing.providers.accounts import Accounts
from routing.shadow import pool
from tests.api.chatting import (
    LARGE,
    OPENAI_KEY,
    PATH,
    SMALL,
    TEXT,
    ask,
    body,
    rule,
    streamed,
    whole,
)
from tests.builders import DRAFT, VERIFIER
from tests.fakes import HttpAnswer, message_bytes
from tests.routing.translating.speaking import DONE

pytestmark = pytest.mark.django_db
FURTHER_KEY = "sk-of-another-account"


def message(text="4", *, model):
    return HttpAnswer(chunks=[message_bytes(text, model=model)])


def labelled(settings):
    pool.wait()
    loader.load_once(settings.CASCADE_JOURNAL_DIR)
    return Label.objects.get()


class TestLimits:
    def test_a_rate_is_refused_in_openais_words(self, openai, upstream, limit):
        limit(requests_per_minute=1)
        upstream.script(LARGE, whole())
        assert ask(openai).headers["x-ratelimit-remaining-requests"] == "0"
        got = ask(openai)
        assert (got.status, got.json["error"]["code"]) == (429, "rate_limit_exceeded")
        assert got.headers["x-ratelimit-limit-requests"] == "1"
        assert got.headers["x-ratelimit-reset-requests"].endswith("s")
        assert int(got.headers["retry-after"]) > 0
        assert not any(name.startswith("anthropic-") for name in got.headers)
        assert len(upstream.requests) == 1

    def test_a_model_the_key_may_not_ask_for_is_refused(self, openai, upstream, limit):
        limit(allowed_models="claude-*")
        got = ask(openai)
        assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
        assert upstream.requests == []

    def test_such_a_model_is_not_found_by_its_name(self, openai, limit):
        limit(allowed_models="claude-*")
        headers = {"authorization": f"Bearer {openai.key}"}
        got = openai.call("GET", f"/v1/models/{LARGE}", headers=headers)
        assert (got.status, "error" in got.json) == (404, True)

    @pytest.mark.parametrize(
        ("path", "asked"),
        [
            (PATH, {"max_tokens": 11}),
            (PATH, {"max_completion_tokens": 11}),
            (PATH, {}),
            ("/v1/responses", {"max_output_tokens": 11}),
            ("/v1/responses", {}),
        ],
    )
    def test_more_output_than_the_key_may_ask_for_is_refused(
        self, openai, upstream, limit, path, asked
    ):
        limit(max_tokens=10)
        got = ask(openai, path=path, **asked)
        assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")
        assert upstream.requests == []

    def test_as_much_as_it_may_is_let_through(self, openai, upstream, limit):
        limit(max_tokens=10)
        upstream.script(LARGE, whole())
        assert ask(openai, max_completion_tokens=10).status == 200


class TestFurtherKeys:
    @pytest.fixture
    def two_keys(self, openai, monkeypatch):
        monkeypatch.setattr(providers, "_accounts", Accounts())  # all of them awake
        provider = models.Provider.objects.get(name="other")
        further = models.ProviderKey(provider=provider, name="team-b")
        further.set_key(FURTHER_KEY)
        further.save()
        return openai

    @pytest.mark.parametrize("refusal", [401, 429])
    @pytest.mark.parametrize("own_words", [True, False])
    def test_the_other_one_is_tried_when_one_is_refused(
        self, two_keys, upstream, refusal, own_words
    ):
        asked = SMALL if own_words else "for-gpt"
        if not own_words:
            rule(request_model="for-gpt", draft_model=DRAFT, verifier_model=SMALL)
            upstream.script(DRAFT, message("", model=DRAFT))
        no = HttpAnswer(status=refusal, chunks=[b'{"error":{"message":"no"}}'])
        upstream.script(SMALL, no, whole(model=SMALL))
        got = ask(two_keys, model=asked) if own_words else two_keys.ask(model=asked)
        assert got.status == 200
        sent = [r for r in upstream.requests if "other.test" in str(r.url)]
        keys = {r.headers["authorization"] for r in sent}
        assert keys == {f"Bearer {OPENAI_KEY}", f"Bearer {FURTHER_KEY}"}

    def test_what_is_stored_at_a_provider_stays_with_one_account(
        self, two_keys, upstream
    ):
        answer = msgspec.json.encode({"object": "response", "model": LARGE})
        upstream.script(LARGE, *(HttpAnswer(chunks=[answer]) for _ in range(8)))
        for number in range(8):
            asked = {"model": LARGE, "input": f"Question {number}"}
            two_keys.post(
                msgspec.json.encode(asked),
                "/v1/responses",
                headers={"authorization": f"Bearer {two_keys.key}"},
            )
        keys = {request.headers["authorization"] for request in upstream.requests}
        assert keys == {f"Bearer {OPENAI_KEY}"}

    def test_a_key_an_error_quotes_is_concealed(self, openai, upstream):
        said = b'{"error":{"message":"bad key %b"}}' % OPENAI_KEY.encode()
        upstream.script(LARGE, HttpAnswer(status=401, chunks=[said]))
        got = ask(openai)
        assert (got.status, OPENAI_KEY in got.body.decode()) == (401, False)


class TestLabels:
    @pytest.mark.parametrize(("verifier", "worse"), [("4", False), ("5", True)])
    def test_an_escalation_within_the_dialect_is_a_label(
        self, openai, upstream, settings, verifier, worse
    ):
        rule(prior=0.1)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(LARGE, whole(verifier))
        assert ask(openai).json["choices"][0]["message"]["content"] == verifier
        assert labelled(settings).worse is worse

    @pytest.mark.parametrize("end", [(DONE,), ()])
    def test_a_streamed_answer_of_the_dialect_is_heard(
        self, openai, upstream, settings, end
    ):
        rule(prior=0.1)
        upstream.script(SMALL, streamed(*TEXT, *end, model=SMALL))
        upstream.script(LARGE, streamed(*TEXT, *end))
        assert ask(openai, stream=True).body
        assert not labelled(settings).worse

    def test_models_of_two_dialects_are_compared(self, openai, upstream, settings):
        rule(request_model="mixed", draft_model=SMALL, verifier_model=VERIFIER)
        models.CascadeRule.objects.update(prior=0.1)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(VERIFIER, message("5", model=VERIFIER))
        ask(openai, model="mixed")
        assert labelled(settings).worse

    def test_beside_an_accepted_draft_the_verifier_is_asked(
        self, openai, upstream, settings
    ):
        rule(shadow_percent=100.0)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(LARGE, whole("5"))
        assert ask(openai).headers["x-cascade-outcome"] == "accepted"
        assert labelled(settings).worse

    def test_that_verifier_gets_the_clients_own_words(self, openai, upstream):
        rule(shadow_percent=100.0)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(LARGE, whole("5"))
        ask(openai, temperature=1.7, seed=3, user="u")
        pool.wait()
        assert upstream.models == [SMALL, LARGE]
        assert upstream.requests[1].read() == body(temperature=1.7, seed=3, user="u")

    def test_a_claude_verifier_is_asked_as_live_traffic_would(self, openai, upstream):
        openai.provider.models.create(
            name=VERIFIER, parameter_rules={"sampling": False}
        )
        rule(VERIFIER, SMALL, shadow_percent=100.0)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(VERIFIER, message("5", model=VERIFIER))
        ask(openai, model=VERIFIER, temperature=0.2)
        pool.wait()
        live, beside = (msgspec.json.decode(r.read()) for r in upstream.requests)
        assert live["temperature"] == 0.2
        assert (beside["model"], "temperature" in beside) == (VERIFIER, False)

    def test_an_observed_draft_gets_the_clients_own_words(self, openai, upstream):
        rule(mode="observe")
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(LARGE, whole("4"))
        ask(openai, seed=3)
        pool.wait()
        assert upstream.models == [LARGE, SMALL]
        assert upstream.requests[1].read() == body(model=SMALL, seed=3)

    def test_an_observed_draft_is_asked_beside(self, openai, upstream, settings):
        rule(mode="observe")
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(LARGE, whole("4"))
        assert ask(openai).headers["x-cascade-reason"] == "observed"
        assert not labelled(settings).worse
        assert upstream.models == [LARGE, SMALL]

    def test_what_no_judge_can_read_is_never_asked_beside(self, openai, upstream):
        rule(mode="observe")
        answer = msgspec.json.encode({"object": "response", "model": LARGE})
        upstream.script(LARGE, HttpAnswer(chunks=[answer]))
        headers = {"authorization": f"Bearer {openai.key}"}
        asked = msgspec.json.encode({"model": LARGE, "input": "Hi"})
        assert openai.post(asked, "/v1/responses", headers=headers).status == 200
        pool.wait()
        assert upstream.models == [LARGE]

    def test_an_observed_draft_is_not_asked_what_it_may_not_see(self, openai, upstream):
        row = models.Provider(
            name="third", kind="anthropic", base_url="http://third.test"
        )
        row.save()
        row.models.create(name="foreign")
        rule(request_model=VERIFIER, draft_model="foreign", mode="observe")
        upstream.script(VERIFIER, message("4", model=VERIFIER))
        source = {"type": "file", "file_id": "file_1"}
        content = [{"type": "document", "source": source}]
        messages = [{"role": "user", "content": content}]
        assert openai.ask(messages=messages).status == 200
        pool.wait()
        assert upstream.models == [VERIFIER]


class TestSecondOpinions:
    @pytest.mark.parametrize(
        ("told", "outcome"), [("4", "accepted"), ("5", "escalated")]
    )
    def test_one_of_another_dialect_has_its_say(self, openai, upstream, told, outcome):
        rule(second_model=DRAFT, second_when="always", prior=0.9, threshold=0.8)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(LARGE, whole("4"))
        upstream.script(DRAFT, message(told, model=DRAFT))
        assert ask(openai).headers["x-cascade-outcome"] == outcome

    def test_what_only_the_client_dialect_says_does_not_keep_it_away(
        self, openai, upstream
    ):
        rule(second_model=DRAFT, second_when="always", prior=0.9, threshold=0.8)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script(DRAFT, message("4", model=DRAFT))
        got = ask(openai, logprobs=True)
        assert got.headers["x-cascade-outcome"] == "accepted"
        assert sorted(upstream.models) == sorted([SMALL, DRAFT])

    def test_one_of_openais_shape_has_its_say_for_the_messages_api(
        self, openai, upstream
    ):
        openai.add_rule(
            second_model=SMALL, second_when="always", prior=0.9, threshold=0.8
        )
        upstream.script(DRAFT, message("4", model=DRAFT))
        upstream.script(VERIFIER, message("4", model=VERIFIER))
        upstream.script(SMALL, whole("5", model=SMALL))
        assert openai.ask().headers["x-cascade-outcome"] == "escalated"


class TestOwnKeys:
    """Auth mode `pass_through`: a client's key goes to its own vendor alone."""

    OPENAIS = {"authorization": "Bearer sk-proj-of-the-client"}
    ANTHROPICS = {"x-api-key": "sk-ant-of-the-client"}

    @pytest.fixture(autouse=True)
    def _pass_through(self, openai, settings, fresh_holder):
        assert openai.key
        settings.CASCADE_AUTH_MODE = "pass_through"
        models.Provider.objects.update(takes_client_credentials=True)
        fresh_holder.forget()

    def refused(self, got, upstream):
        assert (got.status, got.json["error"]["type"]) == (403, "permission_error")
        assert upstream.requests == []
        return got.json

    def test_goes_to_its_own(self, openai, upstream):
        upstream.script(LARGE, whole())
        assert openai.post(body(), PATH, headers=self.OPENAIS).status == 200
        sent = upstream.requests[0].headers["authorization"]
        assert sent == self.OPENAIS["authorization"]

    def test_a_chat_client_reaches_no_model_of_anthropics(self, openai, upstream):
        got = openai.post(body(VERIFIER), PATH, headers=self.OPENAIS)
        assert "type" not in self.refused(got, upstream)

    def test_a_client_of_messages_reaches_no_model_of_openais(self, openai, upstream):
        asked = body(max_tokens=5)
        got = openai.post(asked, headers=self.ANTHROPICS)
        assert self.refused(got, upstream)["type"] == "error"

    def test_an_anthropic_key_stays_away_from_openai(self, openai, upstream):
        headers = {"authorization": "Bearer sk-ant-of-the-client"}
        self.refused(openai.post(body(), PATH, headers=headers), upstream)

    def test_an_openai_key_stays_away_from_anthropic(self, openai, upstream):
        asked = body(VERIFIER, max_tokens=5)
        headers = self.OPENAIS | {"anthropic-version": "2023-06-01"}
        self.refused(openai.post(asked, headers=headers), upstream)

    @pytest.mark.parametrize("path", ["/v1/files", "/v1/skills"])
    def test_no_address_of_the_account_takes_it(self, openai, upstream, path):
        self.refused(openai.call("GET", path, headers=self.OPENAIS), upstream)

    @pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/responses/resp_1"])
    def test_what_openai_alone_has_is_not_there(self, openai, upstream, path):
        got = openai.call("GET", path, headers=self.OPENAIS)
        assert got.status == 404
        assert "type" not in got.json
        assert upstream.requests == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"authorization": "Bearer sk-ant-oat01-of-a-login"},
            {"authorization": "Bearer own", "anthropic-version": "2023-06-01"},
            {"x-api-key": "own"},
        ],
    )
    def test_anthropics_clients_reach_their_account(self, openai, upstream, headers):
        upstream.script("/v1/files", HttpAnswer(chunks=[b"{}"]))
        assert openai.call("GET", "/v1/files", headers=headers).status == 200

    def test_a_second_opinion_is_asked_with_it(self, openai, upstream):
        rule(second_model="gpt-mid", second_when="always", prior=0.9, threshold=0.8)
        upstream.script(SMALL, whole("4", model=SMALL))
        upstream.script("gpt-mid", whole("4", model="gpt-mid"))
        got = openai.post(body(), PATH, headers=self.OPENAIS)
        assert got.headers["x-cascade-outcome"] == "accepted"
        sent = {r.headers["authorization"] for r in upstream.requests}
        assert (len(upstream.requests), sent) == (2, {self.OPENAIS["authorization"]})
