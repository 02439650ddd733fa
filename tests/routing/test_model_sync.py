"""What a provider's list does to the rows about its models."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing.model_source import ListedModel
from routing.model_sync import sync
from routing.models import Provider, UpstreamModel

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def main():
    Provider.objects.all().delete()
    return provider("main")


def provider(name: str, **fields) -> Provider:
    given = {"kind": "anthropic", "base_url": f"http://{name}.test"} | fields
    return Provider.objects.create(name=name, **given)


def listed(name: str = "draft-small", **fields) -> ListedModel:
    return ListedModel(id=name, **fields)


def row(name: str = "draft-small") -> UpstreamModel:
    return UpstreamModel.objects.get(name=name)


def test_a_new_model_becomes_a_row(main):
    capabilities = {"image_input": {"supported": True}}
    done = sync(
        main,
        [
            listed(
                display_name="Draft",
                max_input_tokens=9,
                max_tokens=8,
                capabilities=capabilities,
                lifecycle="deprecated",
                created_at=NOON,
                retires_at=NOON,
            )
        ],
        dry_run=False,
    )
    assert done.created == ("draft-small",)
    assert (row().max_input_tokens, row().max_output_tokens) == (9, 8)
    assert (row().display_name, row().capabilities) == ("Draft", capabilities)
    assert (row().lifecycle, row().released_at) == ("deprecated", NOON)
    assert (row().retires_at, row().deprecated_at) == (NOON, None)
    assert row().synced_at is not None
    assert row().parameter_rules == {}


def test_a_second_time_changes_nothing(main):
    models = [listed(max_tokens=8), listed("verifier-large")]
    sync(main, models, dry_run=False)
    done = sync(main, models, dry_run=False)
    assert (done.created, done.changed, done.unchanged) == ((), (), 2)


def test_what_changed_is_named(main):
    sync(main, [listed(max_tokens=8, lifecycle="active")], dry_run=False)
    done = sync(main, [listed(max_tokens=9, lifecycle="deprecated")], dry_run=False)
    assert done.changed == (("draft-small", ("max_output_tokens", "lifecycle")),)
    assert row().max_output_tokens == 9


def test_what_an_operator_decided_stays(main):
    main.models.create(
        name="draft-small",
        enabled=False,
        parameter_rules={"prefill": True},
        max_input_tokens=5,
        display_name="Ours",
    )
    sync(
        main,
        [listed(max_tokens=8, created_at=datetime(1970, 1, 1, tzinfo=UTC))],
        dry_run=False,
    )
    assert (row().enabled, row().parameter_rules) == (False, {"prefill": True})
    assert (row().max_input_tokens, row().display_name) == (5, "Ours")
    assert (row().max_output_tokens, row().released_at) == (8, None)


def test_a_retirement_that_was_called_off_goes(main):
    sync(main, [listed(lifecycle="deprecated", retires_at=NOON)], dry_run=False)
    sync(main, [listed(lifecycle="active")], dry_run=False)
    assert row().retires_at is None


def test_a_model_that_is_no_longer_listed_is_kept(main):
    main.models.create(name="mine")
    sync(main, [listed(), listed("verifier-large")], dry_run=False)
    done = sync(main, [listed()], dry_run=False)
    assert done.unlisted == ("verifier-large",)
    assert {m.name for m in main.models.all()} == {
        "draft-small",
        "mine",
        "verifier-large",
    }


def test_a_dry_run_says_the_same_and_writes_nothing(main):
    main.models.create(name="verifier-large")
    done = sync(main, [listed(), listed("verifier-large", max_tokens=1)], dry_run=True)
    assert done.created == ("draft-small",)
    assert done.changed == (("verifier-large", ("max_output_tokens",)),)
    assert [m.name for m in main.models.all()] == ["verifier-large"]
    assert row("verifier-large").max_output_tokens is None


class TestNoTrafficMoves:
    def test_a_model_nobody_serves_is_taken_up(self, main):
        sync(main, [listed()], dry_run=False)
        assert row().enabled

    def test_a_model_one_serves_by_a_pattern_is_taken_up(self, main):
        main.models.create(name="draft-*")
        provider("other", priority=1).models.create(name="*")
        sync(main, [listed()], dry_run=False)
        assert row().enabled

    def test_a_model_that_another_serves_is_left_to_it(self, main):
        main.models.create(name="*")
        provider("other").models.create(name="draft-*")
        done = sync(main, [listed()], dry_run=False)
        assert (done.created, done.switched_off) == ((), ("draft-small",))
        assert not row().enabled

    def test_a_provider_that_is_switched_off_serves_nothing(self, main):
        provider("other", enabled=False).models.create(name="draft-*")
        sync(main, [listed()], dry_run=False)
        assert row().enabled

    def test_of_two_that_list_a_new_model_the_first_gets_it(self, main):
        sync(main, [listed()], dry_run=False)
        done = sync(provider("other"), [listed()], dry_run=False)
        assert done.switched_off == ("draft-small",)
