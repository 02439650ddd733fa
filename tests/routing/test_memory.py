from __future__ import annotations

from contextlib import closing

import pytest

from routing import memory
from routing.breaker import FAILURES, OPEN_S, Breaker
from routing.memory import FAILED_TURN_S, LOOP_S, MAX_TOOLS_REMEMBERED
from routing.state.sqlite import SqliteStore
from routing.types import Call, CascadePlan, Recalled
from tests.builders import make_plan, make_request, make_target
from tests.routing.clock import Clock

ACME, GLOBEX = 1, 2
SESSION = (("x-claude-code-session-id", "5e55"),)
PLAN = make_plan()
NO_RULE = CascadePlan(verifier=make_target())
QUESTION = {"role": "user", "content": "Read the two files."}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock, monkeypatch):
    with closing(SqliteStore(tmp_path / "state.sqlite3", clock=clock)) as store:
        breaker = Breaker(store, clock=clock)
        monkeypatch.setattr(memory, "store", lambda: store)
        monkeypatch.setattr(memory, "breaker", lambda: breaker)
        yield store


@pytest.fixture
def breaker(store):
    return memory.breaker()


def first_request(**fields):
    """The request that is answered by tool calls."""
    return make_request(headers=SESSION, messages=[QUESTION], **fields)


def loop_request(*ids: str, headers=SESSION, answer_ids=()):
    """The request after it, with what the tools `ids` found."""
    calls = [tool_use(each) for each in answer_ids or ids]
    results = [{"type": "tool_result", "tool_use_id": each} for each in ids]
    messages = [
        QUESTION,
        {"role": "assistant", "content": calls},
        {"role": "user", "content": results},
    ]
    return make_request(headers=headers, messages=messages)


def tool_use(id_: str):
    return {"type": "tool_use", "id": id_, "name": "Read", "input": {}}


# --- Tool loops -----------------------------------------------------------------------


def remember(request, key_id, tool_use_ids, draft=PLAN.draft):
    memory.remember_turn(request, key_id, draft=draft, tool_use_ids=tool_use_ids)


def test_a_loop_belongs_to_the_draft_that_began_it_and_no_other(store):
    remember(first_request(), ACME, ["toolu_1"], draft=make_target("draft-other"))
    recalled = memory.recall(loop_request("toolu_1"), PLAN, ACME)
    assert recalled.in_tool_loop
    assert not recalled.loop_of_draft


def test_a_loop_the_draft_began_is_the_drafts(store):
    remember(first_request(), ACME, ["toolu_1", "toolu_2"])
    recalled = memory.recall(loop_request("toolu_1", "toolu_2"), PLAN, ACME)
    assert recalled == Recalled(in_tool_loop=True, loop_of_draft=True)


def test_a_loop_nobody_remembers_is_the_verifiers(store):
    recalled = memory.recall(loop_request("toolu_1"), PLAN, ACME)
    assert recalled == Recalled(in_tool_loop=True)


def test_outside_of_loops_nothing_is_recalled(store):
    remember(first_request(), ACME, ["toolu_1"])
    assert memory.recall(first_request(), PLAN, ACME) == Recalled()


def test_the_loop_of_another_client_is_not_ours(store):
    remember(first_request(), GLOBEX, ["toolu_1"])
    assert not memory.recall(loop_request("toolu_1"), PLAN, ACME).loop_of_draft


def test_the_same_id_in_another_conversation_is_another_call(store):
    remember(first_request(), ACME, ["call_0"])
    other = (("x-claude-code-session-id", "07e5"),)
    recalled = memory.recall(loop_request("call_0", headers=other), PLAN, ACME)
    assert not recalled.loop_of_draft


def test_a_loop_is_known_by_whichever_call_comes_first(store):
    remember(first_request(), ACME, ["toolu_1", "toolu_2"])
    request = loop_request("toolu_1", "toolu_2", answer_ids=["toolu_2", "toolu_1"])
    assert memory.recall(request, PLAN, ACME).loop_of_draft


def test_a_loop_is_remembered_for_a_day(store, clock):
    remember(first_request(), ACME, ["toolu_1"])
    clock.now += LOOP_S - 1
    assert memory.recall(loop_request("toolu_1"), PLAN, ACME).loop_of_draft
    clock.now += 1
    assert not memory.recall(loop_request("toolu_1"), PLAN, ACME).loop_of_draft


def test_an_answer_that_calls_without_end_does_not_fill_the_store(store):
    remember(first_request(), ACME, [f"toolu_{n}" for n in range(1000)])
    assert len(store.items("loop:")) == MAX_TOOLS_REMEMBERED


def test_an_answer_without_tools_is_not_remembered(store):
    remember(first_request(), ACME, [])
    assert store.items("") == {}


# --- Repeated turns -------------------------------------------------------------------


def test_a_turn_that_failed_is_a_repeat_for_five_minutes(store, clock):
    memory.remember_failure(first_request(), ACME)
    clock.now += FAILED_TURN_S - 1
    assert memory.recall(first_request(), PLAN, ACME) == Recalled(repeat=True)
    assert memory.recall(first_request(), NO_RULE, ACME) == Recalled(repeat=True)
    clock.now += 1
    assert memory.recall(first_request(), PLAN, ACME) == Recalled()


def test_a_repeat_may_drop_streaming_and_tools(store):
    memory.remember_failure(first_request(stream=True, tools=[{"name": "Read"}]), ACME)
    again = first_request(max_tokens=64_000)
    assert memory.recall(again, NO_RULE, ACME).repeat


def test_what_another_client_asks_is_no_repeat(store):
    memory.remember_failure(first_request(), ACME)
    assert not memory.recall(first_request(), PLAN, GLOBEX).repeat
    assert not memory.recall(first_request(), PLAN, None).repeat


def test_once_answered_the_same_question_is_a_new_turn(store):
    memory.remember_failure(first_request(), ACME)
    memory.forget_failure(first_request(), ACME)
    assert not memory.recall(first_request(), PLAN, ACME).repeat


# --- The breaker of the draft ---------------------------------------------------------


def fail(breaker, target, times=FAILURES):
    call = Call(role="draft", target=target, status=529, usage=None, duration_ms=1.0)
    for _ in range(times):
        breaker.note([call])


def test_a_draft_in_trouble_is_down_and_later_on_trial(store, breaker, clock):
    fail(breaker, PLAN.draft)
    assert memory.recall(first_request(), PLAN, ACME) == Recalled(draft_down=True)
    clock.now += OPEN_S
    assert memory.recall(first_request(), PLAN, ACME) == Recalled(draft_trial=True)
    assert memory.recall(first_request(), PLAN, ACME) == Recalled(draft_trial=True)


def test_a_verifier_in_trouble_is_asked_all_the_same(store, breaker):
    fail(breaker, PLAN.verifier)
    assert memory.recall(first_request(), PLAN, ACME) == Recalled()


# --- Cost and trouble -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "plan", "keys"),
    [
        (first_request(), NO_RULE, 1),
        (loop_request("toolu_1"), NO_RULE, 1),
        (first_request(), PLAN, 3),
        (loop_request("toolu_1"), PLAN, 4),
    ],
)
def test_recalling_is_one_read(store, monkeypatch, request_, plan, keys):
    asked = []
    monkeypatch.setattr(store, "get", lambda keys: asked.append(keys) or {})
    memory.recall(request_, plan, ACME)
    assert [len(each) for each in asked] == [keys]


def test_nothing_that_was_written_is_kept(store):
    remember(first_request(), ACME, ["toolu_1"])
    memory.remember_failure(first_request(), ACME)
    entries = store.items("")
    assert {len(value) for value in entries.values()} == {1, 32}, "a mark, a digest"
    assert {(key.split(":")[0], len(key.split(":")[1])) for key in entries} == {
        ("loop", 32),
        ("repeat", 32),
    }


def test_without_a_store_nothing_is_remembered_and_nothing_fails(settings, tmp_path):
    (tmp_path / "state").write_text("a file")
    settings.CASCADE_STATE_DIR = tmp_path / "state"
    remember(first_request(), ACME, ["toolu_1"])
    memory.remember_failure(first_request(), ACME)
    memory.forget_failure(first_request(), ACME)
    recalled = memory.recall(loop_request("toolu_1"), PLAN, ACME)
    assert recalled == Recalled(in_tool_loop=True)
