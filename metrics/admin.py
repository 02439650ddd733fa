"""Decisions and prices in the admin. The list of decisions is made for millions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from metrics import (  # noqa: F401  two of them register themselves
    admin_tables,
    alert_admin,
    formats,
    moments,
    report_key_admin,
)
from metrics.admin_tables import calls_of, figure
from metrics.decision_page import url_of
from metrics.models import ModelPrice, RoutingDecision
from metrics.read_only_admin import ReadOnlyAdmin

COUNTED_AT_MOST = 10_001
PERIODS = {"24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
PERIOD_LENGTHS = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than it must: counting all of a large table takes seconds."""

    @cached_property
    def count(self) -> int:
        """How many there are, 10,001 when there are more than ten thousand."""
        assert isinstance(self.object_list, QuerySet)  # noqa: S101  what admin gives
        return self.object_list.order_by()[:COUNTED_AT_MOST].count()


class PeriodFilter(admin.SimpleListFilter):
    """Decisions of late, by their indexed time. Makes no query for its choices."""

    title = "period"
    parameter_name = "period"

    def lookups(
        self, _request: HttpRequest, _model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return what can be chosen."""
        return list(PERIODS.items())

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the decisions since then; all of them when nothing was chosen."""
        length = PERIOD_LENGTHS.get(self.value() or "")
        if length is None:
            return queryset
        return queryset.filter(started_at__gte=timezone.now() - length)


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(ReadOnlyAdmin):
    """Read-only. Search, order and every filter stay on an index.

    Rare is what is simulated, repeated, aborted or of unknown cost: it has an index of
    its own, as outcome, rule and key have. Two filters together walk the index of one
    until a page is full, and count ten thousand at most: quick for what is frequent.
    """

    list_display = (
        "started",
        "key_name",
        "rule",
        "what",
        "confidence_figure",
        "cost",
        "saving",
        "time",
        "tokens",
        "served_model",
    )
    list_filter = (PeriodFilter, "outcome", "simulated", "aborted", "repeat")
    search_fields = ("decision_id__exact",)
    search_help_text = "The whole decision id, as in the header x-cascade-decision."
    ordering = ("-started_at",)
    sortable_by = ("started",)
    paginator = CappedPaginator
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("decision_id", "started"),
                    ("key_name", "key_prefix", "tag"),
                    ("what", "rule"),
                    ("confidence_figure", "threshold"),
                    ("status", "stream", "aborted", "simulated"),
                )
            },
        ),
        (
            "Models",
            {
                "fields": (
                    ("requested_model", "served_model"),
                    ("draft_model", "verifier_model"),
                )
            },
        ),
        ("Money", {"fields": (("cost", "baseline", "saving"), "calls_table")}),
        ("Signals", {"fields": ("signals_table",)}),
        (
            "Times",
            {"fields": (("time", "first_byte", "draft_time", "verifier_time", "own"),)},
        ),
    )

    def get_readonly_fields(
        self, _request: HttpRequest, _obj: RoutingDecision | None = None
    ) -> list[str]:
        """Return every field shown: some are computed, none is editable."""
        return [
            name
            for _, options in self.fieldsets
            for group in options["fields"]
            for name in ([group] if isinstance(group, str) else group)
        ]

    def view_on_site(self, decision: RoutingDecision) -> str:
        """Return the address of the decision's own page."""
        return url_of(decision.decision_id)

    @admin.display(description="started", ordering="started_at")
    def started(self, decision: RoutingDecision) -> str:
        """When the request came, to the second, in TIME_ZONE."""
        return moments.second(decision.started_at)

    @admin.display(description="outcome")
    def what(self, decision: RoutingDecision) -> str:
        """The outcome with its reason, and how it ended when that was not well."""
        words = [decision.get_outcome_display()]
        if decision.endpoint:
            words.append(decision.endpoint)
        if decision.reason:
            words.append(decision.reason)
        if decision.repeat:
            words.append("repeat of a failed turn")
        if decision.aborted:
            words.append("client gone")
        elif decision.status >= 400:
            words.append(f"status {decision.status}")
        return ", ".join(words)

    @admin.display(description="confidence")
    def confidence_figure(self, decision: RoutingDecision) -> str:
        """Confidence with two decimals."""
        confidence = decision.confidence
        return "-" if confidence is None else f"{confidence:.2f}"

    @admin.display(description="tokens in / out")
    def tokens(self, decision: RoutingDecision) -> SafeString:
        """Tokens of all calls together, cached ones among the first."""
        usages = [call.usage for call in calls_of(decision) if call.usage]
        return figure(
            f"{formats.count(sum(u.prompt_tokens for u in usages))} / "
            f"{formats.count(sum(u.output_tokens for u in usages))}"
        )

    @admin.display(description="cost")
    def cost(self, decision: RoutingDecision) -> SafeString:
        """What all calls cost."""
        return figure(formats.usd(decision.cost_nusd))

    @admin.display(description="verifier alone")
    def baseline(self, decision: RoutingDecision) -> SafeString:
        """What the verifier alone would have cost."""
        return figure(formats.usd(decision.baseline_nusd))

    @admin.display(description="saved")
    def saving(self, decision: RoutingDecision) -> SafeString:
        """Baseline minus cost, marked when it is a loss."""
        saved = decision.saving_nusd
        lost = saved is not None and saved < 0
        return figure(formats.usd(saved), kind="figure loss" if lost else "figure")

    @admin.display(description="time")
    def time(self, decision: RoutingDecision) -> SafeString:
        """From the request to the end of the answer."""
        return figure(formats.milliseconds(decision.total_ms))

    @admin.display(description="first byte")
    def first_byte(self, decision: RoutingDecision) -> str:
        """From the request to the first byte of the answer."""
        return formats.milliseconds(decision.first_byte_ms)

    @admin.display(description="draft")
    def draft_time(self, decision: RoutingDecision) -> str:
        """Time the draft took."""
        return formats.milliseconds(decision.draft_ms)

    @admin.display(description="verifier")
    def verifier_time(self, decision: RoutingDecision) -> str:
        """Time the verifier took."""
        return formats.milliseconds(decision.verifier_ms)

    @admin.display(description="our own")
    def own(self, decision: RoutingDecision) -> str:
        """Our own time."""
        return f"{decision.overhead_us / 1000:.2f} ms"

    @admin.display(description="calls")
    def calls_table(self, decision: RoutingDecision) -> SafeString:
        """Every call: tokens of each class, cost, time."""
        return admin_tables.calls_table(decision)

    @admin.display(description="signals")
    def signals_table(self, decision: RoutingDecision) -> SafeString | str:
        """What was observed about the draft."""
        return admin_tables.signals_table(decision)


@admin.register(ModelPrice)
class ModelPriceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shipped prices and an operator's own, which the shipped ones never push aside."""

    list_display = (
        "model",
        "provider",
        "tariff",
        "valid_from",
        "above_prompt_tokens",
        "input_and_output",
        "cache",
        "searches",
        "source",
    )
    list_filter = ("provider", "tariff")
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("model",)
    search_help_text = "A part of the model's name. Prices are USD per million tokens."

    @admin.display(description="input / output")
    def input_and_output(self, price: ModelPrice) -> SafeString:
        """USD per million tokens read and written."""
        amounts = (price.input_usd, price.output_usd)
        return figure(" / ".join(map(formats.plain, amounts)))

    @admin.display(description="cache read / write 5 m / 1 h")
    def cache(self, price: ModelPrice) -> SafeString:
        """USD per million tokens read from and written to the prompt cache."""
        amounts = (
            price.cache_read_usd,
            price.cache_write_5m_usd,
            price.cache_write_1h_usd,
        )
        return figure(" / ".join(map(formats.plain, amounts)))

    @admin.display(description="1,000 searches")
    def searches(self, price: ModelPrice) -> SafeString:
        """USD for a thousand web searches."""
        usd = price.web_search_usd
        return figure("unknown" if usd is None else formats.plain(usd))

    def save_model(
        self,
        request: HttpRequest,
        obj: ModelPrice,
        form: ModelForm[ModelPrice],
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save the price, its source being the operator unless he names one."""
        if "source" not in form.changed_data:
            today = timezone.localdate()
            obj.source = f"{request.user.get_username()}, {today}"[:200]
        super().save_model(request, obj, form, change)
