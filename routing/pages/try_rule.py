"""The page that sends a prompt through a rule's real cascade and shows all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django import forms
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from metrics.types import TRY_TAG, DecisionRecord
from routing import cascade, rules
from routing.config import ClientKeyConfig
from routing.connection import ClientConnection
from routing.decision_log import Decision
from routing.decision_words import in_words
from routing.dialects import anthropic
from routing.errors import ProxyError
from routing.models import CascadeRule
from routing.outcome import Outcome
from routing.pages import applying
from routing.rule_loading import rule_config
from routing.settling import Settler
from routing.snapshot import holder
from routing.streams import parse_message
from routing.switch import why_off
from routing.types import CascadePlan, ChatRequest


class TryForm(forms.Form):
    """A prompt to try a rule with."""

    model = forms.CharField(
        max_length=128, help_text="The model a client would ask for."
    )
    prompt = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}), max_length=100_000
    )
    max_tokens = forms.IntegerField(min_value=1, max_value=32_000, initial=1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one try, for the template. `error` is "" when there was none."""

    record: DecisionRecord
    words: str
    draft_text: str
    answer_text: str
    error: str
    outcome: Outcome


@staff_member_required
@permission_required("routing.change_cascaderule", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def try_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, or what the cascade of rule `pk` made of its prompt.

    A try asks real models and costs what it costs: it is recorded as a decision of the
    tag `try`.
    """
    rule = get_object_or_404(CascadeRule, pk=pk)
    form = TryForm(request.POST or None, initial={"model": _example(rule)})
    context: dict[str, Any] = {
        "form": form,
        "rule": rule,
        "title": f"Try {rule.name}",
        "cascade_off": bool(why_off()),
    }
    if request.method == "POST" and form.is_valid():
        chat = _chat_request(form.cleaned_data)
        context["destination"] = applying.destination(rule, chat, holder.get())
        try:
            context["trial"] = _try(request, rule, chat)
        except ProxyError as error:
            form.add_error(None, error.message)
    return render(
        request,
        "routing/try_rule.html",
        {**admin.site.each_context(request), **context},
    )


def _example(rule: CascadeRule) -> str:
    return rule.request_model.replace("*", "")


def _try(request: HttpRequest, rule: CascadeRule, chat: ChatRequest) -> Trial:
    snapshot = holder.get()
    plan = rules.plan_of(rule_config(rule), chat.model, snapshot)
    key = ClientKeyConfig(
        id=None, name=request.user.get_username(), prefix="", tag=TRY_TAG
    )
    decision = Decision(key, snapshot)
    connection = ClientConnection(request.META)
    try:
        return _run(chat, plan, decision, connection)
    finally:
        connection.release()


def _run(
    chat: ChatRequest,
    plan: CascadePlan,
    decision: Decision,
    connection: ClientConnection,
) -> Trial:
    outcome = cascade.run(
        chat,
        plan,
        upstream=connection.upstream,
        judge=rules.judge_of(plan, holder.get()),
    )
    settler = Settler(
        chat,
        plan,
        decision=decision,
        client_gone=lambda: connection.gone,
    )
    settled = settler.settle(outcome)
    body = b"".join(settled.body)
    told = body.decode(errors="replace")
    record = decision.record
    if record is None:
        raise ProxyError("The answer was not recorded.")
    return Trial(
        record=record,
        words=in_words(record),
        draft_text=_draft_text(outcome),
        answer_text=_text(body),
        error="" if settled.status == 200 else f"{settled.status}: {told}",
        outcome=outcome,
    )


def _chat_request(asked: dict[str, Any]) -> ChatRequest:
    body = {
        "model": asked["model"],
        "max_tokens": asked["max_tokens"],
        "messages": [{"role": "user", "content": asked["prompt"]}],
    }
    return anthropic.parse_request(
        msgspec.json.encode(body),
        headers=(
            ("content-type", "application/json"),
            ("anthropic-version", "2023-06-01"),
        ),
    )


def _draft_text(outcome: Outcome) -> str:
    draft = outcome.draft
    return draft.completion.text if draft and draft.completion else ""


def _text(body: bytes) -> str:
    completion = parse_message(body)
    return completion.text if completion else ""
