"""An outlook in words."""

from __future__ import annotations

from metrics import what_if_words
from metrics.what_if import Basis, Happened, Outlook

BASIS = Basis(happened=Happened(cascaded=10, accepted=4, cost_nusd=0, baseline_nusd=0))


def outlook(**changes) -> Outlook:
    values = {
        "accepted": 7,
        "accepted_share": 0.7,
        "gained": 3,
        "lost": 0,
        "cost_nusd": 2_500_000_000,
        "saving_nusd": 7_500_000_000,
        "more_nusd": 300_000_000,
        "samples": 12,
        "worse_share": None,
    }
    return Outlook(**values | changes)


def test_a_sentence_tells_all_of_it():
    told = what_if_words.figures(BASIS, outlook(), 60)
    assert told["sentence"] == (
        "At 0.60: 70.0 % of drafts accepted, $2.50 spent, $7.50 saved, "
        "$0.3000 more than it was."
    )
    assert told["count"] == "7 of 10; 3 more, 0 fewer"


def test_less_is_said_without_a_minus():
    told = what_if_words.figures(BASIS, outlook(more_nusd=-1_000_000_000), 60)
    assert told["more"] == "$1.00 less than it was"
    assert what_if_words.figures(BASIS, outlook(more_nusd=0), 60)["more"] == "as it was"


def test_quality_is_a_share_or_too_few_samples():
    assert what_if_words.quality(outlook()) == "not enough samples (n=12)"
    known = outlook(samples=1_200, worse_share=0.0325)
    assert what_if_words.quality(known) == "3.2 % (n=1,200)"
