from __future__ import annotations

import gc

import pytest

from routing.limits.leases import Lease, Renewer
from routing.limits.ledger import LEASE_S
from routing.limits.terms import Held, Settlement


class Ledger:
    def __init__(self):
        self.settled = []
        self.renewed = []

    def settle(self, key, settlement):
        self.settled.append((key, settlement))

    def renew(self, key, held, lease_s):
        self.renewed.append((key, [each.lease for each in held], lease_s))


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def renewer():
    return Renewer(every_s=3600)


def lease(ledger, name="one", key="k"):
    return Lease(key, Held(lease=name), ledger)


def test_is_settled_once(ledger):
    held = lease(ledger)
    held.settle(Settlement(lease="one", spent_nusd=5))
    held.settle(Settlement(lease="one", spent_nusd=7))
    held.cancel()
    assert [s.spent_nusd for _, s in ledger.settled] == [5]


def test_a_cancelled_one_lets_go_and_costs_nothing(ledger):
    lease(ledger).cancel()
    assert ledger.settled == [("k", Settlement(lease="one"))]


def test_what_runs_is_renewed_key_by_key(ledger, renewer):
    kept = [lease(ledger, "one"), lease(ledger, "two"), lease(ledger, "x", key="o")]
    for each in kept:
        renewer.watch(each)
    renewer.renew(ledger)
    found = {key: (set(leases), s) for key, leases, s in ledger.renewed}
    assert found == {"k": ({"one", "two"}, LEASE_S), "o": ({"x"}, LEASE_S)}


def test_what_has_ended_is_not_renewed(ledger, renewer):
    kept = [lease(ledger, "one"), lease(ledger, "two")]
    for each in kept:
        renewer.watch(each)
    kept[0].cancel()
    renewer.forget(kept[1])
    renewer.renew(ledger)
    assert ledger.renewed == []


def test_a_request_that_is_gone_without_a_word_is_not_renewed(ledger, renewer):
    renewer.watch(lease(ledger))
    gc.collect()
    renewer.renew(ledger)
    assert ledger.renewed == []
