"""Which models are in trouble: a circuit breaker per provider and model.

While it is open no draft is asked of the model, but for one trial at a time. The
verifier is asked all the same. Only what a provider fails at counts, never a client's
mistake. The state is shared by all workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec

from metrics import instruments
from routing.conversation import digest_of
from routing.state import CalmStore, Store, store
from routing.state.base import wall_clock
from routing.types import Call, CascadePlan, Target

FAILURES = 5
WITHIN_S = 30.0
OPEN_S = 30.0
OPEN_AT_MOST_S = 300.0
# An open breaker that nobody tries to close is forgotten after its time and this.
UNTRIED_S = 600.0
# Beyond the draft's own time limit: a trial may end so late.
TRIAL_SLACK_S = 5.0
# Targets this process believes to have failures to forget.
MAX_SUSPECTS = 1000

_OPEN = "breaker:open:"
Standing = Literal["closed", "open", "due"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An open breaker; moments are in seconds since 1970.

    `wait_s` is how long it stays open after `since`, when it opened or a trial failed.
    """

    provider: str
    model: str
    since: float
    wait_s: float

    @property
    def trial_at(self) -> float:
        """When the next draft may be tried."""
        return self.since + self.wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A model whose breaker is open; `no_draft_for_s` is 0 when a trial is due."""

    provider: str
    model: str
    no_draft_for_s: float


class Breaker:
    """The breakers of all targets, kept in `store`."""

    def __init__(
        self, store: Store, *, clock: Callable[[], float] = wall_clock
    ) -> None:
        self._store = store
        self._clock = clock
        # In the order they were found; a success of a target not in here costs nothing.
        self._suspects: dict[str, None] = {}

    def keys(self, target: Target) -> tuple[str, str]:
        """Return what to read for `standing`."""
        name = target_name(target)
        return _failures_key(name), _OPEN + name

    def standing(self, target: Target, found: Mapping[str, bytes]) -> Standing:
        """Return whether a draft may be asked of `target`, by what its keys hold.

        `due`: the breaker is open, and one request may try: see `claim_trial`.
        """
        failures_key, open_key = self.keys(target)
        if failures_key not in found and open_key not in found:
            return "closed"
        self._suspect(target_name(target))
        opening = _opening(found.get(open_key))
        if opening is None:
            if open_key in found:  # another version wrote it; it would block a new one
                self._store.delete(open_key)
            return "closed"
        return "open" if self._clock() < opening.trial_at else "due"

    def claim_trial(self, target: Target, *, timeout_s: float) -> bool:
        """Return whether this request, and nobody else meanwhile, may try `target`.

        Whoever is told so gives the target to `note` in the end; a try lasts
        `timeout_s` at most.
        """
        key = _trial_key(target_name(target))
        return self._store.claim(key, ttl_s=timeout_s + TRIAL_SLACK_S)

    def note(self, calls: Iterable[Call], *, trial: Target | None = None) -> None:
        """Learn from the calls of a request; `trial` is what it was let through to try.

        Several tries of one request say one thing: what the last of them says.
        Cost: nothing but for failures, and for the first success after some.
        """
        # One that was left before anything came says nothing.
        told = [call for call in calls if call.failure or call.status is not None]
        last = {target_name(call.target): call for call in told}
        for call in last.values():
            if _failed(call):
                on_trial = trial is not None and target_name(trial) == target_name(
                    call.target
                )
                self._note_failure(call.target, on_trial=on_trial)
            elif call.status is not None:
                self._note_life(call)
        if trial is not None:
            self._store.delete(_trial_key(target_name(trial)))

    def conditions(self) -> list[Condition]:
        """Return every target whose breaker is open, in order of their names."""
        now = self._clock()
        openings = map(_opening, self._store.items(_OPEN).values())
        conditions = [
            Condition(
                provider=opening.provider,
                model=opening.model,
                no_draft_for_s=max(0.0, opening.trial_at - now),
            )
            for opening in openings
            if opening is not None
        ]
        return sorted(conditions, key=lambda each: (each.provider, each.model))

    def _note_failure(self, target: Target, *, on_trial: bool) -> None:
        name = target_name(target)
        self._suspect(name)
        failures = self._store.count(_failures_key(name), ttl_s=WITHIN_S)
        if on_trial:
            self._stay_open(target)
        elif failures >= FAILURES and self._open(target):
            instruments.count_opening(target.provider.name, target.model)

    def _open(self, target: Target) -> bool:
        """Open the breaker; False when it was open, or another worker was first."""
        opening = self._opened_now(target, wait_s=OPEN_S)
        return self._store.claim(
            _OPEN + target_name(target),
            msgspec.json.encode(opening),
            ttl_s=_ttl(opening),
        )

    def _stay_open(self, target: Target) -> None:
        """Wait twice as long for the next trial as for the one that failed."""
        key = _OPEN + target_name(target)
        before = _opening(self._store.get([key]).get(key))
        waited_s = before.wait_s if before else OPEN_S / 2
        opening = self._opened_now(target, wait_s=min(2 * waited_s, OPEN_AT_MOST_S))
        self._store.put({key: msgspec.json.encode(opening)}, ttl_s=_ttl(opening))

    def _opened_now(self, target: Target, *, wait_s: float) -> Opening:
        return Opening(
            provider=target.provider.name,
            model=target.model,
            since=self._clock(),
            wait_s=wait_s,
        )

    def _note_life(self, call: Call) -> None:
        """Forget failures, unless the call began before they opened the breaker.

        A long answer that ends well says nothing about new requests.
        """
        name = target_name(call.target)
        if name not in self._suspects:
            return
        open_key = _OPEN + name
        opening = _opening(self._store.get([open_key]).get(open_key))
        began = self._clock() - call.duration_ms / 1000
        if opening is not None and began < opening.since:
            return
        self._suspects.pop(name, None)
        self._store.delete(_failures_key(name), open_key)

    def _suspect(self, name: str) -> None:
        """Remember `name`; one too many pushes out the oldest, which costs accuracy."""
        self._suspects[name] = None
        if len(self._suspects) > MAX_SUSPECTS:
            self._suspects.pop(next(iter(self._suspects)), None)


def breaker() -> Breaker:
    """Return this process's breaker, always the same one for its store."""
    return _breaker_of(store())


def note(calls: Iterable[Call], *, trial: Target | None = None) -> None:
    """Learn from the calls of a request; see `Breaker.note`. Never raises."""
    breaker().note(calls, trial=trial)


def claim_trial(plan: CascadePlan) -> bool:
    """Return whether the draft of `plan` may be tried though its breaker is open."""
    if plan.draft is None or plan.rule is None:
        return False
    return breaker().claim_trial(plan.draft, timeout_s=plan.rule.draft_timeout_s)


def conditions() -> list[Condition]:
    """Return every target whose breaker is open. Never raises."""
    return breaker().conditions()


@lru_cache(maxsize=8)
def _breaker_of(shared: CalmStore) -> Breaker:
    return Breaker(shared)


def _failed(call: Call) -> bool:
    return bool(call.failure) or (call.status is not None and call.status >= 500)


def target_name(target: Target) -> str:
    """Return the digest under which `target` is remembered."""
    parts = (target.provider.name.encode(), target.model.encode())
    return digest_of(b"target", *parts).hex()


def _failures_key(name: str) -> str:
    return f"breaker:failures:{name}"


def _trial_key(name: str) -> str:
    return f"breaker:trial:{name}"


def _ttl(opening: Opening) -> float:
    return opening.wait_s + UNTRIED_S


def _opening(value: bytes | None) -> Opening | None:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=Opening)
    except msgspec.MsgspecError:
        return None
