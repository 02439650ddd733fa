"""What the admin shows of a decision: figures and small tables, escaped."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from metrics import formats, rows
from metrics.models import RoutingDecision
from metrics.types import CallRecord

CALL_HEADINGS = (
    "Role",
    "Provider",
    "Model",
    "Status",
    "Input",
    "Output",
    "Cache read",
    "Write 5 m",
    "Write 1 h",
    "Cost",
    "Time",
)


def calls_table(decision: RoutingDecision) -> SafeString:
    """Return every call: tokens of each class, cost, time."""
    return _table(CALL_HEADINGS, map(_call_cells, calls_of(decision)))


def signals_table(decision: RoutingDecision) -> SafeString | str:
    """Return what was observed about the draft."""
    signals = sorted(decision.signals.items())
    if not signals:
        return "No draft was judged."
    return _table(("Signal", "Value"), ((n, _number(v)) for n, v in signals))


def calls_of(decision: RoutingDecision) -> list[CallRecord]:
    """Return the calls of a row. Makes no query."""
    return [rows.call_from_json(stored) for stored in decision.calls]


def _call_cells(call: CallRecord) -> tuple[str, ...]:
    usage = call.usage
    classes = (
        (None,) * 5
        if usage is None
        else (
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_5m_tokens,
            usage.cache_write_1h_tokens,
        )
    )
    return (
        call.role.replace("_", " "),
        call.provider,
        f"{call.model} ({usage.tariff})" if usage and usage.tariff else call.model,
        "none" if call.status is None else str(call.status),
        *map(formats.count, classes),
        _cost(call),
        formats.milliseconds(call.duration_ms),
    )


def _cost(call: CallRecord) -> str:
    """The cost, searches in it; what makes it unknown where that is told."""
    usd, usage = formats.usd(call.cost_nusd), call.usage
    if usage and usage.unpriced:
        return f"{usd}: {usage.unpriced}"
    if usage and usage.web_searches:
        return f"{usd}, {usage.web_searches} searches"
    return usd


def figure(text: str, *, kind: str = "figure") -> SafeString:
    """Return a figure that lines up with those above and below it."""
    return format_html('<span class="{}">{}</span>', kind, text)


def _number(value: float | None) -> str:
    return "not a number" if value is None else f"{value:g}"


def _table(headings: Iterable[str], lines: Iterable[Iterable[str]]) -> SafeString:
    head = format_html_join("", '<th scope="col">{}</th>', ((h,) for h in headings))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        (
            (format_html_join("", "<td>{}</td>", ((c,) for c in line)),)
            for line in lines
        ),
    )
    return format_html(
        '<table class="figures"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        head,
        body,
    )
