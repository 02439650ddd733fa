"""Limits of the caller's key on one request: let in, told to wait, or refused.

A key without limits costs a look at its configuration and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.conf import settings
from django.utils import timezone

from metrics import instruments
from metrics.identifiers import new_decision_id
from metrics.types import CallRecord, DecisionRecord, Price
from routing import rules
from routing.config import ClientKeyConfig, Snapshot
from routing.conversation import session_of
from routing.errors import Forbidden, LimitsAway, RateLimited
from routing.limits import demands, expecting, refusals
from routing.limits.leases import Lease, Renewer
from routing.limits.ledger import LEASE_S
from routing.limits.ledgers import ledger, session_ledger
from routing.limits.terms import (
    SESSION_S,
    SESSION_SLOT_S,
    Admission,
    Budget,
    Demand,
    Held,
    Settlement,
    Spent,
    Window,
)
from routing.prompt_size import estimated_prompt_tokens
from routing.types import CascadePlan, ChatRequest, Target

_renewer = Renewer()
_experience = expecting.Experience()


class Pass:
    """What let a request in. Settled once, with its decision or without one."""

    def __init__(
        self,
        key: ClientKeyConfig,
        demand: Demand,
        lease: Lease,
        slot: int,
        price_of: expecting.PriceOfCall,
    ) -> None:
        self._key = key
        self._price_of = price_of
        self._demand = demand
        self._lease = lease
        self._slot = slot
        self.headers: Mapping[str, str] = {}

    def settle(self, record: DecisionRecord) -> None:
        """Count what the decision came to.

        A cost nobody knows counts as expected, or as what was heard of it if that is
        more: who could keep the counts from us would have no budget else.
        """
        expected = next(
            (w.amount for w in self._demand.windows if w.name == "tokens"), 0
        )
        if not (self._demand.lease or expected):
            return  # a request that was only counted has nothing to settle
        tokens = expecting.tokens_of(record.calls)
        cost = learned = record.cost_nusd
        if cost is None:
            heard = expecting.heard_nusd(record.calls, self._price_of)
            cost = max(self._demand.money_nusd, heard.nusd)
            learned = heard.nusd if heard.of_all else None
        self._lease.settle(
            Settlement(
                lease=self._demand.lease,
                tokens=tokens - expected if expected else 0,
                slot=self._slot,
                spent_nusd=cost,
                periods=tuple(budget.period for budget in self._demand.budgets),
                purse=self._demand.purse,
            )
        )
        _renewer.forget(self._lease)
        if self._key.id is not None and record.calls and self._key.limits.weighed:
            _experience.add(
                self._key.id,
                record.requested_model,
                nusd=learned,
                tokens=tokens,
            )

    def cancel(self) -> None:
        """Let go of a request that came to no decision."""
        self._lease.cancel()
        _renewer.forget(self._lease)


def admit(
    request: ChatRequest, plan: CascadePlan, key: ClientKeyConfig, snapshot: Snapshot
) -> Pass | None:
    """Return what lets `request` in; None when nothing is counted for its key.

    Nothing is counted either while the store is away and rates are open.

    Raises RateLimited, BudgetSpent, LimitsAway, and Forbidden for a model without a
    price asked with a key that has a budget.
    """
    limits = key.limits
    if key.id is None:
        return None
    if limits.session_requests is not None:
        _check_session(request, key.id, limits.session_requests)
    if not limits.counted:
        return None
    demand = _demand(request, plan, key, snapshot)
    admission = _let_in(key, demand)
    if admission is None:
        return None
    return _pass(key, demand, admission, partial(_listed_price, snapshot, plan))


def admit_to_account(
    key: ClientKeyConfig, snapshot: Snapshot, *, simulated: bool
) -> None:
    """Count a request to an account endpoint; none begins once a budget is spent.

    Nobody here knows what it costs, so no money is set aside. Raises as `admit` does.
    """
    if key.id is None:
        return
    demand = Demand(
        windows=tuple(
            w for w in demands.windows(key.limits, 0) if w.name == "requests"
        ),
        budgets=_budgets(key, snapshot, simulated=simulated),
        purse="play" if simulated else "real",
    )
    if demand.windows or demand.budgets:
        _let_in(key, demand)


def _let_in(key: ClientKeyConfig, demand: Demand) -> Admission | None:
    """Return how `demand` was let in; None when nobody can count. Else raises."""
    admission = ledger().admit(f"limits:{key.id}", demand)
    if admission is None:
        _require_open(budgeted=key.limits.budgeted)
    elif admission.refused:
        raise _counted(refusals.refusal(admission, key.limits))
    return admission


def _pass(
    key: ClientKeyConfig,
    demand: Demand,
    admission: Admission,
    price_of: expecting.PriceOfCall,
) -> Pass:
    held = Held(lease=demand.lease, money_nusd=demand.money_nusd, purse=demand.purse)
    lease = Lease(f"limits:{key.id}", held, ledger())
    if demand.lease:
        _renewer.watch(lease)
    let_in = Pass(key, demand, lease, admission.slot, price_of)
    let_in.headers = refusals.headers(admission, key.limits)
    return let_in


def _check_session(request: ChatRequest, key_id: int, limit: int) -> None:
    """Stop an agent that goes round in circles, whatever its subagents are called."""
    session = session_of(request)
    if session is None:
        return
    window = Window(
        name="session",
        limit=limit,
        amount=1,
        width_s=SESSION_S,
        slot_s=SESSION_SLOT_S,
    )
    name = f"session:{key_id}:{session.hex()}"
    admission = session_ledger().admit(name, Demand(windows=(window,)))
    if admission is not None and admission.refused:
        raise _counted(refusals.session_refusal(limit, admission.wait_s))


def _demand(
    request: ChatRequest, plan: CascadePlan, key: ClientKeyConfig, snapshot: Snapshot
) -> Demand:
    limits = key.limits
    targets = [t for t in (plan.draft, plan.verifier) if t is not None]
    simulated = any(target.provider.simulated for target in targets)
    # Counting a prompt takes time: only for those who are limited by it.
    weighed = limits.weighed
    expected = _expected(request, key, targets, snapshot) if weighed else None
    if limits.budgeted and (expected is None or expected.nusd is None):
        raise _counted(refusals.no_price(request.model))
    money = expected.nusd if expected and limits.budgeted else 0
    tokens = expected.tokens if expected else 0
    return Demand(
        windows=demands.windows(limits, tokens),
        lease=new_decision_id() if limits.leased else "",
        lease_s=LEASE_S,
        concurrent=limits.concurrent_requests,
        money_nusd=money or 0,
        budgets=_budgets(key, snapshot, simulated=simulated),
        purse="play" if simulated else "real",
    )


def _expected(
    request: ChatRequest,
    key: ClientKeyConfig,
    targets: list[Target],
    snapshot: Snapshot,
) -> expecting.Expected:
    known = _experience.high(key.id or 0, request.model)
    if known is not None:
        return known
    prices = [partial(rules.price_of, target, snapshot) for target in targets]
    return expecting.guess(estimated_prompt_tokens(request), request.max_tokens, prices)


def _budgets(
    key: ClientKeyConfig, snapshot: Snapshot, *, simulated: bool
) -> tuple[Budget, ...]:
    today = timezone.localdate()
    known = snapshot.spent.get((key.name, simulated), Spent(day=today))
    return demands.budgets(key.limits, known, today)


def _listed_price(
    snapshot: Snapshot, plan: CascadePlan, call: CallRecord
) -> Price | None:
    """Return the listed price of a call, whatever its tariff was."""
    for target in plan.targets:
        if (target.provider.name, target.model) == (call.provider, call.model):
            return rules.price_of(target, snapshot, call.usage) if call.usage else None
    return None


def _require_open(*, budgeted: bool) -> None:
    """Nobody can count: raise LimitsAway where the setting says so."""
    mode = settings.CASCADE_LIMITS_WHEN_AWAY
    if mode == "closed" or (mode == "budgets_closed" and budgeted):
        raise _counted(
            LimitsAway(
                "The limits of this key cannot be checked at the moment.",
                retry_after_s=5,
            )
        )


def _counted(error: RateLimited | LimitsAway | Forbidden) -> Exception:
    instruments.REFUSED.labels(error.limit).inc()
    return error
