"""Collects the text of a decision where its rule keeps it. Never an exception."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

from metrics import text_recorder
from metrics.types import TextRecord
from routing.decision_log import Decision
from routing.drafting import Draft
from routing.listening import Heard
from routing.readable import answer_of, prompt_of
from routing.rule_terms import RuleTerms
from routing.types import ChatRequest

NOT_HEARD = "[the rest was too much to keep]"


class TextCollector:
    """What is to be kept of one decision under `rule`; kept once, when it has ended."""

    def __init__(self, rule: RuleTerms) -> None:
        self._rule = rule
        self._heard: Heard | None = None

    def hear(self, heard: Heard) -> None:
        """Take what is heard of whoever answers in place of a draft."""
        self._heard = heard

    def keep(
        self, request: ChatRequest, decision: Decision, draft: Draft | None
    ) -> None:
        """Write the text into the journal, after its decision. Never raises."""
        try:
            judged = draft.completion if draft else None
            text_recorder.current().keep(
                TextRecord(
                    decision_id=decision.id,
                    rule=self._rule.name,
                    kept_at=datetime.now(UTC),
                    prompt=prompt_of(request),
                    draft=answer_of(judged) if judged else None,
                    verifier=text_of(self._heard) if self._heard else None,
                )
            )
        except Exception as problem:  # noqa: BLE001  a decision never fails for its text
            text_recorder.current().lose(problem)


def collector_for(
    rule: RuleTerms, *, draw: Callable[[], float] = random.random
) -> TextCollector | None:
    """Return what collects the text of this decision; None when none is to be kept.

    That is left to chance where the rule keeps a share.
    """
    return TextCollector(rule) if draw() < rule.text_share else None


def text_of(heard: Heard) -> str | None:
    """Return what was heard as text, marked where it is not all; None without any."""
    told = heard.so_far()
    text = answer_of(told) if told else None
    return text if heard.whole else f"{text or ''}\n{NOT_HEARD}".strip()
