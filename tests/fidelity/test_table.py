"""Every row of the table against live gunicorn: rule off, accepting and escalating."""

from __future__ import annotations

import pytest

from tests.fidelity.case import Case, OwnAnswer, Way
from tests.fidelity.checks import (
    check_envelope,
    check_what_came_back,
    check_what_went_up,
)
from tests.fidelity.client import Asked, ask
from tests.fidelity.playing import Players
from tests.fidelity.recording_upstream import MARK, RecordingUpstream
from tests.fidelity.table import FORWARDED, OWN_ANSWERS, ROWS
from tests.stack import Stack


@pytest.mark.parametrize(
    ("case", "way"),
    [
        pytest.param(case, way, id=f"{case.id}-{way}")
        for case in FORWARDED
        for way in case.ways
    ],
)
def test_it_is_forwarded(case: Case, way: Way, stack: Stack, players: Players) -> None:
    run = players.run(case, way, stack)
    check_what_went_up(run)
    check_what_came_back(run)


@pytest.mark.parametrize("row", OWN_ANSWERS, ids=lambda row: row.id)
def test_we_answer_it_ourselves(
    row: OwnAnswer, stack: Stack, upstream: RecordingUpstream
) -> None:
    exchange = upstream.expect(mark := f"{row.id}-{stack.base_url}", {})
    keys = {"KEY": stack.keys["acme"], "GLOBEX": stack.keys["globex"]}
    headers = (
        (name, " ".join(keys.get(word, word) for word in value.split(" ")))
        for name, value in row.headers
    )
    asked = Asked(
        method=row.method,
        target=row.path,
        headers=((MARK, mark), *headers),
        body=row.body,
    )
    answered = ask(stack.base_url, asked)
    assert answered.status == row.status
    if row.kind:
        check_envelope(answered, row.kind)
    else:
        assert answered.body == b""
    assert set(row.answer_headers) <= set(answered.headers)
    assert exchange.requests == []


def test_every_row_has_an_id_of_its_own() -> None:
    ids = [row.id for row in ROWS]
    assert len(set(ids)) == len(ids)
