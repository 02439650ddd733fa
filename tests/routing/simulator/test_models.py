import pytest

from routing.simulator.models import (
    CLAUDE_MODELS,
    claude_page,
    describe,
    find_model,
    openai_page,
    tier_of,
)
from routing.simulator.values import Rejected


@pytest.mark.parametrize(
    ("model", "tier"),
    [
        ("claude-haiku-5-5", "low"),
        ("draft-small", "low"),
        ("gpt-4o-mini", "low"),
        ("claude-3-5-haiku-20241022", "low"),
        ("claude-sonnet-5-5", "mid"),
        ("claude-opus-5-5", "high"),
        ("verifier-large", "high"),
        ("gemini-pro", "high"),
    ],
)
def test_the_name_tells_the_tier(model, tier):
    assert tier_of(model) == tier


def test_pages_add_up_to_the_list():
    seen, query = [], {"limit": "4"}
    while True:
        page = claude_page(query)
        seen += [model["id"] for model in page["data"]]
        if not page["has_more"]:
            break
        query = {"limit": "4", "after_id": page["last_id"]}
    assert seen == [model.id for model in CLAUDE_MODELS]


def test_a_page_before_a_model_ends_just_before_it():
    ids = [model.id for model in CLAUDE_MODELS]
    page = claude_page({"limit": "2", "before_id": ids[4]})
    assert [model["id"] for model in page["data"]] == ids[2:4]
    assert (page["first_id"], page["last_id"]) == (ids[2], ids[3])
    assert page["has_more"]


def test_nothing_comes_after_the_last():
    page = claude_page({"after_id": CLAUDE_MODELS[-1].id})
    assert page == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many"])
def test_a_limit_out_of_range_is_rejected(limit):
    with pytest.raises(Rejected):
        claude_page({"limit": limit})


def test_a_model_tells_its_limits_and_capabilities():
    model = describe(find_model("claude-opus-5-5"))
    thinking = model["capabilities"]["thinking"]["types"]
    assert model["display_name"] == "Claude Opus 5.5"
    assert model["max_input_tokens"] == 1_000_000
    assert thinking["adaptive"] == {"supported": True}
    assert thinking["disabled"] == {"supported": False}


def test_an_unknown_model_is_not_found():
    with pytest.raises(Rejected) as rejected:
        find_model("claude-nobody")
    assert rejected.value.status == 404


def test_the_openai_list_has_its_own_shape():
    page = openai_page()
    assert page["object"] == "list"
    assert {model["object"] for model in page["data"]} == {"model"}
