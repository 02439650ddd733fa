"""The whole table, in the order in which it is printed."""

from __future__ import annotations

from tests.fidelity import (
    cases_answer_headers,
    cases_answers,
    cases_betas,
    cases_blocks,
    cases_breaks,
    cases_encodings,
    cases_endpoints,
    cases_errors,
    cases_events,
    cases_fields,
    cases_forced,
    cases_headers,
    cases_never_draft,
    cases_odd_streams,
    cases_own,
    cases_spellings,
    cases_tools,
)
from tests.fidelity.case import Case, OwnAnswer

FORWARDED: tuple[Case, ...] = (
    *cases_fields.CASES,
    *cases_spellings.CASES,
    *cases_blocks.CASES,
    *cases_tools.CASES,
    *cases_answers.CASES,
    *cases_events.CASES,
    *cases_odd_streams.CASES,
    *cases_breaks.CASES,
    *cases_errors.CASES,
    *cases_headers.CASES,
    *cases_betas.CASES,
    *cases_answer_headers.CASES,
    *cases_endpoints.CASES,
    *cases_encodings.CASES,
    *cases_never_draft.CASES,
    *cases_forced.CASES,
)
OWN_ANSWERS: tuple[OwnAnswer, ...] = cases_own.ROWS
ROWS: tuple[Case | OwnAnswer, ...] = (*FORWARDED, *OWN_ANSWERS)
