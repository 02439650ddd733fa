"""Prices change; what was decided before does not."""

from __future__ import annotations

from metrics.rows import call_from_json
from tests.builders import make_body
from tests.stack import Stack, new_model, wait_for
from tests.wire import parsed

OPERATED = """
from datetime import date
from metrics.models import ModelPrice
ModelPrice.objects.update_or_create(
    provider="", model="{model}", valid_from=date(2026, 1, 1),
    defaults=dict.fromkeys(
        ("input_usd", "output_usd", "cache_read_usd", "cache_write_5m_usd",
         "cache_write_1h_usd"), {usd}) | {{"source": "boss"}},
)
"""
MONEY = ("calls", "cost_nusd", "baseline_nusd", "saving_nusd")


def money_of(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in MONEY}


def test_a_new_price_is_used_at_once_and_rewrites_no_decision(stack: Stack) -> None:
    model = new_model()
    body = make_body(model=model)
    stack.ask(body)
    (unpriced,) = stack.decisions(model)
    assert (unpriced["cost_nusd"], unpriced["baseline_nusd"]) == (None, None)

    def cost_after(usd: int) -> int:
        stack.change(OPERATED.format(model=model, usd=usd))
        rows = wait_for(f"the price {usd}", lambda: asked_at(usd))
        return int(rows[-1]["cost_nusd"])

    def asked_at(usd: int) -> list[dict[str, object]]:
        count = len(stack.decisions(model)) + 1
        stack.ask(body)
        rows = sorted(
            stack.decisions(model, count=count), key=lambda row: str(row["decision_id"])
        )
        (call,) = map(call_from_json, parsed(str(rows[-1]["calls"])))
        paid = call.price.input_nusd if call.price else None
        return rows if paid == usd * 10**9 else []

    first_nusd = cost_after(1)
    first = {row["decision_id"]: money_of(row) for row in stack.decisions(model)}
    assert cost_after(3) == 3 * first_nusd
    stack.python("manage.py", "load_prices")
    assert cost_after(3) == 3 * first_nusd, "an operator's price survives loading"
    later = {row["decision_id"]: money_of(row) for row in stack.decisions(model)}
    assert {each: later[each] for each in first} == first
    assert first[unpriced["decision_id"]] == money_of(unpriced)
