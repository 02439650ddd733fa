"""Several keys of one provider: which one a request is sent with, and which rest."""

from __future__ import annotations

from collections import Counter

import pytest

from routing.providers.accounts import Accounts, ranked_for
from routing.types import AccountKey, Target
from tests.builders import make_request
from tests.routing.builders import make_provider
from tests.routing.clock import Clock

KEYS = tuple(
    AccountKey(id=f"id-{name}", name=name, secret=f"sk-{name}") for name in "abc"
)
FILE = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
SIGNED = {"type": "thinking", "thinking": "", "signature": "c2ln"}


def target(*keys: AccountKey) -> Target:
    provider = make_provider(api_key=keys[0].secret, keys=keys if len(keys) > 1 else ())
    return Target(provider=provider, model="m")


def request_of(session: str, content: object = "hi", role: str = "user"):
    return make_request(
        messages=[{"role": role, "content": content}],
        headers=(("x-claude-code-session-id", session),),
    )


def secrets_for(accounts: Accounts, session: str, **options) -> list[str]:
    found = accounts.candidates(request_of(session, **options), target(*KEYS))
    return [candidate.provider.api_key for candidate in found]


def refuse(accounts: Accounts, secret: str, status: int = 401, headers=()) -> None:
    (key,) = (key for key in KEYS if key.secret == secret)
    asked = Target(provider=make_provider(keys=KEYS), model="m", account=key.id)
    assert accounts.refused(asked, status, headers)


def test_a_single_key_is_left_alone():
    one = target(KEYS[0])
    assert Accounts().candidates(request_of("s"), one) == (one,)


def test_a_conversation_stays_with_its_key_in_every_process():
    first = secrets_for(Accounts(), "session-1")
    assert first == secrets_for(Accounts(), "session-1", content="later")
    assert sorted(first) == ["sk-a", "sk-b", "sk-c"]


def test_conversations_are_shared_out_by_weight():
    heavy = AccountKey(id="heavy", name="heavy", secret="sk-heavy", weight=3)
    firsts = Counter(
        ranked_for(str(n).encode(), (heavy, KEYS[0]))[0].name for n in range(2000)
    )
    assert 1350 < firsts["heavy"] < 1650


def test_a_key_that_goes_moves_only_its_own_conversations():
    for n in range(200):
        before, *rest = ranked_for(str(n).encode(), KEYS)
        if before is not KEYS[0]:
            assert ranked_for(str(n).encode(), KEYS[1:])[0] is before
        else:
            assert ranked_for(str(n).encode(), KEYS[1:])[0] is rest[0]


@pytest.mark.parametrize(("status", "rest_s"), [(401, 300), (403, 60), (429, 30)])
def test_a_key_that_is_refused_rests_and_comes_back(status, rest_s):
    clock = Clock()
    accounts = Accounts(clock)
    first, second, _ = secrets_for(accounts, "session-1")
    refuse(accounts, first, status)
    assert secrets_for(accounts, "session-1")[0] == second
    clock.now += rest_s + 0.1
    assert secrets_for(accounts, "session-1")[0] == first


def test_a_busy_account_rests_as_long_as_it_says_within_reason():
    clock = Clock()
    accounts = Accounts(clock)
    first = secrets_for(accounts, "s")[0]
    refuse(accounts, first, 429, (("retry-after", "120"),))
    clock.now += 119
    assert first not in secrets_for(accounts, "s")
    refuse(accounts, first, 429, (("retry-after", "999999"),))
    clock.now += 601
    assert secrets_for(accounts, "s")[0] == first


def test_when_all_rest_the_conversations_own_key_is_asked():
    accounts = Accounts(Clock())
    wanted = secrets_for(accounts, "s")
    for key in KEYS:
        refuse(accounts, key.secret)
    assert secrets_for(accounts, "s") == wanted


@pytest.mark.parametrize("status", [200, 400, 404, 500, 529])
def test_other_answers_are_no_reason_to_rest(status):
    asked = Target(provider=make_provider(keys=KEYS), model="m", account="id-a")
    assert not Accounts().refused(asked, status, ())


def test_files_are_looked_for_in_the_account_that_has_them():
    accounts = Accounts(Clock())
    for n in range(20):
        assert secrets_for(accounts, f"s{n}", content=[FILE]) == ["sk-a"]
    refuse(accounts, "sk-a", 429)
    assert secrets_for(accounts, "s", content=[FILE]) == ["sk-a"]


def test_signed_thinking_never_moves_to_another_account():
    accounts = Accounts(Clock())
    first = secrets_for(accounts, "s")[0]
    refuse(accounts, first, 429)
    got = secrets_for(accounts, "s", content=[SIGNED], role="assistant")
    assert got == [first]


def test_no_key_is_in_what_is_printed_or_logged(caplog):
    accounts = Accounts(Clock())
    refuse(accounts, "sk-a")
    assert "sk-a" not in repr(target(*KEYS)) + caplog.text
