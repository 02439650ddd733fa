"""What was learned of rules, and promised, in admin: to be looked at, never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from metrics import formats, moments
from metrics.read_only_admin import ReadOnlyAdmin
from routing.knowledge_loading import knowledge_of
from routing.models import RuleCertificate, RuleKnowledge
from routing.quality.gate import Gate
from routing.rule_standing import promise_in_words, weights_of

SHOWN_WEIGHTS = 24
NO_GATE = "None: too few labels, or of features that are no longer counted."


@admin.register(RuleKnowledge)
class RuleKnowledgeAdmin(ReadOnlyAdmin):
    """What counts for and against on each rule, version by version."""

    list_display = ("__str__", "made", "lessons", "auroc", "draft_model", "paused")
    list_filter = ("rule",)
    search_fields = ("rule__exact",)
    search_help_text = "A whole name of a rule."
    ordering = ("rule", "-version")
    sortable_by = ()
    fields = (
        "rule",
        "version",
        "draft_model",
        "verifier_model",
        "made",
        "lessons",
        "labels",
        "calibration",
        "beside_second",
        "counts",
        "paused",
    )
    readonly_fields = fields

    @admin.display(description="learned")
    def made(self, row: RuleKnowledge) -> str:
        """When it was learned, to the second, in TIME_ZONE."""
        return moments.second(row.made_at)

    @admin.display(description="AUROC")
    def auroc(self, row: RuleKnowledge) -> str:
        """How well the gate tells good drafts from worse ones."""
        gate = knowledge_of(row).gate
        return f"{gate.metrics.auroc:.2f}" if gate else "no gate"

    @admin.display(description="checks", ordering="checks_paused")
    def paused(self, row: RuleKnowledge) -> str:
        """Whether checks pause for their budget."""
        return "paused: see the rule's budget" if row.checks_paused else "go on"

    @admin.display(description="the gate, a draft alone")
    def calibration(self, row: RuleKnowledge) -> str:
        """How the gate did on drafts it had not seen."""
        return _metrics(knowledge_of(row).gate)

    @admin.display(description="the gate beside a second opinion")
    def beside_second(self, row: RuleKnowledge) -> str:
        """The same of the gate that knows a second opinion."""
        return _metrics(knowledge_of(row).pair)

    @admin.display(description="what counts for and against on this rule")
    def counts(self, row: RuleKnowledge) -> SafeString:
        """The largest weights, in words and figures."""
        weights = weights_of(knowledge_of(row).gate, SHOWN_WEIGHTS)
        if not weights:
            return format_html("{}", NO_GATE)
        lines = (
            (w.name.replace("_", " "), w.words, f"{w.value:+.3f}") for w in weights
        )
        items = format_html_join("", "<li>{} counts {}: {}</li>", lines)
        return format_html(
            "<ul>{}</ul><p>Log-odds for one standard deviation above the mean.</p>",
            items,
        )


@admin.register(RuleCertificate)
class RuleCertificateAdmin(ReadOnlyAdmin):
    """What is and was promised of rules, the newest first."""

    list_display = ("rule", "state", "issued", "promise", "labels", "limit")
    list_filter = ("state", "rule")
    search_fields = ("rule__exact",)
    search_help_text = "A whole name of a rule."
    sortable_by = ()
    fields = (
        "rule",
        "state",
        "promise",
        "issued",
        "ended_at",
        "why",
        "limit",
        "threshold",
        "labels",
        "knowledge_version",
    )
    readonly_fields = fields

    @admin.display(description="issued")
    def issued(self, row: RuleCertificate) -> str:
        """When it was issued, to the second, in TIME_ZONE."""
        return moments.second(row.issued_at)

    @admin.display(description="promise")
    def promise(self, row: RuleCertificate) -> str:
        """What it says, in a sentence."""
        return promise_in_words(row)

    @admin.display(description="proven")
    def limit(self, row: RuleCertificate) -> str:
        """The share of worse answers that labels allow to be promised."""
        return (
            "nothing yet" if row.bound >= 1 else f"at most {formats.percent(row.bound)}"
        )


def _metrics(gate: Gate | None) -> str:
    if gate is None:
        return NO_GATE
    told: Any = gate.metrics
    return (
        f"AUROC {told.auroc:.3f}, Brier score {told.brier:.3f}, "
        f"{formats.percent(told.good)} good, on {gate.labels} labels that it had not "
        f"seen; calibrated by slope {gate.slope:.2f} and shift {gate.shift:+.2f}; "
        f"learned {gate.fitted_at}"
    )
