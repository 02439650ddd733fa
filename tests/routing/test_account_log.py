"""A request to an account endpoint is recorded once, as what it was."""

from __future__ import annotations

import logging

from routing.account_log import AccountDecision
from tests.routing.builders import GLOBEX, make_provider


def test_records_who_reached_what_and_how_it_ended(decisions):
    decision = AccountDecision(GLOBEX, make_provider(), "files")
    decision.answering()
    decision.close(status=200)
    decision.close(status=499, aborted=True)
    (line,) = decisions()
    assert line.decision_id == decision.id
    assert (line.key_name, line.key_prefix) == ("globex", GLOBEX.prefix)
    assert (line.tag, line.outcome, line.endpoint) == ("research", "account", "files")
    assert (line.status, line.aborted, line.stream) == (200, False, False)
    assert line.first_byte_ms is not None
    assert line.total_ms >= line.first_byte_ms


def test_names_no_model_and_costs_nothing_here(decisions):
    AccountDecision(GLOBEX, make_provider(kind="simulator"), "batches").close(
        status=200
    )
    (line,) = decisions()
    models = {line.requested_model, line.served_model, line.verifier_model}
    assert (models, line.draft_model, line.rule) == ({""}, "", "")
    assert (line.calls, line.cost_nusd, line.baseline_nusd) == ((), 0, 0)
    assert line.simulated


def test_says_so_in_the_log(decisions, caplog):
    with caplog.at_level(logging.INFO, logger="routing.decision_log"):
        AccountDecision(GLOBEX, make_provider(), "files").close(status=404)
    assert caplog.messages == ["files: account endpoint, status 404"]
