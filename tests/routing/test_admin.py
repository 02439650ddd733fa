import re

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.urls import reverse

from routing import secrets
from routing.models import CascadeRule, ClientKey, Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def clerk(client):
    """Somebody who may change everything of routing and is no superuser."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="routing")
    )
    client.force_login(user)
    return client


@pytest.fixture
def rule():
    return CascadeRule.objects.create(
        name="first", request_model="verifier-large", draft_model="draft-small"
    )


@pytest.fixture
def provider():
    row = Provider(name="one", kind="anthropic", base_url="https://one.test")
    row.set_key("sk-planted-secret")
    row.save()
    return row


def page(name: str, *arguments) -> str:
    return reverse(f"admin:routing_{name}", args=arguments)


def provider_form(provider: Provider, **changes) -> dict:
    return {
        "name": provider.name,
        "kind": provider.kind,
        "enabled": "on",
        "priority": provider.priority,
        "base_url": provider.base_url,
        "key_reference": provider.key_reference,
        "new_key": "",
        "models-TOTAL_FORMS": 0,
        "models-INITIAL_FORMS": 0,
        **changes,
    }


def rule_form(**changes) -> dict:
    return {
        "name": "first",
        "enabled": "on",
        "request_model": "verifier-large",
        "draft_model": "draft-small",
        "threshold": 0.7,
        "prior": 0.85,
        "draft_timeout_s": 60,
        "priority": 100,
        "on_verifier_error": "relay",
        "response_model": "requested",
        **changes,
    }


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.mark.parametrize(
    "model", ["cascaderule", "provider", "upstreammodel", "clientkey"]
)
def test_every_list_and_form_opens(boss, rule, provider, model):
    provider.models.create(name="claude*")
    ClientKey.issue("acme")
    assert boss.get(page(f"{model}_changelist")).status_code == 200
    assert boss.get(page(f"{model}_add")).status_code == 200
    assert boss.get(page(f"{model}_changelist") + "?q=one").status_code == 200


def test_threshold_and_switch_are_edited_in_the_list(boss, rule):
    boss.post(
        page("cascaderule_changelist"),
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": rule.pk,
            "form-0-threshold": "0.5",
            "_save": "Save",
        },
    )
    rule.refresh_from_db()
    assert (rule.threshold, rule.enabled) == (0.5, False)


def test_a_mistake_in_the_list_says_what_to_do(boss, rule):
    answer = boss.post(
        page("cascaderule_changelist"),
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": rule.pk,
            "form-0-threshold": "7",
            "_save": "Save",
        },
    )
    assert "less than or equal to 1" in answer.content.decode()


def test_a_rule_that_cannot_work_is_refused_at_its_field(boss):
    answer = boss.post(page("cascaderule_add"), rule_form(draft_model="verifier-large"))
    assert "Name a cheaper model" in answer.content.decode()
    assert not CascadeRule.objects.exists()


def test_a_rule_that_can_only_lose_money_is_saved_with_a_warning(boss):
    answer = boss.post(page("cascaderule_add"), rule_form(prior=0.6))
    assert CascadeRule.objects.get().prior == 0.6
    assert "every draft is paid for and none is used" in said(answer)


def test_rules_are_switched_by_an_action(boss, rule):
    for action, expected in (("disable", False), ("enable", True)):
        boss.post(
            page("cascaderule_changelist"),
            {"action": action, "_selected_action": [rule.pk]},
        )
        rule.refresh_from_db()
        assert rule.enabled is expected


def test_a_rule_can_be_tried_from_its_page(boss, rule):
    content = boss.get(page("cascaderule_change", rule.pk)).content.decode()
    assert reverse("routing:try_rule", args=[rule.pk]) in content


def test_a_stored_key_is_never_shown(boss, provider):
    for address in (
        page("provider_changelist"),
        page("provider_change", provider.pk),
        page("provider_history", provider.pk),
    ):
        content = boss.get(address).content.decode()
        assert "sk-planted-secret" not in content
        assert provider.key_encrypted not in content
    content = boss.get(page("provider_change", provider.pk)).content.decode()
    assert "ends in …cret" in content


def test_saving_without_a_key_keeps_the_stored_one(boss, provider):
    boss.post(page("provider_change", provider.pk), provider_form(provider, priority=5))
    provider.refresh_from_db()
    assert (provider.priority, provider.key()) == (5, "sk-planted-secret")


def test_a_key_that_is_typed_in_replaces_the_stored_one(boss, provider):
    form = provider_form(provider, new_key="sk-another-secret")
    boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.key() == "sk-another-secret"


def test_a_key_can_be_forgotten(boss, provider):
    form = provider_form(provider, forget_key="on")
    boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.key() == ""


def test_another_host_clears_the_key_and_says_so(boss, provider):
    form = provider_form(provider, base_url="https://two.test")
    answer = boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.key() == ""
    assert "was cleared" in said(answer)


def test_a_reference_that_now_goes_elsewhere_is_pointed_out(boss, provider):
    provider.key_reference = "env:ANTHROPIC_API_KEY"
    provider.set_key("")
    provider.save()
    form = provider_form(provider, base_url="https://two.test")
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "env:ANTHROPIC_API_KEY is sent to https://two.test" in said(answer)


def test_a_key_and_a_reference_at_once_are_refused(boss, provider):
    form = provider_form(
        provider, new_key="sk-another", key_reference="env:ANTHROPIC_API_KEY"
    )
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "not both" in answer.content.decode()


def test_a_key_with_a_space_is_refused(boss, provider):
    form = provider_form(provider, new_key="sk another")
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "A key has no spaces" in answer.content.decode()


def test_only_a_superuser_says_where_keys_go(clerk, provider):
    form = provider_form(
        provider,
        priority=5,
        base_url="https://evil.test",
        key_reference="file:/etc/passwd",
        private_allowed="on",
        kind="openai",
    )
    clerk.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.priority == 5
    assert provider.base_url == "https://one.test"
    assert (provider.key_reference, provider.private_allowed) == ("", False)
    assert provider.kind == "anthropic"
    assert clerk.get(page("provider_add")).status_code == 403


@pytest.mark.parametrize(
    "forged", [{"new_key": "sk-somebody-elses"}, {"forget_key": "on"}]
)
def test_only_a_superuser_says_how_a_provider_is_paid(clerk, provider, forged):
    address = page("provider_change", provider.pk)
    content = clerk.get(address).content.decode()
    assert 'name="new_key"' not in content
    assert 'name="forget_key"' not in content
    assert clerk.post(address, provider_form(provider, **forged)).status_code == 302
    provider.refresh_from_db()
    assert provider.key() == "sk-planted-secret"


def test_somebody_who_may_only_look_sees_a_provider_without_its_key(client, provider):
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_provider"))
    client.force_login(user)
    answer = client.get(page("provider_change", provider.pk))
    assert answer.status_code == 200
    assert "sk-planted-secret" not in answer.content.decode()


def test_a_new_client_key_is_shown_exactly_once(boss):
    answer = boss.post(
        page("clientkey_add"), {"name": "acme", "tag": "web", "enabled": "on"}
    )
    shown = re.search(r"cp_live_\w+", said(answer))[0]
    row = ClientKey.objects.get(name="acme")
    assert row.digest == secrets.client_key_digest(shown)
    first = boss.get(page("clientkey_changelist")).content.decode()
    assert shown in first
    for address in (page("clientkey_changelist"), page("clientkey_change", row.pk)):
        assert shown not in boss.get(address).content.decode()


def test_editing_a_client_key_does_not_change_what_it_is(boss):
    row, key = ClientKey.issue("acme")
    boss.post(
        page("clientkey_change", row.pk),
        {"name": "acme", "tag": "batch", "enabled": "on", "digest": "0" * 64},
    )
    row.refresh_from_db()
    assert (row.tag, row.digest) == ("batch", secrets.client_key_digest(key))


def test_client_keys_are_revoked_by_an_action(boss):
    row, _ = ClientKey.issue("acme")
    boss.post(
        page("clientkey_changelist"),
        {"action": "revoke", "_selected_action": [row.pk]},
    )
    row.refresh_from_db()
    assert not row.enabled
    assert "revoked" in boss.get(page("clientkey_changelist")).content.decode()


def test_who_may_not_sees_nothing(client):
    client.force_login(User.objects.create_user("guest", is_staff=True))
    assert client.get(page("cascaderule_changelist")).status_code == 403
