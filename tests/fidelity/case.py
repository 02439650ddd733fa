"""What a row of the table is: a request, what upstream answers, what must come of it.

Bodies and answers are bytes with these words in them, filled in by what is run:
the model the client asks for or the answer names, the model that was really asked,
and which leg it was.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fidelity.compression import compressed
from tests.fidelity.recording_upstream import Pairs, Script

MODEL = b"@MODEL@"
SERVED = b"@SERVED@"
LEG = b"@LEG@"

Way = Literal["off", "accepting", "escalating"]
Leg = Literal["draft", "verifier"]
WAYS: tuple[Way, ...] = ("off", "accepting", "escalating")
DRAFT = "draft-small"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row that is forwarded, run in three ways.

    - `answer`: what the model that answers sends, and the draft too unless it has a
      `draft` of its own; compressed by `encoding`, cut `every` so many bytes.
    - `reason`: why the draft is not served, "" when it is.
    - `terms`: those of a rule of its own in place of the usual.
    - `withheld`: headers of the client that must not go up; `unrelayed`: those of the
      answer that must not come back.
    - `ends`: what follows the bytes of an answer that breaks off: "clean" nothing,
      "broken" an error event or a cut, "refused" our own 502 in place of the answer.
    - `adapted`: what differs in the draft's copy of the request.
    - `force`: who the client says must answer.
    - `decided`: False for what no rule applies to; the verifier alone is asked.
    """

    id: str
    what: str
    source: str
    answer: Script
    draft: Script | None = None
    method: str = "POST"
    path: str = "/v1/messages"
    query: str = ""
    body: bytes | None = None
    headers: Pairs = ()
    withheld: frozenset[str] = frozenset()
    unrelayed: frozenset[str] = frozenset()
    version: str = "2023-06-01"
    key_header: Literal["x-api-key", "authorization"] = "x-api-key"
    client: Literal["acme", "globex"] = "acme"
    reason: str = ""
    terms: dict[str, Any] = field(default_factory=dict)
    ends: Literal["clean", "broken", "refused"] = "clean"
    encoding: str = ""
    every: int = 0
    adapted: tuple[tuple[bytes, bytes], ...] = ()
    force: Literal["", "off", "draft", "verifier"] = ""
    decided: bool = True
    ways: tuple[Way, ...] = WAYS

    @property
    def draft_model(self) -> str:
        """Rows whose draft fails have a draft of their own: failures are remembered."""
        usual = f"draft-{self.id.lower()}" if self.own_rule else DRAFT
        return str(self.terms.get("draft_model", usual))

    @property
    def own_rule(self) -> bool:
        """Whether the usual rules do not serve this row."""
        return bool(self.terms) or self.reason in ("draft_error", "draft_timeout")

    def requested(self, way: Way) -> str:
        """The model the client asks for: by it the rule is found."""
        return f"{way}-{self.id.lower()}"

    def verifier_model(self, way: Way) -> str:
        """The model that answers when the draft does not."""
        if self.force == "draft":
            return self.draft_model
        named = "" if way == "off" else self.terms.get("verifier_model", "")
        return str(named or self.requested(way))

    def why(self, way: Way) -> str:
        """The reason that is told in this way, "" when none is."""
        if self.force:
            return f"forced:{self.force}"
        if way == "off" or not self.decided:
            return ""
        if way == "escalating" and not self.reason:
            return "low_confidence"
        return self.reason

    def legs(self, way: Way) -> tuple[Leg, ...]:
        """Who is asked in this way, in order."""
        passed = way == "off" or not self.decided or bool(self.force)
        if passed or self.reason.startswith("not_eligible:"):
            return ("verifier",)
        return ("draft", "verifier") if self.why(way) else ("draft",)

    def outcome(self, way: Way) -> str:
        """What the header says came of it."""
        if self.legs(way) == ("verifier",):
            return "pass_through"
        return "escalated" if self.why(way) else "accepted"

    def model_of(self, leg: Leg, way: Way) -> str:
        """The model asked on this leg."""
        return self.draft_model if leg == "draft" else self.verifier_model(way)

    def script_of(self, leg: Leg, way: Way) -> Script:
        """What the upstream sends on this leg.

        Nobody reads a draft while it comes, nor what must be unpacked to be renamed.
        """
        served = self.model_of(leg, way)
        own = self.draft if leg == "draft" and self.draft else self.answer
        script = filled(own, model=served, served=served, leg=leg)
        packed = self.encoding and served != self.requested(way)
        ungated = leg == "draft" or packed or self.every
        return dataclasses.replace(
            script,
            pieces=compressed(self.encoding, _recut(script, self.every)),
            gates=frozenset() if ungated else script.gates,
        )

    def seen(self, way: Way) -> Script:
        """What the client must get: the same under the name it asked for."""
        leg = self.legs(way)[-1]
        own = self.draft if leg == "draft" and self.draft else self.answer
        served = self.model_of(leg, way)
        named = served if self.terms.get("response_model") == "served" else ""
        return filled(own, model=named or self.requested(way), served=served, leg=leg)

    def body_for(self, leg: Leg, model: str) -> bytes:
        """What must go up on this leg when `model` is asked."""
        body = (self.body or b"").replace(MODEL, model.encode())
        for asked, adapted in self.adapted if leg == "draft" else ():
            assert asked in body
            body = body.replace(asked, adapted)
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAnswer:
    """One row that is answered by the proxy itself; no provider is asked.

    `kind` is the type of the error, "" for an answer without a body. `headers` replace
    all usual ones; the words KEY and GLOBEX in them stand for the keys of `acme` and
    `globex`.
    """

    id: str
    what: str
    source: str
    method: str
    path: str
    status: int
    kind: str = ""
    headers: Pairs = ()
    body: bytes | None = None
    answer_headers: Pairs = ()


def filled(script: Script, *, model: str, served: str, leg: Leg) -> Script:
    """Return `script` with its words filled in."""
    words = ((MODEL, model), (SERVED, served), (LEG, leg))

    def fill(piece: bytes) -> bytes:
        for word, value in words:
            piece = piece.replace(word, value.encode())
        return piece

    headers = tuple(
        (name, fill(value.encode("latin-1")).decode("latin-1"))
        for name, value in script.headers
    )
    return dataclasses.replace(
        script, headers=headers, pieces=tuple(map(fill, script.pieces))
    )


def _recut(script: Script, every: int) -> tuple[bytes, ...]:
    if not every:
        return script.pieces
    body = script.body
    return tuple(body[place : place + every] for place in range(0, len(body), every))
