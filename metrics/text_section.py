"""What a viewer gets to see of a decision's text. Every look is written down first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import msgspec
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import DatabaseError, transaction
from django.utils import timezone

from metrics import text_retention, word_diff
from metrics.models import RoutingDecision
from metrics.text_models import KeptText, TextReading
from metrics.word_diff import Comparison

MAY_READ = "metrics.view_kepttext"
_prompt = msgspec.json.Decoder(list[tuple[str, str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageView:
    """A passage of the prompt as the page shows it: all but the last are folded."""

    by: str
    text: str
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSection:
    """The text of a decision, or in `why_none` why there is none to see.

    `draft` and `verifier` are None when no such answer came; `comparison` is there
    when both did.
    """

    why_none: str = ""
    prompt: tuple[PassageView, ...] = ()
    draft: str | None = None
    verifier: str | None = None
    comparison: Comparison | None = None


def for_viewer(
    decision: RoutingDecision, viewer: AbstractUser | AnonymousUser
) -> TextSection:
    """Return what `viewer` may see. Writes a `TextReading` before text is given out."""
    if not decision.rule:
        return TextSection(why_none="No rule applied, and only rules keep text.")
    if not viewer.has_perm(MAY_READ):
        return TextSection(
            why_none="If the rule kept text, it is not yours to see: that takes the "
            "permission to view kept text."
        )
    kept = KeptText.objects.filter(decision_id=decision.decision_id).first()
    if kept is None:
        return TextSection(why_none=_why_none(decision))
    if not _written_down(kept, viewer.get_username()):
        return TextSection(
            why_none="Text was kept, but that you look at it could not be written "
            "down just now, so it is not shown. Try again."
        )
    return _section(kept)


def _why_none(decision: RoutingDecision) -> str:
    days = text_retention.days_kept()
    if decision.started_at < timezone.now() - timedelta(days=days):
        return f"What the rule may have kept was deleted after {days} days."
    return f"The rule {decision.rule} kept no text of this decision, or it was deleted."


def _written_down(kept: KeptText, by: str) -> bool:
    try:
        with transaction.atomic():
            TextReading.objects.create(
                by=by, decision_id=kept.decision_id, rule=kept.rule
            )
    except DatabaseError:
        return False
    return True


def _section(kept: KeptText) -> TextSection:
    both = kept.draft is not None and kept.verifier is not None
    passages = _prompt.decode(kept.prompt)
    return TextSection(
        prompt=tuple(
            PassageView(by=by, text=text, folded=place < len(passages))
            for place, (by, text) in enumerate(passages, start=1)
        ),
        draft=kept.draft,
        verifier=kept.verifier,
        comparison=(
            word_diff.compare(kept.draft or "", kept.verifier or "") if both else None
        ),
    )
