"""What another threshold would have done, in bins; and decision by decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import simulation, what_if
from metrics.folding import bin_of
from metrics.simulation import Decided
from metrics.types import BINS
from metrics.what_if import Basis, Happened, Judged, Labelled

MONEY = st.integers(min_value=0, max_value=10**12)


def bins(**at: int) -> tuple[int, ...]:
    """A sum for each bin: `bins(n80=3)` has three in the bin from 0.80."""
    return tuple(at.get(f"n{place}", 0) for place in range(BINS))


BASIS = Basis(
    happened=Happened(cascaded=10, accepted=4, cost_nusd=900, baseline_nusd=1_000),
    judged=Judged(
        accepted=bins(n70=1, n90=3),
        rejected=bins(n40=2, n60=3),
        accepted_nusd=bins(n70=100, n90=300),
        rejected_nusd=bins(n40=200, n60=300),
        vetoed=1,
    ),
)


def test_the_threshold_that_held_changes_nothing():
    outlook = what_if.outlook(BASIS, 70)
    assert (outlook.gained, outlook.lost, outlook.more_nusd) == (0, 0, 0)
    assert (outlook.cost_nusd, outlook.saving_nusd) == (900, 100)


def test_a_draft_accepted_instead_saves_its_baseline():
    outlook = what_if.outlook(BASIS, 60)
    assert (outlook.gained, outlook.lost) == (3, 0)
    assert (outlook.cost_nusd, outlook.saving_nusd) == (600, 400)
    assert outlook.accepted_share == 0.7


def test_a_draft_rejected_instead_costs_its_baseline():
    outlook = what_if.outlook(BASIS, 71)
    assert (outlook.gained, outlook.lost, outlook.more_nusd) == (0, 1, -100)
    assert (outlook.cost_nusd, outlook.saving_nusd) == (1_000, 0)


def test_a_veto_is_moved_by_no_threshold():
    assert what_if.outlook(BASIS, 0).accepted == 9


def test_a_rule_that_cascaded_nothing_has_no_share():
    nothing = Happened(cascaded=0, accepted=0, cost_nusd=0, baseline_nusd=0)
    assert what_if.outlook(Basis(happened=nothing), 50).accepted_share is None


@pytest.mark.parametrize(("samples", "share"), [(29, None), (30, 0.25)])
def test_quality_is_told_from_thirty_samples_on(samples, share):
    labelled = Labelled(
        samples=bins(n40=90, n80=samples),
        weight=bins(n40=90, n80=400),
        worse_weight=bins(n40=90, n80=100),
    )
    basis = Basis(happened=BASIS.happened, labelled=labelled)
    outlook = what_if.outlook(basis, 80)
    assert (outlook.samples, outlook.worse_share) == (samples, share)


@pytest.mark.parametrize(
    ("threshold", "percent"),
    [(0.0, 0), (0.29, 29), (0.57, 57), (0.7, 70), (0.725, 73), (0.99, 99), (1.0, 99)],
)
def test_a_threshold_between_borders_is_taken_as_the_next(threshold, percent):
    assert what_if.percent_of(threshold) == percent


@given(st.integers(min_value=0, max_value=99))
def test_every_border_is_itself(percent):
    assert what_if.percent_of(percent / BINS) == percent


DECIDED = st.builds(
    Decided,
    rule=st.just("a"),
    simulated=st.just(False),
    outcome=st.sampled_from(["accepted", "escalated"]),
    reason=st.sampled_from(["", "low_confidence", "veto:empty"]),
    confidence=st.one_of(
        st.none(),
        st.floats(min_value=0, max_value=1),
        st.integers(min_value=0, max_value=100).map(lambda n: n / 100),
    ),
    cost_nusd=st.one_of(st.none(), MONEY),
    baseline_nusd=st.one_of(st.none(), MONEY),
)


def basis_of(decisions) -> Basis:
    """What the sums made ahead of time would hold of these decisions."""
    known = [d for d in decisions if d.known]
    counts = {name: [0] * BINS for name in Judged.__dataclass_fields__}
    vetoed = 0
    for d in decisions:
        if d.confidence is None:
            continue
        if d.reason.startswith("veto:"):
            vetoed += 1
            continue
        kind = "accepted" if d.outcome == "accepted" else "rejected"
        counts[kind][bin_of(d.confidence)] += 1
        if d.known:
            counts[f"{kind}_nusd"][bin_of(d.confidence)] += d.baseline_nusd
    del counts["vetoed"]
    return Basis(
        happened=Happened(
            cascaded=len(decisions),
            accepted=sum(d.outcome == "accepted" for d in decisions),
            cost_nusd=sum(d.cost_nusd for d in known),
            baseline_nusd=sum(d.baseline_nusd for d in known),
        ),
        judged=Judged(vetoed=vetoed, **{k: tuple(v) for k, v in counts.items()}),
    )


@given(st.lists(DECIDED, max_size=40), st.integers(min_value=0, max_value=99))
def test_bins_and_decisions_come_to_the_same_on_the_border_of_a_bin(decisions, percent):
    outlook = what_if.outlook(basis_of(decisions), percent)
    kinds = simulation.replayed(decisions, percent / BINS)
    sums = simulation.total(kinds[False].values())
    assert outlook.accepted == sums.then_accepted
    assert outlook.cost_nusd == sums.then_cost_nusd
    assert outlook.saving_nusd == sums.then_saving_nusd
    assert (outlook.gained, outlook.lost) == (sums.gained, sums.lost)
