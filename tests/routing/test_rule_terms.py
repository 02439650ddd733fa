"""When drafts are evaluated in the shadow, as a rule says it."""

import pytest

from routing.rule_terms import ShadowTerms


@pytest.mark.parametrize(
    ("quiet", "hours"),
    [
        (None, set()),
        ((1, 4), {1, 2, 3}),
        ((22, 2), {22, 23, 0, 1}),
        ((5, 5), set()),
    ],
)
def test_quiet_hours_may_go_past_midnight(quiet, hours):
    terms = ShadowTerms(share=0.1, per_day=10, quiet=quiet)
    assert {hour for hour in range(24) if terms.quiet_at(hour)} == hours


@pytest.mark.parametrize("wrong", [{"share": 1.1}, {"share": -0.1}, {"per_day": -1}])
def test_a_share_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="share"):
        ShadowTerms(**wrong)
