"""A decision -> the sentences its page explains it with. Makes no query."""

from __future__ import annotations

from metrics import formats, reasons
from metrics.models import RoutingDecision

Outcome = RoutingDecision.Outcome

BASES = {
    "verifier": "What the verifier's own calls cost: exact.",
    "verifier:warm": "What the verifier's own calls cost, less what they cost more "
    "because drafts had let its prompt cache go cold.",
    "estimate:cold": "Estimated: another model answered. Its tokens at the verifier's "
    "price, by the ratios learned of this rule, with nothing in the verifier's prompt "
    "cache.",
    "estimate:warm": "Estimated: another model answered. Its tokens at the verifier's "
    "price, by the ratios learned of this rule, with the part of the prompt that the "
    "verifier's cache would have held at its cheaper price.",
    "none": "No model was asked, or what it used or costs is not known.",
    "": "How it came about was not recorded.",
}
VETO_FIRED = "A veto: it alone escalates, and the confidence is 0."
STATED = "What the rule states of every draft, an assumption."
OBSERVED = "Observed. What it added to the confidence is not recorded."
EFFECTS = {
    "prior": STATED,
    "route": "The base rate of its route: the share of good drafts among labelled ones "
    "before it.",
    "gate": "What the rule's gate made of the draft alone: its first confidence.",
    "gate_version": "Which version of what was learned of the rule judged it.",
}
# By value; the order of signals is that of these tables.
ANSWERS = {
    "second_opinion": {
        1.0: "Another cheap model came to the same answer.",
        0.0: "Another cheap model came to another answer.",
    },
    "judge": {
        1.0: "A judge called the draft good.",
        0.5: "A judge was not sure.",
        0.0: "A judge called the draft flawed.",
    },
}
# Outcomes that need none.
WITHOUT_REASON = {
    str(Outcome.ACCEPTED): "No veto fired, and the confidence reached the threshold.",
    str(Outcome.ACCOUNT): "Rules are about messages; this was none.",
    str(Outcome.SHADOW): "Two answers to one request tell how good drafts are.",
}
ORDER = [*EFFECTS, *ANSWERS]


def outcome_in_words(decision: RoutingDecision) -> str:
    """Return what became of the request, in a sentence or two."""
    if decision.outcome == Outcome.ACCOUNT:
        words = f"A request to the account endpoint {decision.endpoint}: no model."
    else:
        words = _asked(decision)
    if decision.aborted:
        return f"{words} The client left before the answer ended."
    if decision.status >= 400:
        return f"{words} It ended with status {decision.status}."
    return words


def _asked(decision: RoutingDecision) -> str:
    served = decision.served_model
    if decision.outcome == Outcome.SHADOW:
        return "Asked after an answer had gone, to learn from it: no client saw it."
    answered = f"{served} answered." if served else "no model answered."
    if decision.outcome == Outcome.ACCEPTED:
        return f"The draft was accepted: {answered}"
    if decision.outcome == Outcome.ESCALATED:
        return f"The draft was turned down, so it was escalated: {answered}"
    return f"Pass-through, no draft was judged: {answered}"


def reason_in_words(decision: RoutingDecision) -> str:
    """Return why, in a sentence; a reason without words is named as it is."""
    if decision.reason:
        unknown = f"The reason is recorded as {decision.reason}."
        return reasons.words_for(decision.reason) or unknown
    if decision.outcome in WITHOUT_REASON:
        return WITHOUT_REASON[decision.outcome]
    if not decision.rule:
        return "No rule applies to this key and model."
    return "No reason was recorded."


def basis_in_words(decision: RoutingDecision) -> str:
    """Return how the baseline came about."""
    known = BASES.get(decision.baseline_basis)
    return known or f"Recorded as {decision.baseline_basis}."


def estimate_in_words(decision: RoutingDecision) -> str:
    """Return what the estimate would have been; "" where it was not needed."""
    estimate, truth = decision.estimate_nusd, decision.baseline_nusd
    if estimate is None:
        return ""
    words = f"Had the draft been accepted: estimated at {formats.usd(estimate)}"
    if not truth:
        return f"{words}."
    error = (estimate - truth) / truth
    return f"{words}, off by {error * 100:+.1f} %."


def signals_of(decision: RoutingDecision) -> list[tuple[str, float | None, str]]:
    """Return each signal with its value and its effect on the confidence.

    Vetoes come first, then the prior, which is not stored where it is the confidence.
    """
    signals: dict[str, float | None] = dict(decision.signals)
    if decision.confidence is not None and not signals:
        signals["prior"] = decision.confidence
    ranked = sorted(signals.items(), key=lambda pair: (_rank(*pair), pair[0]))
    return [(name, value, effect_in_words(name, value)) for name, value in ranked]


def effect_in_words(name: str, value: float | None) -> str:
    """Return what a signal did to the confidence."""
    if name in reasons.VETOES and value:
        return f"{VETO_FIRED} The draft {reasons.VETOES[name]}."
    answered = ANSWERS.get(name, {}).get(value if value is not None else -1.0)
    return EFFECTS.get(name) or answered or OBSERVED


def _rank(name: str, value: float | None) -> int:
    if name in reasons.VETOES and value:
        return -1
    return ORDER.index(name) if name in ORDER else len(ORDER)


def marks_of(decision: RoutingDecision) -> list[tuple[str, str]]:
    """Return what is special about it: a short mark, and what that means."""
    marks = (
        (decision.simulated, "simulated", "Made up or simulated: no real money."),
        (
            decision.repeat,
            "repeat",
            "The same turn failed shortly before: one turn, two costs.",
        ),
        (
            decision.aborted,
            "aborted",
            "The client left; what was used until then is counted.",
        ),
    )
    return [(mark, meaning) for holds, mark, meaning in marks if holds]
