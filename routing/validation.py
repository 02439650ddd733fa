"""What must hold within a row; the messages say what to change.

The admin and files of rules both come here, through `Model.clean`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import ValidationError

from routing import hosts, quirks, validators
from routing.conversation import AGENT_HEADER
from routing.facts import CAPABILITIES, PARAMETER_RULES

if TYPE_CHECKING:
    from routing.models import CascadeRule, Provider, UpstreamModel

# The field that must change, and why.
Contradictions = Iterator[tuple[str, str]]


def check_rule(rule: CascadeRule) -> None:
    """Refuse a rule whose models, scope or conditions contradict each other."""
    found: dict[str, list[str]] = {}
    for check in (_models, _others, _quiet_hours, _scope, _prompt_size, _headers):
        for name, message in check(rule):
            found.setdefault(name, []).append(message)
    if found:
        raise ValidationError(found)


def doubts_about(rule: CascadeRule) -> list[str]:
    """Return what a rule that is allowed will not do as it stands; [] when all is well.

    Cost: a query at most.
    """
    return [words for words in (why_it_only_loses(rule), why_unproven(rule)) if words]


def why_it_only_loses(rule: CascadeRule) -> str:
    """Return why no draft of a rule that is on can be accepted; "" when one can.

    Only the prior decides where nobody is asked and no label has taught anything yet.
    """
    if not rule.enabled or rule.prior >= rule.threshold or _more_than_prior(rule):
        return ""
    return (
        f"{rule.name}: the prior {rule.prior:g} is below the threshold "
        f"{rule.threshold:g}, so every draft is paid for and none is used until "
        "labels speak for them. Lower the threshold, name a second opinion or a "
        "judge, choose the mode observe, or switch the rule off."
    )


def why_unproven(rule: CascadeRule) -> str:
    """Return why a certified rule will not know how good its drafts are; "" else."""
    if not rule.enabled or rule.mode != "certified" or rule.shadow_percent:
        return ""
    return (
        f"{rule.name}: without shadow evaluation no accepted draft is compared with "
        "the verifier's answer, so a certificate cannot be seen to lapse"
        + (", nor be earned. " if rule.on_lapse == "guarded" else ". ")
        + "Set a share for shadow evaluation, such as 2 %."
    )


def _more_than_prior(rule: CascadeRule) -> bool:
    """Whether confidence can come from more than what the rule states."""
    if rule.mode == "observe" or (rule.mode, rule.on_lapse) == ("certified", "observe"):
        return True
    known = apps.get_model("routing", "RuleKnowledge").objects
    return rule.asks_anybody or known.filter(rule=rule.name).exists()


def _others(rule: CascadeRule) -> Contradictions:
    draft, judge = rule.draft_model, rule.judge_model
    second = rule.second_model if rule.second_asked != rule.When.OFF else ""
    if second and second == draft:
        yield (
            "second_model",
            "This is the draft itself: a second answer of the same model errs where "
            "the first did. Name another model.",
        )
    if second and second == (rule.verifier_model or rule.request_model):
        yield (
            "second_model",
            "This is the verifier itself: asking it beside every draft saves nothing. "
            "Name a cheaper model.",
        )
    if judge and judge == draft:
        yield (
            "judge_model",
            "This is the draft itself, and it would judge its own work. Name another "
            "model.",
        )


def _quiet_hours(rule: CascadeRule) -> Contradictions:
    begins, found, ends = rule.shadow_quiet_hours.partition("-")
    if found and begins.isdecimal() and ends.isdecimal() and int(begins) == int(ends):
        yield (
            "shadow_quiet_hours",
            "They begin and end in the same hour, so none is quiet. Write two hours, "
            "such as 22-6.",
        )


def _models(rule: CascadeRule) -> Contradictions:
    draft, verifier = rule.draft_model, rule.verifier_model
    if draft and draft == verifier:
        yield (
            "draft_model",
            "Draft and verifier are the same model: nothing is saved.",
        )
    if draft and draft == rule.request_model:
        yield (
            "draft_model",
            "This is the requested model itself. Name a cheaper model, or delete the "
            "rule: without one the model answers directly.",
        )
    if rule.fallback_model and rule.fallback_model == (verifier or rule.request_model):
        yield (
            "fallback_model",
            "This is the verifier itself. Name a model of another provider, or none.",
        )


def _scope(rule: CascadeRule) -> Contradictions:
    if rule.client_key and rule.tag and rule.client_key.tag != rule.tag:
        yield (
            "tag",
            f"The key {rule.client_key.name} has the tag "
            f"{rule.client_key.tag or '(none)'}, so this rule would never apply. "
            "Choose the key or the tag.",
        )


def _prompt_size(rule: CascadeRule) -> Contradictions:
    low, high = rule.min_prompt_tokens, rule.max_prompt_tokens
    if high == 0:
        yield "max_prompt_tokens", "No prompt is so short: the rule would never apply."
    elif low is not None and high is not None and low > high:
        yield (
            "max_prompt_tokens",
            f"No prompt has at least {low} and at most {high} tokens, so this rule "
            "would never apply.",
        )


def _headers(rule: CascadeRule) -> Contradictions:
    wanted: dict[str, str] = {}
    for name, pattern in validators.header_lines(rule.headers):
        if "*" not in pattern and wanted.setdefault(name, pattern) != pattern:
            yield (
                "headers",
                f"{name} cannot be {wanted[name]} and {pattern} at once, so this rule "
                "would never apply.",
            )
    if AGENT_HEADER in dict(validators.header_lines(rule.headers)) and (
        rule.subagents == "never"
    ):
        yield (
            "headers",
            f"Only subagents send {AGENT_HEADER}, and this rule is for none of them.",
        )


def check_model(model: UpstreamModel) -> None:
    """Refuse capabilities and parameter rules that nothing would read."""
    found = {
        "capabilities": _capability_problem(model.capabilities),
        "parameter_rules": _parameter_rule_problem(model.parameter_rules),
    }
    problems = {name: message for name, message in found.items() if message}
    if problems:
        raise ValidationError(problems)


def _capability_problem(capabilities: object) -> str:
    if not isinstance(capabilities, dict):
        return 'Write an object such as {"image_input": {"supported": true}}.'
    for name, told in capabilities.items():
        supported = told.get("supported") if isinstance(told, dict) else None
        if not isinstance(supported, bool) and (
            told is not None or name in CAPABILITIES
        ):
            return (
                f'Write {name} as lists of models have it: {{"supported": true}} or '
                "false, with what else there is beside it."
            )
    return ""


def _parameter_rule_problem(rules: object) -> str:
    known = ", ".join(PARAMETER_RULES)
    if not isinstance(rules, dict):
        return f'Write an object such as {{"prefill": false}}, of {known}.'
    for name, told in rules.items():
        if name not in PARAMETER_RULES:
            return f"{name} is not known here. Write only {known}."
        if not isinstance(told, bool):
            return f"Write {name} as true or false, or leave it out when not known."
    return ""


def _quirks_problem(said: object) -> str:
    if not isinstance(said, dict):
        return 'Write an object such as {"stream_usage": false}.'
    problems = (quirks.problem(name, value) for name, value in said.items())
    return next((f"{problem}." for problem in problems if problem), "")


def check_provider(provider: Provider) -> None:
    """Refuse an address for neither keys nor prompts, and quirks nothing would read."""
    if told := _quirks_problem(provider.quirks):
        raise ValidationError({"quirks": told})
    host = validators.host_of(provider.base_url)
    address = hosts.address_of(host)
    problem = ""
    if address is not None and hosts.is_forbidden(address):
        problem = f"{host} is never connected to: no provider can be there."
    elif provider.private_allowed or validators.is_listed(host):
        return
    elif hosts.is_private(host):
        problem = (
            f"{host} lies in a private network. A superuser may tick private host "
            "allowed; or add it to CASCADE_PRIVATE_UPSTREAMS."
        )
    elif not provider.base_url.startswith("https://"):
        problem = (
            "Keys and prompts would travel in the clear: begin with https://. Only a "
            "host that may be private, see below, is reached over http://."
        )
    if problem:
        raise ValidationError({"base_url": problem})


def needs_permission(provider: Provider) -> bool:
    """Return whether the host looks private and no setting allows it."""
    host = validators.host_of(provider.base_url)
    return hosts.is_private(host) and not validators.is_listed(host)


def moves(before: Provider, after: Provider) -> bool:
    """Return whether keys stored for one host would now be sent to another."""
    return validators.origin_of(before.base_url) != validators.origin_of(after.base_url)
