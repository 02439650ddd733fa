import pytest

from routing.quality.features.vector import NAMES, features_of
from routing.quality.vetoes import VETOES, vetoes_of
from tests.builders import make_completion, make_request
from tests.routing.quality.drafts_table import DRAFTS
from tests.routing.quality.drafts_texts import PHRASES

BAD = [draft for draft in DRAFTS if draft.veto]
GOOD = [draft for draft in DRAFTS if not draft.veto]


def request_of(draft):
    return make_request(draft.prompt, **draft.request)


def completion_of(draft):
    return make_completion(
        draft.text, content=draft.content, stop_reason=draft.stop_reason
    )


def reasons(draft):
    signals = vetoes_of(request_of(draft), completion_of(draft))
    return [signal.name for signal in signals]


@pytest.mark.parametrize("draft", BAD, ids=lambda draft: draft.name)
def test_no_draft_that_is_bad_by_form_passes(draft):
    assert reasons(draft)[:1] == [draft.veto]


@pytest.mark.parametrize("draft", GOOD, ids=lambda draft: draft.name)
def test_no_good_draft_is_vetoed(draft):
    assert reasons(draft) == []


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.name)
def test_every_draft_can_be_measured(draft):
    values = features_of(request_of(draft), completion_of(draft))
    assert len(values) == len(NAMES)


def test_the_table_is_wide():
    assert len(DRAFTS) >= 120
    assert len(PHRASES) == 8
    assert len({draft.name for draft in DRAFTS}) == len(DRAFTS)
    assert {draft.veto for draft in BAD} == {name for name, _ in VETOES}
