"""Configuration an operator edits: providers, models, rules, client keys, controls.

Rules are data, never code: names, patterns with `*`, and numbers. Every write moves
the version row, which is how workers learn of it.
"""

from routing.models.installation import Controls, Installation
from routing.models.keys import ClientKey, LimitTable
from routing.models.knowledge import RuleCertificate, RuleKnowledge
from routing.models.provider_keys import ProviderKey
from routing.models.providers import Provider, UpstreamModel
from routing.models.rules import CascadeRule
from routing.versioning import ConfigModel, ConfigVersion

__all__ = [
    "CascadeRule",
    "ClientKey",
    "ConfigModel",
    "ConfigVersion",
    "Controls",
    "Installation",
    "LimitTable",
    "Provider",
    "ProviderKey",
    "RuleCertificate",
    "RuleKnowledge",
    "UpstreamModel",
]
