"""Where a rule stands: what was learned, what is promised, what it would save.

For its page, for commands, in words. Reads few rows, whatever was decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from metrics import formats
from routing.knowledge_loading import certified_by, knowledge_of
from routing.models import CascadeRule, RuleCertificate, RuleKnowledge
from routing.quality.gate import Gate
from routing.quality.knowledge import COLD_LABELS, ROUTE_LABELS, Knowledge
from routing.rule_quality import Level, RuleQuality, quality_of
from routing.teaching import current

State = RuleCertificate.State
TOP_WEIGHTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A number of the gate: above 0 it counts for a draft, in log-odds a deviation."""

    name: str
    value: float

    @property
    def words(self) -> str:
        """Return which way it counts."""
        return "for" if self.value > 0 else "against"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a rule now. `threshold` is the one in force.

    `known` and `gate` are None until labels have taught them; `certificate` is the
    newest, None before there was one.
    """

    rule: CascadeRule
    known: RuleKnowledge | None
    gate: Gate | None
    cold: bool
    certificate: RuleCertificate | None
    threshold: float
    quality: RuleQuality

    @property
    def weights(self) -> list[Weight]:
        """Return what counts most for and against on this rule, the most first."""
        return weights_of(self.gate)

    @property
    def paused(self) -> bool:
        """Whether checks pause because they cost more than their budget."""
        return bool(self.known and self.known.checks_paused and not self.cold)


def standing_of(
    rule: CascadeRule, *, simulated: bool, since: datetime | None = None
) -> Standing:
    """Return where `rule` stands. Cost: some six queries; labels no older than `since`.

    What was learned of other models than the rule names now does not count.
    """
    row = current(rule)
    known = knowledge_of(row) if row else Knowledge()
    certificate = RuleCertificate.objects.filter(rule=rule.name).first()
    threshold = threshold_of(rule, row, certificate)
    return Standing(
        rule=rule,
        known=row,
        gate=known.gate,
        cold=known.cold,
        certificate=certificate,
        threshold=threshold,
        quality=quality_of(rule, threshold, simulated=simulated, since=since),
    )


def threshold_of(
    rule: CascadeRule,
    known: RuleKnowledge | None,
    certificate: RuleCertificate | None,
) -> float:
    """Return the threshold in force: that of a certificate where the rule heeds it."""
    certified = None
    if rule.mode == "certified" and known is not None:
        certified = certified_by(certificate, known, rule)
    return rule.threshold if certified is None else certified


def weights_of(gate: Gate | None, at_most: int = TOP_WEIGHTS) -> list[Weight]:
    """Return the largest weights of a gate; none that is zero."""
    found = gate.weights()[:at_most] if gate else []
    return [Weight(name=name, value=value) for name, value in found if value]


def ungated_in_words(standing: Standing) -> str:
    """Return what a rule goes by until it has a gate to trust; "" when it has."""
    labels = standing.known.labels if standing.known else 0.0
    if standing.gate and not standing.cold:
        return ""
    if not standing.cold:
        return (
            f"All {labels:.0f} labels that taught this rule say the same: there is "
            "nothing for a gate to learn yet, so base rates decide, on routes with "
            f"{ROUTE_LABELS} labels of their own."
        )
    rule = standing.rule
    begin = (
        f"{labels:.0f} labels have taught this rule: under {COLD_LABELS} it is new. "
    )
    if rule.asks_anybody:
        return begin + "It accepts only what a second opinion or the judge supports."
    return (
        begin + "Nobody is asked about its drafts, so what it states of them, and the "
        "base rates of its routes, decide."
    )


def promise_in_words(certificate: RuleCertificate) -> str:
    """Return what a certificate says, in a sentence."""
    harm = f"{certificate.harm * 100:g} %"
    sure = f"{certificate.sure * 100:g} %"
    if certificate.state == State.IN_FORCE:
        return (
            f"At most {harm} of accepted answers are worse than the verifier's, at "
            f"{sure} confidence."
        )
    if certificate.state == State.LAPSED:
        return f"The promise of {harm} no longer holds: {certificate.why}."
    if certificate.bound >= 1:
        return f"Not certifiable at {harm}; labels do not allow any promise yet."
    return (
        f"Not certifiable at {harm}; the best this rule can promise is "
        f"{formats.percent(certificate.bound)}."
    )


def outlook_in_words(standing: Standing) -> str:
    """Return what an observing rule would have saved; "" for others."""
    if not observes(standing):
        return ""
    own = standing.quality.own
    if own is None:
        return (
            f"Observe mode: {standing.quality.priced} labelled drafts so far; 30 tell "
            "what this rule would have saved."
        )
    return f"Observe mode: this rule would have saved {in_words(own, standing)}."


def observes(standing: Standing) -> bool:
    """Return whether drafts are judged and none is served now."""
    rule = standing.rule
    if rule.mode != "certified" or rule.on_lapse != "observe":
        return rule.mode == "observe"
    known, certificate = standing.known, standing.certificate
    return known is None or certified_by(certificate, known, rule) is None


def in_words(level: Level, standing: Standing) -> str:
    """Return what a level comes to: saved, quality, and by how many labels."""
    return (
        f"{level.saved * 100:.0f} % at {level.kept * 100:.1f} % quality "
        f"(n={standing.quality.priced})"
    )
