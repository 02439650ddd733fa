"""Clients find a batch's results where they found the batch."""

from __future__ import annotations

import pytest

from routing.batch_links import has_links, link_here
from routing.errors import StreamInterrupted

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
        b'{"note": "https://a.example/v1/messages/batches/b_1/results"}',
        b'{"error": "a \\u0026 \\u003c sign"}',
        b"not JSON \xff",
    ],
)
def test_changes_nothing_else(body):
    assert link_here(body, OURS) == body


@pytest.mark.parametrize(
    "theirs",
    [
        rb"https:\/\/evil.example\/v1\/messages\/batches\/b_1\/results",
        rb"https:\u002f\u002fevil.example/v1/messages/batches/b_1/results",
    ],
)
def test_reads_an_address_as_its_reader_will(theirs):
    told = b'{"results_url": "%s"}'
    here = told % (OURS.encode() + b"/v1/messages/batches/b_1/results")
    assert link_here(told % theirs, OURS) == here


@pytest.mark.parametrize(
    "theirs",
    [
        rb"https://a.example/elsewhere",
        rb"https://a.example/v1/messages/batches/b_1/results/../../x",
        rb"https://a.example/v1/messages/batches/../results",
        rb"https://a.example/v1/messages/batches/b_1/results?to=//evil.example",
        rb"https://a.example/?x=/v1/messages/batches/b_1/results",
        rb"//evil.example/v1/messages/batches/b_1/results",
        rb"https:\\evil.example/v1/messages/batches/b_1/results",
        rb"\q",
        b"",
    ],
)
def test_an_address_that_is_no_batchs_results_becomes_null(theirs):
    assert link_here(b'{"results_url":"%s"}' % theirs, OURS) == b'{"results_url":null}'


@pytest.mark.parametrize("ours", ["", "http://", 'http://a"b', "http://a/b", "a:80"])
def test_no_address_of_theirs_is_passed_on_when_ours_is_not_known(ours):
    told = link_here(BATCH % b"https://api.example", ours)
    assert told == b'{"id":"b_1", "results_url" : null,"x":1.50}'


@pytest.mark.parametrize(
    "body",
    [
        rb'{"results\u005furl":"https://evil.example"}',
        rb'{"\u0072esults_url":"https://evil.example"}',
        rb'{"resu\u006Cts_url":"https://evil.example"}',
        '{"results_url":"https://evil.example"}'.encode("utf-16"),
    ],
)
def test_a_body_that_could_hide_an_address_is_not_passed_on(body):
    with pytest.raises(StreamInterrupted):
        link_here(body, OURS)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/messages/batches", True),
        ("/v1/messages/batches/b_1", True),
        ("/v1/messages/batches/b_1/cancel", True),
        ("/v1/messages/batches/results", True),
        ("/v1/messages/batches/b_1/results", False),
        ("/v1/messages/batchesque", False),
        ("/v1/files", False),
    ],
)
def test_looks_only_where_batches_are_described(path, found):
    assert has_links(path) is found
