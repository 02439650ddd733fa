"""Values that travel down the life of a request. Frozen; no Django, no HTTP library.

The verifier *answers*; it does not grade.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec

from metrics.caching import NOTHING_CACHED, Caches
from metrics.stakes import NO_STAKES, Stakes
from metrics.types import Role, Usage
from routing.errors import Failure
from routing.native import Dialect as Dialect
from routing.native import Headers as Headers
from routing.native import Native, body_for
from routing.rule_terms import RuleTerms
from routing.targets import AccountKey as AccountKey
from routing.targets import ProviderConfig as ProviderConfig
from routing.targets import ProviderKind as ProviderKind
from routing.targets import Target as Target

Mode = Literal["pass_through", "cascade"]
Force = Literal["off", "draft", "verifier"]
When = Literal["off", "uncertain", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One request as it came: the body stays bytes, we look only at what we act on.

    `model_span` is the byte range of the top-level `model` value, quotes included.
    `fields` holds the raw JSON of each top-level value. `headers` are those that may
    go up, names in lower case, never a key of ours; `withheld` are the others, which
    rules may match, without any that carry keys. `max_tokens` is the most output that
    is asked for, in all choices together: None where nothing says so, -1 for what is no
    number. `credential` is the header with the
    client's own provider key, present only when it is to be used upstream. `native` is
    what a client of another dialect sent; the rest is its internal form then. `spoken`
    is the client's dialect, whatever form this is in.
    """

    body: bytes
    fields: Mapping[str, msgspec.Raw]
    model: str
    model_span: tuple[int, int]
    stream: bool
    max_tokens: int | None
    headers: Headers = ()
    withheld: Headers = ()
    credential: tuple[str, str] | None = field(default=None, repr=False)
    query: str = ""
    path: str = "/v1/messages"
    method: str = "POST"
    native: Native | None = field(default=None, repr=False)
    spoken: Dialect = "anthropic"

    def in_internal_form(self) -> ChatRequest:
        """Return the request without its client's own bytes, to be asked of anybody.

        Answers to it are in the internal form, whoever gives them: they compare.
        """
        return dataclasses.replace(self, native=None) if self.native else self

    def get(self, name: str) -> Any:
        """Return the parsed top-level value of `name`, None when absent.

        Cost: parses the value anew each time. Raises msgspec.DecodeError when the
        value is not JSON.
        """
        raw = self.fields.get(name)
        return None if raw is None else msgspec.json.decode(raw)

    def body_for(self, model: str) -> bytes:
        """Return the body with only the `model` value replaced; itself when equal."""
        return body_for(model, self.body, self.model, self.model_span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Which other models may be asked about a draft, and when.

    `uncertain`: only where their word can change the decision. `paused`: they cost more
    than their budget, and are asked only where too little is known to do without.
    """

    second: Target | None = None
    second_when: When = "off"
    judge: Target | None = None
    judge_when: When = "off"
    paused: bool = False


NO_CHECKS = Checks()


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadePlan:
    """What will be tried for a request. Without a draft: the verifier, unjudged.

    `fallback` is asked when the verifier is not available. `reason` says why a rule
    that applies asks no draft: it was switched off, or the client forced it, or drafts
    are only `observed`: asked after the answer has gone. `checks` are what a draft may
    be held against, `stakes` what is known of its money.
    """

    verifier: Target
    draft: Target | None = None
    rule: RuleTerms | None = None
    fallback: Target | None = None
    observed: Target | None = None
    checks: Checks = NO_CHECKS
    reason: str = ""
    stakes: Stakes = field(default=NO_STAKES, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.rule is None and (self.draft or self.fallback):
            raise ValueError("a draft and a fallback come with a rule")
        if self.draft is not None and self.reason:
            raise ValueError("a draft is asked, or there is a reason against it")

    @property
    def mode(self) -> Mode:
        """`cascade` when a draft may be asked, else `pass_through`."""
        return "pass_through" if self.draft is None else "cascade"

    @property
    def targets(self) -> tuple[Target, ...]:
        """Everybody who may be asked for an answer, or about one."""
        checks = (self.checks.second, self.checks.judge)
        asked = (self.draft, self.verifier, self.fallback, self.observed, *checks)
        return tuple(target for target in asked if target is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What is remembered of earlier requests that bears on this one.

    `in_tool_loop`: the request carries results of tools that the last answer called.
    `loop_of_draft`: that answer is known to be the draft's. `draft_down`: the circuit
    breaker of the draft's model is open; `draft_trial`: so it is, and this request may
    try. `repeat`: the turn failed a few minutes ago. `caches`: what models still hold.
    `silent`: models that would be asked about the draft and are down.
    """

    in_tool_loop: bool = False
    loop_of_draft: bool = False
    draft_down: bool = False
    draft_trial: bool = False
    repeat: bool = False
    caches: Caches = NOTHING_CACHED
    silent: tuple[Target, ...] = ()


NOTHING_RECALLED = Recalled()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A model's whole answer as the Anthropic `message` object, unknown keys kept.

    `logprobs` are those of its tokens, () where the provider told none.
    """

    message: Mapping[str, Any]
    usage: Usage | None
    logprobs: tuple[float, ...] = ()

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped; None when the answer does not say."""
        return self.message.get("stop_reason")

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The content blocks, in order; anything that is not an object is left out."""
        content = self.message.get("content")
        if not isinstance(content, list):
            return []
        return [block for block in content if isinstance(block, dict)]

    @property
    def text(self) -> str:
        """The text blocks joined by nothing; thinking and tools are left out."""
        texts = (b.get("text") for b in self.blocks if b.get("type") == "text")
        return "".join(t for t in texts if isinstance(t, str))

    @property
    def tool_uses(self) -> list[dict[str, Any]]:
        """The blocks that call a tool of the client, in order."""
        return [b for b in self.blocks if b.get("type") == "tool_use"]


class Reply(Protocol):
    """A provider's open answer. Whoever takes it closes it; closing twice is fine.

    Iterating yields body bytes as they arrive, still in `content-encoding`. A break
    raises StreamInterrupted, slowness UpstreamTimeout, a client that left ClientGone.
    """

    status: int
    headers: Headers

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body as it arrives."""

    def close(self) -> None:
        """Give the connection back, or shut it when the body was not read."""


class Upstream(Protocol):
    """How the cascade reaches models; one per request, bound to its client."""

    def ask(
        self, request: ChatRequest, target: Target, *, timeout_s: float | None = None
    ) -> Reply:
        """Return the open reply of `target`, whatever its status.

        `timeout_s` bounds the whole call, body included; None leaves the provider's
        usual limits. Raises UpstreamError without a status line, ClientGone when the
        client has left.
        """

    def branch(self) -> Branch:
        """Return an upstream whose calls can be left while the client stays."""


class Branch(Upstream, Protocol):
    """An upstream for calls whose answers may turn out not to be needed."""

    def leave(self) -> None:
        """End its calls, each with ClientGone; none begins any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One finished or running call as the cascade saw it; times in milliseconds.

    `usage` is None until the provider reported it. `cut_off`: it was ended before its
    end, so what it cost without usage is not known. `failure` says how the provider
    failed beside its status: "" when it did not.
    """

    role: Role
    target: Target
    status: int | None
    usage: Usage | None
    duration_ms: float
    cut_off: bool = False
    failure: Failure = ""
