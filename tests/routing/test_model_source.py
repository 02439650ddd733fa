"""Reading a provider's list of models, page by page, whatever it holds."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from routing.errors import UpstreamUnreachable
from routing.model_source import MAX_PAGES, NotListed, models_of
from tests.fakes import FakeReply
from tests.routing.builders import make_provider


class Pages:
    """An upstream that answers one page after the other and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.asked: list[str] = []
        self.replies: list[FakeReply] = []
        self._answers = list(answers)

    def ask(self, request, *_target, **_limits):
        self.asked.append(f"{request.method} {request.path}?{request.query}")
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        body = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.replies.append(FakeReply(body, status=status))
        return self.replies[-1]


def page(*models, **fields):
    return {"data": list(models), **fields}


def models(*answers):
    pages = Pages(*answers)
    try:
        return models_of(make_provider(), pages)
    finally:
        assert all(reply.closed for reply in pages.replies)


def names(*answers):
    return [listed.id for listed in models(*answers)]


def test_reads_an_entry_as_far_as_we_keep_it():
    (listed,) = models(
        page(
            {
                "type": "model",
                "id": "draft-small",
                "display_name": "Draft",
                "max_input_tokens": 9,
                "max_tokens": 8,
                "lifecycle": "active",
                "line": "haiku",
                "created_at": "2026-10-07T00:00:00Z",
                "deprecated_at": None,
                "capabilities": {"batch": {"supported": True}},
            }
        )
    )
    assert (listed.max_input_tokens, listed.max_tokens) == (9, 8)
    assert listed.created_at == datetime(2026, 10, 7, tzinfo=UTC)
    assert listed.capabilities == {"batch": {"supported": True}}
    assert (listed.deprecated_at, listed.retires_at) == (None, None)


def test_follows_the_pages_to_the_last():
    pages = Pages(
        page({"id": "a"}, has_more=True, last_id="a"),
        page({"id": "b"}, has_more=False, last_id="b"),
    )
    assert [m.id for m in models_of(make_provider(), pages)] == ["a", "b"]
    assert pages.asked == [
        "GET /v1/models?limit=1000",
        "GET /v1/models?limit=1000&after_id=a",
    ]


def test_a_list_that_goes_in_circles_ends():
    assert names(page({"id": "a"}, has_more=True, last_id="a")) == ["a"]
    endless = [page({"id": f"m{n}"}, has_more=True, last_id=f"m{n}") for n in range(99)]
    assert len(names(*endless)) == MAX_PAGES


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        {},
        {"id": ""},
        {"id": 7},
        {"id": "claude*"},
        {"id": "a b"},
        {"id": "a\n"},
        {"id": "a", "display_name": "\0"},
        {"id": "x" * 129},
        {"id": "a", "max_tokens": -1},
        {"id": "a", "max_tokens": 2**31},
        {"id": "a", "created_at": "yesterday"},
        {"id": "a", "created_at": "2026-10-07T00:00:00"},
        {"id": "a", "lifecycle": "asleep"},
    ],
)
def test_an_entry_we_cannot_read_is_left_out(entry):
    assert names(page(entry, {"id": "draft-small"})) == ["draft-small"]


@pytest.mark.parametrize("answer", [b"", b"<html>", [], {"data": {}}, b"[" * 10_000])
def test_an_answer_that_is_no_list_is_refused(answer):
    with pytest.raises(NotListed, match="no list of models"):
        names(answer)


def test_an_empty_list_is_refused():
    with pytest.raises(NotListed, match="none that can be read"):
        names(page())


def test_a_refusal_is_told_in_the_providers_words():
    told = {"error": {"message": "invalid\nx-api-key"}}
    with pytest.raises(NotListed, match=r"^It answered 401. invalid x-api-key$"):
        names((401, told))
    with pytest.raises(NotListed, match=r"^It answered 502.$"):
        names((502, b"<html>"))


def test_a_provider_that_is_away_is_an_error_of_ours():
    with pytest.raises(UpstreamUnreachable):
        names(UpstreamUnreachable("away"))


@pytest.mark.parametrize(
    ("told", "limits"),
    [
        ({"context_window": 9, "max_completion_tokens": 8}, (9, 8)),
        ({"max_model_len": 9}, (9, None)),
        ({"context_length": 9}, (9, None)),
        ({"meta": {"n_ctx_train": 9}}, (9, None)),
        ({}, (None, None)),
    ],
)
def test_reads_entries_in_openais_shape_and_what_servers_add(told, limits):
    entry = {"id": "small", "object": "model", "created": 1_767_225_600, **told}
    pages = Pages({"object": "list", "data": [entry, {"id": None}]})
    provider = make_provider(kind="groq", dialect="openai")
    (listed,) = models_of(provider, pages)
    assert (listed.max_input_tokens, listed.max_tokens) == limits
    assert listed.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert pages.asked == ["GET /v1/models?"]
