"""The savings calculator: a month reckoned ahead from what its address says."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics import price_book
from metrics.access import for_account_readers
from metrics.calculator import Forecast, Priced, Scenario, forecast
from metrics.price_book import PriceBook
from metrics.types import Price, Usage

MOST_REQUESTS = 10**9
MOST_TOKENS = 2_000_000


def _percent(label: str, initial: int, *, most: int = 100) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, initial=initial, min_value=0, max_value=most, decimal_places=1
    )


def _tokens(label: str, initial: int, *, least: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, initial=initial, min_value=least, max_value=MOST_TOKENS
    )


class CalculatorForm(forms.Form):
    """What a month is like. A model is written as the kind of provider, slash, name."""

    requests = forms.IntegerField(
        label="Requests a month",
        initial=100_000,
        min_value=1,
        max_value=MOST_REQUESTS,
    )
    prompt_tokens = _tokens("Prompt tokens of a request", 4_000, least=1)
    output_tokens = _tokens("Output tokens of a request", 400, least=0)
    cached = _percent("Read from the prompt cache, %", 0)
    acceptance = _percent("Drafts accepted, %", 70)
    checks = _percent("Checks, % of a draft's cost", 0, most=1_000)
    draft = forms.CharField(
        label="Draft", initial="anthropic/claude-haiku-5-5", max_length=200
    )
    verifier = forms.CharField(
        label="Verifier", initial="anthropic/claude-opus-5-5", max_length=200
    )

    def __init__(self, data: dict[str, str], choices: list[str]) -> None:
        """Take what is not in `data` from the initial values; offer `choices`."""
        initial = {name: field.initial for name, field in self.base_fields.items()}
        super().__init__({**initial, **data})
        for name in ("draft", "verifier"):
            given = self.data[name]
            named = choices if given in choices else [given, *choices]
            self.fields[name].widget = forms.Select(choices=[(n, n) for n in named])


@for_account_readers
@require_safe
def calculator(request: HttpRequest) -> HttpResponse:
    """Return the form and, when it is filled in well, what comes of it."""
    prices = price_book.load()
    form = CalculatorForm(request.GET.dict(), prices.names())
    context = {
        **admin.site.each_context(request),
        "title": "Savings calculator",
        "is_nav_sidebar_enabled": False,
        "form": form,
        "forecast": _forecast(form.cleaned_data, prices) if form.is_valid() else None,
    }
    return TemplateResponse(request, "metrics/calculator.html", context)


def _forecast(asked: dict[str, Any], prices: PriceBook) -> Forecast:
    scenario = Scenario(
        requests=asked["requests"],
        prompt_tokens=asked["prompt_tokens"],
        output_tokens=asked["output_tokens"],
        cached_share=float(asked["cached"]) / 100,
        acceptance=float(asked["acceptance"]) / 100,
        checks_share=float(asked["checks"]) / 100,
    )
    draft, verifier = (_priced(asked[name], prices) for name in ("draft", "verifier"))
    return forecast(scenario, draft, verifier)


def _priced(named: str, prices: PriceBook) -> Priced:
    """A model by its name in the form, at today's listed prices."""
    provider, _, model = named.partition("/")
    now = timezone.now()

    def price_of(usage: Usage, /) -> Price | None:
        tokens = usage.prompt_tokens
        return prices.price_for(provider, model, at=now, prompt_tokens=tokens)

    return Priced(model, price_of)
