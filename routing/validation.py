"""What must hold within a row; the messages say what to change.

The admin and files of rules both come here, through `Model.clean`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError

from routing import validators

if TYPE_CHECKING:
    from routing.models import CascadeRule, Provider


def check_rule(rule: CascadeRule) -> None:
    """Refuse a rule whose models or whose scope contradict each other."""
    if rule.draft_model and rule.draft_model == rule.verifier_model:
        raise ValidationError(
            {"draft_model": "Draft and verifier are the same model: nothing is saved."}
        )
    if rule.draft_model and rule.draft_model == rule.request_model:
        raise ValidationError(
            {
                "draft_model": "This is the requested model itself. Name a cheaper "
                "model, or delete the rule: without one the model answers directly."
            }
        )
    if rule.client_key and rule.tag and rule.client_key.tag != rule.tag:
        raise ValidationError(
            {
                "tag": f"The key {rule.client_key.name} has the tag "
                f"{rule.client_key.tag or '(none)'}, so this rule would never apply. "
                "Choose the key or the tag."
            }
        )


def check_provider(provider: Provider) -> None:
    """Refuse a private host that neither the row nor a setting allows."""
    if needs_permission(provider) and not provider.private_allowed:
        host = validators.host_of(provider.base_url)
        raise ValidationError(
            {
                "base_url": f"{host} lies in a private network. A superuser may tick "
                "private host allowed; or add it to CASCADE_PRIVATE_UPSTREAMS."
            }
        )


def needs_permission(provider: Provider) -> bool:
    """Return whether the host looks private and no setting allows it."""
    return (
        validators.is_private_url(provider.base_url)
        and validators.host_of(provider.base_url)
        not in settings.CASCADE_PRIVATE_UPSTREAMS
    )


def key_would_move(before: Provider, after: Provider) -> bool:
    """Return whether the key stored for one host would now be sent to another."""
    return (
        bool(after.key_encrypted)
        and before.key_encrypted == after.key_encrypted
        and validators.origin_of(before.base_url)
        != validators.origin_of(after.base_url)
    )
