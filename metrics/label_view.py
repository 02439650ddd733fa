"""The two buttons on the page of a decision, and what they write."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from metrics import labelling
from metrics.access import for_account_readers
from metrics.identifiers import is_decision_id
from metrics.label_models import Label
from metrics.models import RoutingDecision

PERSON = Label.Source.PERSON
# What a button sends, and whether it says that the draft is worse.
VERDICTS = {"fine": False, "worse": True}
MAY_LABEL = "metrics.add_label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the page shows. `mine` is `fine`, `worse` or "" when I said nothing."""

    every: list[Label]
    mine: str
    may_label: bool


@for_account_readers
@permission_required(MAY_LABEL, raise_exception=True)
@require_POST
def label(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Write, change or take back what this user says of a draft; lead back."""
    if not is_decision_id(decision_id):
        raise Http404
    decision = get_object_or_404(RoutingDecision, decision_id=decision_id)
    verdict, by = request.POST.get("verdict", ""), request.user.get_username()
    back = redirect(reverse("metrics:decision", args=[decision_id]) + "#labels")
    if not labelling.may_be_labelled(decision):
        messages.error(request, "No draft was judged, so there is nothing to label.")
    elif verdict == "remove":
        labelling.remove(decision_id, PERSON, by)
        messages.success(request, "Your label was taken back.")
    elif verdict in VERDICTS:
        labelling.record(decision, PERSON, by, worse=VERDICTS[verdict])
        messages.success(request, "Your label was saved.")
    else:
        messages.error(request, "Choose one of the buttons.")
    return back


def labels_for(request: HttpRequest, decision: RoutingDecision) -> Labels | None:
    """Return what the page shows; None where there is no draft to speak of."""
    if not labelling.may_be_labelled(decision):
        return None
    every = labelling.labels_of(decision.decision_id)
    me = request.user.get_username()[: labelling.BY_LENGTH]
    mine = [said for said in every if said.source == PERSON and said.by == me]
    return Labels(
        every=every,
        mine=("worse" if mine[0].worse else "fine") if mine else "",
        may_label=request.user.has_perm(MAY_LABEL),
    )
