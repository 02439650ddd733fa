"""What is remembered of prompt caches, through the store."""

from __future__ import annotations

import dataclasses
from contextlib import closing

import pytest

from metrics.caching import LONG_TTL_S, TTL_S, Caches
from routing import cache_memory, memory
from routing.breaker import Breaker
from routing.state.sqlite import SqliteStore
from routing.types import Call, CascadePlan
from tests.builders import make_plan, make_request, make_target, make_usage
from tests.routing.clock import Clock

ACME, GLOBEX = 1, 2
SESSION = (("x-claude-code-session-id", "5e55"),)
PLAN = make_plan()
COLD = make_usage(100, cache_write_5m=40_000)
WARM = make_usage(100, cache_read=40_000, cache_write_5m=900)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock, monkeypatch):
    with closing(SqliteStore(tmp_path / "state.sqlite3", clock=clock)) as store:
        monkeypatch.setattr(memory, "store", lambda: store)
        monkeypatch.setattr(memory, "breaker", lambda: Breaker(store, clock=clock))
        monkeypatch.setattr(cache_memory, "wall_clock", clock)
        yield store


def marked(ttl=None, **fields):
    mark = {"type": "ephemeral"} | ({"ttl": ttl} if ttl else {})
    return make_request(headers=SESSION, cache_control=mark, **fields)


def call(role="draft", usage=COLD, status=200):
    target = PLAN.draft if role == "draft" else PLAN.verifier
    return Call(role=role, target=target, status=status, usage=usage, duration_ms=1.0)


def recall(request=None, plan=PLAN, key_id=ACME):
    return memory.recall(request or marked(), plan, key_id).caches


def remember(*calls, request=None, plan=PLAN, caches=None):
    known = caches or recall(plan=plan)
    memory.remember_caches(request or marked(), ACME, plan, calls, known)


def test_what_the_draft_holds_the_verifier_alone_would_hold(store):
    remember(call())
    found = recall()
    assert found.held(found.draft) == found.held(found.alone) == 40_000
    assert found.verifier is None


def test_what_the_verifier_holds_is_the_truth_of_both(store):
    remember(call(), call("verifier", WARM))
    found = recall()
    assert (found.held(found.draft), found.held(found.verifier)) == (40_000, 40_900)
    assert found.alone == found.verifier


def test_counts_are_converted_into_the_verifiers_tokens(store):
    stakes = dataclasses.replace(PLAN.stakes, token_ratio=1.5)
    remember(call(), plan=dataclasses.replace(PLAN, stakes=stakes))
    found = recall()
    assert (found.draft.prompt_tokens, found.alone.prompt_tokens) == (40_100, 60_150)
    assert (found.draft.tokens, found.alone.tokens) == (40_000, 60_000)


def test_a_cache_ends_after_its_time(store, clock):
    remember(call())
    clock.now += TTL_S
    found = recall()
    assert (found.held(found.draft), found.draft.tokens) == (0, 40_000)


@pytest.mark.parametrize(
    ("request_", "usage"),
    [
        (marked("1h"), WARM),
        (marked(), make_usage(1, cache_write_1h=40_000)),
    ],
)
def test_a_cache_may_be_for_an_hour(store, clock, request_, usage):
    remember(call(usage=usage), request=request_)
    clock.now += LONG_TTL_S - 1
    found = recall()
    assert found.held(found.draft) > 0


def test_the_time_between_turns_is_remembered(store, clock):
    remember(call())
    clock.now += 40
    remember(call(usage=WARM))
    clock.now += 15
    found = recall()
    assert (found.gap_s, found.alone.gap_s) == (15, 40)


@pytest.mark.parametrize(
    "calls",
    [
        (call(usage=make_usage(5_000)),),
        (call(usage=None),),
        (call(status=529),),
        (),
    ],
)
def test_where_nothing_was_cached_nothing_is_written(store, calls):
    remember(*calls)
    assert store.items("") == {}


def test_a_client_that_marks_nothing_costs_neither_a_key_nor_a_write(store):
    plain = make_request(headers=SESSION)
    assert cache_memory.keys(plain, PLAN, ACME) == {}
    memory.remember_caches(plain, ACME, PLAN, [call()], Caches())
    assert store.items("") == {}


def test_without_a_rule_nothing_is_remembered(store):
    bare = CascadePlan(verifier=make_target())
    memory.remember_caches(marked(), ACME, bare, [call("verifier")], Caches())
    assert store.items("") == {}


def test_a_conversation_the_rule_does_not_draft_now_is_remembered_all_the_same(store):
    forced = dataclasses.replace(PLAN, draft=None, reason="forced:verifier")
    assert recall(plan=forced) == Caches()
    memory.remember_caches(marked(), ACME, forced, [call("verifier")], Caches())
    assert recall().verifier.tokens == 40_000


@pytest.mark.parametrize(
    ("request_", "key_id"),
    [
        (marked(), GLOBEX),
        (make_request(cache_control={"type": "ephemeral"}), ACME),
    ],
)
def test_the_caches_of_another_conversation_are_not_ours(store, request_, key_id):
    remember(call())
    assert recall(request_, key_id=key_id).draft is None


def test_recalling_them_costs_no_further_read(store, monkeypatch):
    asked = []
    monkeypatch.setattr(store, "get", lambda keys: asked.append(keys) or {})
    recall()
    assert [len(keys) for keys in asked] == [6]


def test_what_another_version_wrote_is_nothing(store):
    keys = cache_memory.keys(marked(), PLAN, ACME)
    store.put({keys["draft"]: b'{"v":9}', keys["alone"]: b"\xff"}, ttl_s=9)
    found = recall()
    assert (found.draft, found.alone) == (None, None)


def test_only_digests_and_counts_are_kept(store):
    remember(call(), request=marked(system="a secret"))
    for key, value in store.items("").items():
        assert (key[:6], len(key)) == ("cache:", 38)
        assert b"secret" not in value
        assert b"draft" not in value
