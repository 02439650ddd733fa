"""Deletes kept text: what is old, or what an operator names."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from metrics.text_models import KeptText

# Rows of up to three quarters of a megabyte each.
BATCH_ROWS = 200


def days_kept() -> int:
    """Return for how many days text is kept: never longer than decisions are."""
    of_texts = int(settings.CASCADE_TEXT_RETENTION_DAYS)
    of_decisions = int(settings.CASCADE_RETENTION_DAYS)
    return min(of_texts, of_decisions) if of_decisions else of_texts


def older_than(days: int) -> QuerySet[KeptText]:
    """Return the texts kept more than `days` times 24 hours ago."""
    return KeptText.objects.filter(kept_at__lt=timezone.now() - timedelta(days=days))


def delete(texts: QuerySet[KeptText], *, at_most: int | None = None) -> int:
    """Delete `texts`, oldest first; how many comes back.

    Each batch is a transaction; with `at_most` it stops after the batch that reaches
    it, to be called again.
    """
    deleted = 0
    while at_most is None or deleted < at_most:
        with transaction.atomic():
            batch = list(texts.order_by("kept_at").values_list("pk")[:BATCH_ROWS])
            KeptText.objects.filter(pk__in=[pk for (pk,) in batch]).delete()
        deleted += len(batch)
        if len(batch) < BATCH_ROWS:
            break
    return deleted
