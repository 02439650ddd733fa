"""Each outcome is settled once: recorded, closed, and named as it was asked for."""

from __future__ import annotations

import dataclasses
import gzip
import time
import zlib

import pytest

from routing import drafting
from routing.decision_log import Decision
from routing.errors import (
    ClientGone,
    StreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from routing.outcome import OpenCall, Outcome
from routing.settling import Settler
from routing.types import CascadePlan
from routing.verdicts import Verdict
from tests.builders import (
    DRAFT,
    VERIFIER,
    make_events,
    make_plan,
    make_request,
    make_target,
    make_terms,
)
from tests.fakes import (
    EVENTS,
    JSON,
    FakeReply,
    ScriptedUpstream,
    message_bytes,
    refusal,
    streamed,
    whole,
)
from tests.routing.builders import ACME, make_snapshot
from tests.routing.test_codecs import ENCODERS

PASS_THROUGH = CascadePlan(verifier=make_target())
OTHER = dataclasses.replace(make_plan(), verifier=make_target("verifier-other"))
VERDICT = Verdict(confidence=0.85, threshold=0.7, signals=())
GZIP = ("content-encoding", "gzip")


class Setting:
    """A request whose outcome is settled; what was recorded of it."""

    def __init__(self, plan=PASS_THROUGH, *, gone=False, **fields) -> None:
        self.plan = plan
        self.request = make_request(**fields)
        self.decision = Decision(ACME, make_snapshot())
        self.decision.request_id = "req_1"
        self._settler = Settler(
            self.request,
            plan,
            decision=self.decision,
            client_gone=lambda: gone,
        )

    def settle(self, **outcome):
        given = {"kind": "pass_through", "plan": self.plan} | outcome
        return self._settler.settle(Outcome(**given))

    def verifier(self, reply):
        call = OpenCall(
            target=self.plan.verifier,
            reply=reply,
            started=time.monotonic(),
            waited_ms=0.0,
        )
        return self.settle(verifier=call)

    def draft(self, reply):
        draft = drafting.take(
            self.request,
            self.plan.draft,
            upstream=ScriptedUpstream((DRAFT, reply)),
            timeout_s=1.0,
        )
        return self.settle(
            kind="accepted",
            verdict=VERDICT,
            draft=draft,
            answered_by_draft=True,
            calls=draft.calls,
        )

    @property
    def record(self):
        return self.decision.record


pytestmark = pytest.mark.usefixtures("decisions")


def body_of(settled):
    return b"".join(settled.body)


def test_a_whole_answer_is_recorded_before_it_goes_out():
    setting, reply = Setting(), whole(model=VERIFIER)
    settled = setting.verifier(reply)
    assert setting.record.calls[0].usage.output_tokens == 10
    assert reply.closed
    assert (settled.status, settled.headers, settled.streamed) == (200, JSON, False)
    assert body_of(settled) == message_bytes(model=VERIFIER)


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_a_compressed_answer_is_metered_and_unchanged(name):
    body = ENCODERS[name](message_bytes(model=VERIFIER))
    setting, headers = Setting(), (*JSON, ("content-encoding", name))
    settled = setting.verifier(FakeReply(body, headers=headers))
    assert setting.record.calls[0].usage.output_tokens == 10
    assert (body_of(settled), settled.headers) == (body, headers)


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_under_a_rule_a_compressed_answer_is_decoded_and_named(name):
    body = ENCODERS[name](message_bytes(model="verifier-other"))
    setting, headers = Setting(OTHER), (*JSON, ("content-encoding", name))
    settled = setting.verifier(FakeReply(body, headers=headers))
    assert setting.record.calls[0].usage.output_tokens == 10
    assert body_of(settled) == message_bytes(model=VERIFIER)
    assert settled.headers == JSON


def test_under_a_rule_a_compressed_stream_is_decoded_named_and_not_held():
    compressor = zlib.compressobj(wbits=31)
    events = make_events("4", model="verifier-other")
    chunks = [
        compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH)
        for event in events
    ]
    reply = FakeReply(*chunks, compressor.flush(), headers=(*EVENTS, GZIP))
    setting = Setting(OTHER, stream=True)
    settled = setting.verifier(reply)
    assert settled.headers == EVENTS
    assert list(settled.body) == make_events("4", model=VERIFIER)
    assert setting.record.calls[0].usage.output_tokens == 10


def test_under_a_rule_a_compressed_answer_that_is_cut_is_an_error():
    body = gzip.compress(message_bytes(model=VERIFIER))[:-3]
    setting = Setting(OTHER)
    settled = setting.verifier(FakeReply(body, headers=(*JSON, GZIP)))
    assert (settled.status, setting.record.status) == (502, 502)


def test_an_answer_in_an_unknown_encoding_is_passed_on_unmetered():
    setting = Setting()
    novel = (*JSON, ("content-encoding", "novel"))
    settled = setting.verifier(FakeReply(b"\x0b", headers=novel))
    assert (body_of(settled), setting.record.calls[0].usage) == (b"\x0b", None)


def test_another_verifier_is_named_as_it_was_asked_for():
    settled = Setting(OTHER).verifier(whole(model="verifier-other"))
    assert body_of(settled) == message_bytes(model=VERIFIER)


def test_an_error_of_the_verifier_is_left_as_it_is():
    body = b'{"type":"error","model":"verifier-other"}'
    settled = Setting(OTHER).verifier(refusal(529, body))
    assert (settled.status, body_of(settled)) == (529, body)


@pytest.mark.parametrize("content_type", ["text/event-stream", "Text/Event-Stream; x"])
def test_a_stream_is_read_only_by_whoever_sends_it(content_type):
    setting = Setting(stream=True)
    headers = (("content-type", content_type),)
    events = make_events("4", model=VERIFIER)
    settled = setting.verifier(FakeReply(*events, headers=headers))
    assert settled.streamed
    assert setting.record is None
    assert body_of(settled) == b"".join(events)
    assert setting.record.status == 200


@pytest.mark.parametrize("model", [VERIFIER, "verifier-other"])
def test_a_stream_of_another_verifier_is_named_as_it_was_asked_for(model):
    plan = dataclasses.replace(make_plan(), verifier=make_target(model))
    settled = Setting(plan, stream=True).verifier(streamed(model=model))
    assert body_of(settled) == b"".join(make_events("4", model=VERIFIER))


def test_a_broken_stream_tells_it_in_the_callers_words():
    reply = FakeReply(
        *make_events("4")[:2], UpstreamTimeout("Too slow."), headers=EVENTS
    )
    body = body_of(Setting(stream=True).verifier(reply))
    assert body.endswith(b'"message":"Too slow."},"request_id":"req_1"}\n\n')


@pytest.mark.parametrize(
    ("failure", "status"),
    [(StreamInterrupted("cut"), 502), (UpstreamTimeout("s"), 504)],
)
def test_a_whole_answer_that_broke_off_is_an_error_of_unknown_cost(failure, status):
    setting, reply = Setting(), FakeReply(b"{", failure)
    settled = setting.verifier(reply)
    assert (settled.status, setting.record.status) == (status, status)
    assert dict(settled.headers)["request-id"] == "req_1"
    assert setting.record.cost_nusd is None
    assert reply.closed


def test_a_client_that_leaves_a_whole_answer_is_told_nothing():
    setting, reply = Setting(), FakeReply(b"{", ClientGone())
    settled = setting.verifier(reply)
    assert (settled.status, body_of(settled)) == (499, b"")
    assert (setting.record.aborted, setting.record.status) == (True, 499)
    assert reply.closed


def test_a_client_that_left_before_the_answer_is_an_aborted_decision():
    setting = Setting()
    settled = setting.settle(gone=True)
    assert (settled.status, setting.record.aborted) == (499, True)


def test_an_answer_nobody_is_left_to_read_is_aborted():
    whole_answer = Setting(gone=True)
    whole_answer.verifier(whole(model=VERIFIER))
    draft = Setting(make_plan(), gone=True)
    draft.draft(whole(model=DRAFT))
    for setting in (whole_answer, draft):
        assert (setting.record.aborted, setting.record.status) == (True, 200)


def test_our_own_error_is_recorded_and_told():
    setting = Setting()
    settled = setting.settle(error=UpstreamUnreachable("The provider is away."))
    assert (settled.status, setting.record.status) == (502, 502)
    assert b"The provider is away." in body_of(settled)
    assert not setting.record.aborted


@pytest.mark.parametrize("stream", [False, True])
def test_a_draft_is_named_as_it_was_asked_for(stream):
    setting = Setting(make_plan(), stream=stream)
    settled = setting.draft(streamed(model=DRAFT) if stream else whole(model=DRAFT))
    assert setting.record.served_model == DRAFT
    assert (settled.status, settled.streamed) == (200, stream)
    body = body_of(settled)
    assert DRAFT.encode() not in body
    assert body.count(VERIFIER.encode()) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_draft_keeps_its_name_when_the_rule_says_so(stream):
    plan = make_plan(terms=make_terms(response_model="served"))
    setting = Setting(plan, stream=stream)
    reply = streamed(model=DRAFT) if stream else whole(model=DRAFT)
    assert DRAFT.encode() in body_of(setting.draft(reply))


@pytest.mark.parametrize("plan", [PASS_THROUGH, make_plan()])
@pytest.mark.parametrize("stream", [False, True])
def test_the_model_that_was_asked_for_may_give_its_full_name(plan, stream):
    dated = f"{VERIFIER}-20261101"
    reply = streamed(model=dated) if stream else whole(model=dated)
    settled = Setting(plan, stream=stream).verifier(reply)
    assert dated.encode() in body_of(settled)
