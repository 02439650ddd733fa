"""Values of the account. They travel; rows in `metrics.models` stay.

Money is integer nano-USD (`_nusd`), prices are nano-USD per million tokens.
None means "not known", 0 means "nothing".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

# Of decisions about requests that somebody made on the page that tries a rule.
TRY_TAG = "try"
# Confidence is kept in so many steps.
BINS = 100

Role = Literal[
    "draft", "verifier", "spare", "second_opinion", "judge", "shadow", "fallback"
]
OutcomeKind = Literal["accepted", "escalated", "pass_through", "account", "shadow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one call is billed for: token classes, disjoint, and web searches.

    `input_tokens` excludes cached tokens, as Anthropic counts them. `tariff` is "" at
    the standard price, else the words for what was not standard: `batch`, `fast`,
    `us+priority`. `unpriced` names something billed that these counts do not hold, so
    that the cost cannot be known; "" when there is nothing.

    Source: Anthropic API reference, `usage` object of a Message.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    web_searches: int = 0
    tariff: str = ""
    unpriced: str = ""

    def __post_init__(self) -> None:
        read = min(self.input_tokens, self.output_tokens, self.cache_read_tokens)
        written = min(self.cache_write_5m_tokens, self.cache_write_1h_tokens)
        if read < 0 or written < 0 or self.web_searches < 0:
            raise ValueError("counts are never negative")

    @property
    def prompt_tokens(self) -> int:
        """All tokens the model read, cached or not."""
        return (
            self.input_tokens
            + self.cache_read_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Nano-USD per million tokens of each class: $0.10 per million is 100_000_000.

    `web_search_nusd` is for one search; None when it is not known, 0 when it is free.
    """

    input_nusd: int
    output_nusd: int
    cache_read_nusd: int
    cache_write_5m_nusd: int
    cache_write_1h_nusd: int
    web_search_nusd: int | None = None

    def __post_init__(self) -> None:
        read = min(self.input_nusd, self.output_nusd, self.cache_read_nusd)
        written = min(self.cache_write_5m_nusd, self.cache_write_1h_nusd)
        if read < 0 or written < 0 or (self.web_search_nusd or 0) < 0:
            raise ValueError("prices are never negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call to a provider, with what it cost at the price of its moment.

    `status` is None when no status line came. `usage` is None when the provider
    reported none. `cost_nusd` is None when usage was reported but the price of a part
    of it is not known, or when none was reported of a call that was answered 200 or cut
    off; it is 0 when the call failed without usage.
    """

    role: Role
    provider: str
    model: str
    status: int | None
    usage: Usage | None
    price: Price | None
    cost_nusd: int | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One request and all it caused: a journal line, then a `RoutingDecision` row.

    Names of rules, keys and models are copied, so that editing or deleting
    configuration cannot rewrite history. Nothing here is text a client sent.

    `repeat`: the same turn failed a few minutes before, so it is one turn and two
    costs. `endpoint` names what an `account` decision reached, such as `files`; "" for
    messages. `baseline_basis` says how the baseline came about; `estimate_nusd` is what
    would have been estimated where the verifier's own cost is known.

    A `shadow` decision is what was asked after an answer had gone, to learn from it:
    `about` is the decision it is about, and its estimate what the verifier's answer
    cost there.
    """

    decision_id: str
    started_at: datetime
    key_name: str
    key_prefix: str
    tag: str
    rule: str
    requested_model: str
    served_model: str
    draft_model: str
    verifier_model: str
    outcome: OutcomeKind
    reason: str
    confidence: float | None
    threshold: float | None
    signals: dict[str, float]
    calls: tuple[CallRecord, ...]
    cost_nusd: int | None
    baseline_nusd: int | None
    total_ms: int
    overhead_us: int
    first_byte_ms: int | None
    status: int
    stream: bool
    aborted: bool
    simulated: bool
    repeat: bool = False
    endpoint: str = ""
    baseline_basis: str = ""
    estimate_nusd: int | None = None
    about: str = ""

    @property
    def saving_nusd(self) -> int | None:
        """Baseline minus cost, negative when the cascade lost; None when unknown."""
        if self.cost_nusd is None or self.baseline_nusd is None:
            return None
        return self.baseline_nusd - self.cost_nusd


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a prompt and whose words it is: `user`, `system`, `tools` ..."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecord:
    """The text of one decision, kept because its rule says so; never part of it.

    The prompt is in order. `draft` and `verifier` are their answers, `verifier` that of
    a fallback too; None when no answer came, "" when it holds nothing.
    """

    decision_id: str
    rule: str
    kept_at: datetime
    prompt: tuple[Passage, ...]
    draft: str | None
    verifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRecord:
    """What was found out about the draft of a decision, and what was measured of it.

    `probability` is the chance with which the decision was drawn to be labelled, None
    when it was not drawn at random; `trust` from 0 to 1. `features` and `second` are
    vectors of the set `features_version`, empty when nothing was measured. Of a draft
    that was only observed the decision does not tell `draft_model` and `confidence`.
    """

    decision_id: str
    source: str
    by: str
    worse: bool
    at: datetime
    probability: float | None = None
    trust: float = 1.0
    reason: str = ""
    route: str = ""
    features_version: int = 0
    features: tuple[float, ...] = ()
    second: tuple[float, ...] = ()
    draft_model: str = ""
    confidence: float | None = None

    def __post_init__(self) -> None:
        drawn = self.probability
        if not 0 <= self.trust <= 1 or not (drawn is None or 0 < drawn <= 1):
            raise ValueError("trust and probability are shares")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSums:
    """Sums over decisions of one group (a rule, a tag) that tables show.

    `unknown_cost` counts decisions whose cost or baseline is not known; they are in
    `decisions` and in no sum of money.
    """

    label: str
    decisions: int
    accepted: int
    escalated: int
    unknown_cost: int
    cost_nusd: int
    baseline_nusd: int

    @property
    def all_unknown(self) -> bool:
        """Whether the sums are of nothing: to be shown as unknown, not as zero."""
        return 0 < self.decisions == self.unknown_cost

    @property
    def saving_nusd(self) -> int:
        """Baseline minus cost; negative when the cascade lost."""
        return self.baseline_nusd - self.cost_nusd

    @property
    def saving_share(self) -> float | None:
        """Saving as a share of the baseline; None when nothing was spent."""
        return self.saving_nusd / self.baseline_nusd if self.baseline_nusd else None

    @property
    def accepted_share(self) -> float | None:
        """Accepted drafts as a share of cascaded decisions; None without any."""
        cascaded = self.accepted + self.escalated
        return self.accepted / cascaded if cascaded else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingsRow(GroupSums):
    """All sums over decisions of one group (a rule, a day, everything).

    `repeats` are decisions about a turn whose earlier try failed: their money counts,
    their turn was counted then. `failed` ones were answered with a status from 400. The
    cost is `draft_nusd`, `verifier_nusd` and `check_nusd` together. `wasted_nusd` is
    what the `wasted_drafts` cost, which were not returned; `lost_cache_nusd` what
    verifiers cost more, their caches having gone cold meanwhile: both are part of the
    cost. `overhead_us` is our own time.
    """

    pass_through: int
    aborted: int
    repeats: int = 0
    failed: int = 0
    draft_nusd: int = 0
    verifier_nusd: int = 0
    check_nusd: int = 0
    wasted_drafts: int = 0
    wasted_nusd: int = 0
    lost_cache_nusd: int = 0
    overhead_us: int = 0

    @property
    def turns(self) -> int:
        """What clients asked for: a turn that was tried again counts once."""
        return self.decisions - self.repeats

    @property
    def added_ms(self) -> float | None:
        """Our own time in a decision, on average; None without any."""
        return self.overhead_us / self.decisions / 1000 if self.decisions else None
