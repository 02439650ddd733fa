"""What the page of a rule may change: its threshold, and one step back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from metrics.access import for_account_readers
from routing import history, validation
from routing.models import CascadeRule

# What of a page's address comes back after a change.
STATE = ("period", "from", "to", "simulated")
MOVED_ON = "Somebody changed the rule meanwhile: look again, nothing was changed."

may_change = permission_required("routing.change_cascaderule", raise_exception=True)
# Changes the rule by what the form says, tells the user, and returns its name.
Change = Callable[[HttpRequest, CascadeRule, dict[str, Any]], str]


class ThresholdForm(forms.Form):
    """A new threshold; `seen` is the version of the rule that the page showed."""

    threshold = forms.FloatField(min_value=0.0, max_value=1.0)
    seen = forms.IntegerField(required=False)


class RevertForm(forms.Form):
    """The version to go back to, and the one the page showed."""

    version = forms.IntegerField()
    seen = forms.IntegerField(required=False)


@for_account_readers
@may_change
@csrf_protect
@require_POST
def apply_threshold(request: HttpRequest, name: str) -> HttpResponse:
    """Write the threshold as a new version of the rule; the page says so."""
    return _changed(request, name, ThresholdForm(request.POST), _write)


@for_account_readers
@may_change
@csrf_protect
@require_POST
def revert(request: HttpRequest, name: str) -> HttpResponse:
    """Make the rule what it was in a version; the page says what that changed."""
    return _changed(request, name, RevertForm(request.POST), _go_back)


def _changed(
    request: HttpRequest, name: str, form: forms.Form, change: Change
) -> HttpResponse:
    """Change the rule if it still is what the page showed, and lead back to it."""
    with transaction.atomic():
        rule = _locked(name)
        if not form.is_valid():
            messages.error(request, _mistakes(form))
        elif history.latest_id(CascadeRule, rule.pk) != form.cleaned_data["seen"]:
            messages.error(request, MOVED_ON)
        else:
            name = change(request, rule, form.cleaned_data)
    return _back(request, name)


def _locked(name: str) -> CascadeRule:
    """The rule, for us alone until the transaction ends. Raises Http404."""
    rules = CascadeRule.objects.select_for_update()
    rule: CascadeRule = get_object_or_404(rules, name=name.replace("\x00", ""))
    return rule


def _write(request: HttpRequest, rule: CascadeRule, said: dict[str, Any]) -> str:
    """Write the threshold, and return the rule's name."""
    before, rule.threshold = rule.threshold, said["threshold"]
    words = f"threshold {history.number(before)} -> {history.number(rule.threshold)}"
    if before == rule.threshold:
        messages.info(request, f"The threshold is {history.number(before)} already.")
        return rule.name
    history.because(rule, f"{words} from the rule page", request.user)
    try:
        rule.full_clean()
    except ValidationError as problem:
        messages.error(request, f"Nothing was changed: {' '.join(problem.messages)}")
        return rule.name
    rule.save()
    done = f"Rule {rule.name}: {words}. Every worker follows within a second."
    messages.success(request, done)
    for doubt in validation.doubts_about(rule):
        messages.warning(request, doubt)
    return rule.name


def _go_back(request: HttpRequest, rule: CascadeRule, said: dict[str, Any]) -> str:
    """Go back, and return the rule's name, which may be an earlier one now."""
    try:
        done = history.revert(CascadeRule, rule.pk, said["version"], request.user)
    except CascadeRule.DoesNotExist:
        messages.error(request, "There is no such version; nothing was changed.")
    except ValidationError as problem:
        messages.error(request, f"Nothing was changed: {' '.join(problem.messages)}")
    else:
        words = ", ".join(map(str, done.changes)) or "nothing changed"
        messages.success(request, f"Rule {rule.name}, reverted: {words}.")
    names = CascadeRule.objects.filter(pk=rule.pk).values_list("name", flat=True)
    return str(names.get())


def _mistakes(form: forms.Form) -> str:
    told = (f"{name}: {' '.join(map(str, e))}" for name, e in form.errors.items())
    return f"Nothing was changed. {' '.join(told)}"


def _back(request: HttpRequest, name: str) -> HttpResponse:
    """Lead back to the page, with the period it was looked at."""
    state: dict[str, Any] = QueryDict(request.POST.get("state", "")).dict()
    kept = {key: value for key, value in state.items() if key in STATE}
    address = reverse("routing:rule_page", args=[name])
    return HttpResponseRedirect(f"{address}?{urlencode(kept)}" if kept else address)
