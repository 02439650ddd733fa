"""What a client says of an answer it got: `POST /v1/cascade/feedback` -> a label.

Not on the way of any message: it asks the database, and writes one row.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.db import DatabaseError, InterfaceError, close_old_connections

from metrics import labelling
from metrics.identifiers import is_decision_id
from metrics.label_models import Label
from metrics.models import RoutingDecision
from routing.config import ClientKeyConfig
from routing.errors import InvalidRequest, NotFound, ProxyError

MAX_BODY_BYTES = 4096
# A decision is in the database about a second after its answer.
RETRY_AFTER_S = 1.0
# Below it a score says that the draft was worse than it should have been.
GOOD_SCORE = 0.5
# A thumb is not always about the answer.
TRUST = 0.8
UNKNOWN = "No decision of this key has that id, or it is not in the account yet."

Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{0,64}\Z")]


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body: `worse` or `score` or both; `reason` is a code of the client's own."""

    decision_id: str
    worse: bool | None = None
    score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    reason: Word = ""

    @property
    def is_worse(self) -> bool:
        """Return what it comes to."""
        if self.worse is not None:
            return self.worse
        return self.score is not None and self.score < GOOD_SCORE


def parse(body: bytes) -> Said:
    """Return what a body says. Raises InvalidRequest."""
    try:
        said = msgspec.json.decode(body, type=Said)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InvalidRequest(f"The feedback cannot be read: {problem}.") from None
    if said.worse is None and said.score is None:
        raise InvalidRequest("Say worse (true or false), or a score from 0 to 1.")
    return said


def take(said: Said, key: ClientKeyConfig) -> bool:
    """Write what `key` says of its own decision; False where no draft had answered.

    Saying the same again changes nothing, saying otherwise changes it. Raises NotFound
    for what is not there or not of this key, ProxyError while the database is away.
    """
    close_old_connections()
    try:
        decision = _own(said.decision_id, key)
        if decision.outcome != RoutingDecision.Outcome.ACCEPTED:
            return False
        labelling.record(
            decision,
            Label.Source.CLIENT,
            key.name,
            worse=said.is_worse,
            draft_score=said.score,
            trust=TRUST,
            reason=said.reason,
        )
    except labelling.NotJudgedError:
        return False
    except (DatabaseError, InterfaceError):
        raise ProxyError(
            "The account cannot be written to now.", retry_after_s=RETRY_AFTER_S
        ) from None
    return True


def _own(decision_id: str, key: ClientKeyConfig) -> RoutingDecision:
    """The decision, where this key made it; its prefix outlives a change of name."""
    found = None
    if is_decision_id(decision_id):
        found = RoutingDecision.objects.filter(
            decision_id=decision_id, key_prefix=key.prefix
        ).first()
    if found is None:
        raise NotFound(UNKNOWN, retry_after_s=RETRY_AFTER_S)
    return found
