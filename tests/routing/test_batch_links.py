"""Clients find a batch's results where they found the batch."""

from __future__ import annotations

import pytest

from routing.batch_links import has_links, link_here
from tests.fakes import JSON

BATCH = b'{"id":"b_1", "results_url" : "%s/v1/messages/batches/b_1/results","x":1.50}'
OURS = "https://proxy.example:8443"


@pytest.mark.parametrize(
    "theirs", [b"https://api.example", b"http://127.0.0.1:9", b"https://x.example/base"]
)
def test_names_our_address_and_leaves_every_other_byte(theirs):
    assert link_here(BATCH % theirs, OURS) == BATCH % OURS.encode()


def test_names_it_in_every_batch_of_a_list():
    told = b"[" + BATCH % b"https://a.example" + b"," + BATCH % b"https://b.example"
    assert link_here(told, OURS).count(OURS.encode()) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"results_url": null}',
        b'{"results_url": "https://a.example/elsewhere"}',
        b'{"note": "https://a.example/v1/messages/batches/b_1/results"}',
        b"not JSON \xff",
    ],
)
def test_changes_nothing_else(body):
    assert link_here(body, OURS) == body


@pytest.mark.parametrize("ours", ["", "http://", 'http://a"b', "http://a/b", "a:80"])
def test_changes_nothing_for_an_address_that_is_none(ours):
    body = BATCH % b"https://api.example"
    assert link_here(body, ours) == body


@pytest.mark.parametrize(
    ("path", "headers", "found"),
    [
        ("/v1/messages/batches", JSON, True),
        ("/v1/messages/batches/b_1", JSON, True),
        ("/v1/messages/batches/b_1", (("content-type", "Application/JSON; x"),), True),
        ("/v1/messages/batches/b_1/results", (("content-type", "x-jsonl"),), False),
        ("/v1/messages/batchesque", JSON, False),
        ("/v1/files", JSON, False),
        ("/v1/messages/batches", (), False),
    ],
)
def test_looks_only_where_batches_are_described(path, headers, found):
    assert has_links(path, headers) is found
