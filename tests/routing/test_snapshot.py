"""The in-process copy: in order, complete, and fresh when the version moves."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from metrics import rule_stats
from metrics.stakes import Learned, RuleKey
from routing import models, secrets, snapshot
from routing.config import Pattern, RuleConditions
from routing.snapshot import SnapshotHolder
from tests.routing.clock import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def main():
    models.Provider.objects.all().delete()
    return models.Provider.objects.create(
        name="main", kind="anthropic", base_url="http://main.test/"
    )


def add_rule(name, request_model="verifier-large", **fields):
    return models.CascadeRule.objects.create(
        name=name, request_model=request_model, draft_model="draft-small", **fields
    )


def patterns():
    return [(o.pattern.text, o.provider.name) for o in snapshot.load().patterns]


# --- What is loaded -------------------------------------------------------------------


def test_patterns_come_most_specific_first_then_by_priority(main):
    other = models.Provider.objects.create(
        name="other", kind="simulator", base_url="http://other.test", priority=50
    )
    for name in ("*", "claude*", "claude-opus*", "claude-opus", "z"):
        main.models.create(name=name)
    other.models.create(name="claude*")
    assert patterns() == [
        ("claude-opus", "main"),
        ("z", "main"),
        ("claude-opus*", "main"),
        ("claude*", "other"),
        ("claude*", "main"),
        ("*", "main"),
    ]


def test_what_is_known_of_models_is_there_switched_off_or_not(main):
    off = models.Provider.objects.create(
        name="off", kind="anthropic", base_url="http://off.test", enabled=False
    )
    off.models.create(name="a", max_input_tokens=1)
    main.models.create(name="b", enabled=False, parameter_rules={"prefill": True})
    main.models.create(name="*", display_name="Any")
    loaded = snapshot.load()
    assert [(m.provider, m.pattern.text) for m in loaded.models] == [
        ("off", "a"),
        ("main", "b"),
        ("main", "*"),
    ]
    (owned,) = loaded.patterns
    assert loaded.facts_of(owned.provider, "b").prefill is True
    assert loaded.facts_of(owned.provider, "claude-haiku-4-5").efforts == ()
    assert loaded.facts_of(owned.provider, "a").max_input_tokens is None


def test_what_is_switched_off_is_not_there(main):
    off = models.Provider.objects.create(
        name="off", kind="anthropic", base_url="http://off.test", enabled=False
    )
    off.models.create(name="a")
    main.models.create(name="b", enabled=False)
    main.models.create(name="c")
    add_rule("off", enabled=False)
    models.ClientKey.issue("acme", enabled=False)
    loaded = snapshot.load()
    assert [owned.pattern.text for owned in loaded.patterns] == ["c"]
    assert (loaded.rules, loaded.keys) == ((), {})


def test_a_provider_comes_with_its_key_and_a_tidy_address(main, settings):
    settings.PROVIDER_KEYS = {"ANTHROPIC_API_KEY": "sk-env"}
    main.key_reference = "env:ANTHROPIC_API_KEY"
    main.save()
    main.models.create(name="*")
    (owned,) = snapshot.load().patterns
    assert (owned.provider.base_url, owned.provider.api_key) == (
        "http://main.test",
        "sk-env",
    )
    assert owned.provider.trouble == ""


def test_a_provider_may_keep_its_key_encrypted(main):
    main.set_key("sk-stored")
    main.save()
    main.models.create(name="*")
    assert snapshot.load().patterns[0].provider.api_key == "sk-stored"


def test_a_provider_may_have_no_key(main):
    main.models.create(name="*")
    provider = snapshot.load().patterns[0].provider
    assert (provider.api_key, provider.trouble) == ("", "")


def test_a_key_that_is_named_and_missing_is_trouble(main, settings):
    settings.PROVIDER_KEYS = {}
    main.key_reference = "env:ANTHROPIC_API_KEY"
    main.save()
    main.models.create(name="*")
    provider = snapshot.load().patterns[0].provider
    assert provider.api_key == ""
    assert "env:ANTHROPIC_API_KEY holds nothing" in provider.trouble


def test_a_key_that_does_not_open_is_trouble_and_said_in_the_log(main, caplog):
    main.key_encrypted = "no token of ours"
    main.save()
    main.models.create(name="*")
    provider = snapshot.load().patterns[0].provider
    assert provider.api_key == ""
    assert "does not open" in provider.trouble
    assert "provider main:" in caplog.text


def test_rules_come_by_priority_then_names_before_patterns():
    models.CascadeRule.objects.all().delete()
    add_rule("wide", "*")
    add_rule("narrow", "verifier-*")
    add_rule("exact")
    add_rule("exact-b")
    add_rule("urgent", "*", priority=1)
    names = [rule.terms.name for rule in snapshot.load().rules]
    assert names == ["urgent", "exact", "exact-b", "narrow", "wide"]


def test_a_rule_for_few_comes_before_its_equal_for_all():
    models.CascadeRule.objects.all().delete()
    key, _ = models.ClientKey.issue("acme", tag="research")
    add_rule("a-for-all")
    add_rule("b-for-a-tag", tag="research")
    add_rule("c-for-a-key", client_key=key)
    add_rule("d-for-both", client_key=key, tag="research")
    add_rule("e-pattern-for-a-key", "verifier-*", client_key=key)
    add_rule("f-urgent-for-all", priority=1)
    add_rule("z-for-some-requests", tools="with")
    names = [rule.terms.name for rule in snapshot.load().rules]
    assert names == [
        "f-urgent-for-all",
        "d-for-both",
        "c-for-a-key",
        "b-for-a-tag",
        "z-for-some-requests",
        "a-for-all",
        "e-pattern-for-a-key",
    ]


def test_a_rule_comes_with_all_its_terms():
    models.CascadeRule.objects.all().delete()
    key, _ = models.ClientKey.issue("acme")
    add_rule(
        "full",
        "verifier-*",
        verifier_model="verifier-other",
        client_key=key,
        tag="research",
        threshold=0.5,
        prior=0.6,
        draft_timeout_s=7,
        on_verifier_error="return_draft",
        response_model="served",
    )
    (rule,) = snapshot.load().rules
    assert (rule.pattern.text, rule.draft_model) == ("verifier-*", "draft-small")
    assert (rule.verifier_model, rule.client_key_id, rule.tag) == (
        "verifier-other",
        key.pk,
        "research",
    )
    assert (rule.terms.threshold, rule.terms.prior) == (0.5, 0.6)
    assert rule.terms.draft_timeout_s == 7
    assert rule.terms.on_verifier_error == "return_draft"
    assert rule.terms.response_model == "served"


def test_a_rule_comes_with_its_conditions():
    models.CascadeRule.objects.all().delete()
    add_rule("every")
    add_rule(
        "some",
        tools="with",
        streaming="whole",
        subagents="never",
        min_prompt_tokens=10,
        max_prompt_tokens=2000,
        headers="X-App: cli*\r\n\nx-team: blue",
        rollout_percent=12.5,
        clamp_max_tokens=True,
        economics=False,
        fallback_model="spare-large",
    )
    some, every = snapshot.load().rules
    assert every.conditions == RuleConditions()
    assert some.conditions == RuleConditions(
        tools="with",
        streaming="whole",
        subagents="never",
        min_prompt_tokens=10,
        max_prompt_tokens=2000,
        headers=(("x-app", Pattern("cli*")), ("x-team", Pattern("blue"))),
        rollout_percent=12.5,
    )
    assert (some.fallback_model, some.terms.clamp_max_tokens) == ("spare-large", True)
    assert not some.economics


@pytest.mark.parametrize(
    ("setting", "switch", "on"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_the_cascade_is_on_when_setting_and_switch_are(settings, setting, switch, on):
    settings.CASCADE_ENABLED = setting
    models.Controls.objects.create(pk=1, cascade_on=switch)
    assert snapshot.load().cascade_on is on


def test_the_cascade_is_on_until_somebody_switches_it_off(fresh_holder):
    assert fresh_holder.get().cascade_on
    models.Controls(pk=1, cascade_on=False).save()
    assert fresh_holder.refresh()
    assert not fresh_holder.get().cascade_on


def test_keys_are_found_by_their_digest_alone():
    row, key = models.ClientKey.issue("acme", tag="research")
    keys = snapshot.load().keys
    assert list(keys) == [secrets.client_key_digest(key)]
    found = keys[row.digest]
    assert (found.id, found.name, found.prefix, found.tag) == (
        row.pk,
        "acme",
        row.prefix,
        "research",
    )


def test_a_key_that_has_expired_is_not_there():
    now = timezone.now()
    models.ClientKey.issue("acme", expires_at=now - timedelta(seconds=1))
    models.ClientKey.issue("globex", expires_at=now + timedelta(hours=1))
    assert [key.name for key in snapshot.load().keys.values()] == ["globex"]


# --- Fresh ----------------------------------------------------------------------------


def writes():
    provider = models.Provider(name="new", kind="anthropic", base_url="http://n.test")
    rule = models.CascadeRule(name="new", request_model="a", draft_model="b")
    rules = models.CascadeRule.objects
    return {
        "save": provider.save,
        "create": lambda: provider.models.create(name="x"),
        "update": lambda: rules.update(threshold=0.6),
        "bulk create": lambda: rules.bulk_create([rule]),
        "bulk update": lambda: rules.bulk_update([rule], ["threshold"]),
        "get or create": lambda: models.ClientKey.objects.get_or_create(name="k"),
        "delete": provider.delete,
        "bulk delete": rules.all().delete,
        "issue": lambda: models.ClientKey.issue("acme"),
    }


def test_every_kind_of_write_moves_the_version():
    for kind, write in writes().items():
        before = models.ConfigVersion.current()
        write()
        assert models.ConfigVersion.current() > before, kind


def test_loads_at_the_first_question_and_keeps_what_it_has(
    fresh_holder, main, django_assert_num_queries
):
    main.models.create(name="*")
    with django_assert_num_queries(10):
        first = fresh_holder.get()
    with django_assert_num_queries(0):
        assert fresh_holder.get() is first


def test_asks_only_for_the_version_while_nothing_changes(
    fresh_holder, django_assert_num_queries
):
    first = fresh_holder.get()
    with django_assert_num_queries(1):
        assert fresh_holder.refresh() is False
    assert fresh_holder.get() is first


def test_what_is_learned_is_read_anew_once_a_minute(fresh_holder, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("routing.snapshot.time", SimpleNamespace(monotonic=clock))
    before = fresh_holder.get()
    assert before.learned == fresh_holder.learned == {}
    learned = {RuleKey("default", "draft-small", "verifier-large", False): Learned()}
    monkeypatch.setattr(rule_stats, "load", lambda: learned)
    fresh_holder.refresh()
    assert fresh_holder.learned == {}
    clock.now += rule_stats.REFRESH_S
    assert fresh_holder.refresh() is False, "the configuration is what it was"
    assert fresh_holder.learned == learned
    assert fresh_holder.get().rules == before.rules


def test_loads_anew_when_the_version_has_moved(fresh_holder):
    before = fresh_holder.get()
    add_rule("new")
    assert "new" not in [rule.terms.name for rule in fresh_holder.get().rules]
    assert fresh_holder.refresh() is True
    assert "new" in [rule.terms.name for rule in fresh_holder.get().rules]
    assert fresh_holder.get().version > before.version


def test_has_nothing_to_serve_until_it_is_loaded(fresh_holder):
    assert not fresh_holder.loaded
    fresh_holder.get()
    assert fresh_holder.loaded


def test_says_that_the_database_is_away_when_there_is_nothing_to_serve(
    fresh_holder, monkeypatch
):
    monkeypatch.setattr("routing.snapshot.load", failing)
    with pytest.raises(DatabaseError):
        fresh_holder.get()
    assert not fresh_holder.loaded


def failing():
    raise OperationalError("away")


class Rounds:
    """Lets the refreshing thread take one round at a time; at the end it sleeps on."""

    def __init__(self) -> None:
        self._turn = threading.Semaphore(0)
        self._done = threading.Semaphore(0)

    def sleep(self, _: float) -> None:
        self._done.release()
        self._turn.acquire()

    def play(self) -> None:
        assert self._done.acquire(timeout=10)
        self._turn.release()
        assert self._done.acquire(timeout=10)
        self._done.release()


@pytest.fixture
def rounds(monkeypatch, settings):
    settings.CASCADE_SNAPSHOT_POLL_S = 0.01
    rounds = Rounds()
    clock = SimpleNamespace(sleep=rounds.sleep, monotonic=time.monotonic)
    monkeypatch.setattr("routing.snapshot.time", clock)
    monkeypatch.setattr("routing.snapshot.close_old_connections", lambda: None)
    return rounds


def test_serves_on_while_the_database_is_away_and_says_so_once(
    monkeypatch, caplog, rounds
):
    state = {"version": 1, "away": False}

    def current():
        if state["away"]:
            failing()
        return state["version"]

    def load():
        from_version = current()
        return type("Loaded", (), {"version": from_version})()

    monkeypatch.setattr("routing.snapshot.load", load)
    monkeypatch.setattr(models.ConfigVersion, "current", current)
    holder = SnapshotHolder()
    first = holder.get()
    holder.start()
    rounds.play()
    assert holder.get() is first

    state["away"] = True
    with caplog.at_level(logging.WARNING, logger="routing.snapshot"):
        rounds.play()
        rounds.play()
    assert holder.get() is first
    assert not holder.healthy
    assert len(caplog.records) == 1

    state.update(away=False, version=2)
    rounds.play()
    assert holder.get().version == 2
    assert holder.healthy


class Threads:
    """Stands for the threading module; its threads do nothing."""

    Lock = staticmethod(threading.Lock)

    def __init__(self) -> None:
        self.started = []

    def Thread(self, **options):
        return SimpleNamespace(start=lambda: self.started.append(options))


@pytest.mark.parametrize(("poll_s", "threads"), [(0.5, 1), (0, 0)])
def test_starts_one_thread_however_often_it_is_started(
    monkeypatch, settings, poll_s, threads
):
    settings.CASCADE_SNAPSHOT_POLL_S = poll_s
    fake = Threads()
    monkeypatch.setattr("routing.snapshot.threading", fake)
    monkeypatch.setattr("routing.snapshot.load", object)
    holder = SnapshotHolder()
    holder.start()
    holder.start()
    assert len(fake.started) == threads
    assert all(options["daemon"] for options in fake.started)


@pytest.mark.parametrize(
    ("keeping", "share"), [("none", 0.0), ("sampled", 0.2), ("all", 1.0)]
)
def test_a_rule_says_of_what_share_text_is_kept(keeping, share):
    models.CascadeRule.objects.all().delete()
    add_rule("every", store_text=keeping, store_text_percent=20.0)
    (rule,) = snapshot.load().rules
    assert rule.terms.text_share == share
