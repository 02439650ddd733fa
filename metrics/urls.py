"""Addresses of the account's pages."""

from django.urls import path

from metrics import (
    calculator_page,
    decision_page,
    exports,
    label_view,
    live,
    report_api,
    statement_views,
    views,
)

app_name = "metrics"
urlpatterns = [
    path("d/<str:decision_id>", decision_page.decision, name="decision"),
    path("d/<str:decision_id>/label", label_view.label, name="label"),
    path("reports/", views.savings, name="savings"),
    path("reports/calculator/", calculator_page.calculator, name="calculator"),
    path("reports/live/", live.live, name="live"),
    path("reports/live.json", live.arrivals, name="arrivals"),
    path(
        "reports/decisions.csv",
        exports.decisions,
        {"kind": "csv"},
        name="decisions-csv",
    ),
    path(
        "reports/decisions.jsonl",
        exports.decisions,
        {"kind": "jsonl"},
        name="decisions-jsonl",
    ),
    path("reports/summary.csv", exports.summary, {"kind": "csv"}, name="summary-csv"),
    path(
        "reports/summary.jsonl",
        exports.summary,
        {"kind": "jsonl"},
        name="summary-jsonl",
    ),
    path("reports/statements/", statement_views.months, name="statements"),
    path("reports/statements/<str:month>/", statement_views.month, name="statement"),
    path(
        "reports/statements/<str:month>/close",
        statement_views.close,
        name="statement-close",
    ),
    path(
        "reports/statements/<str:month>.csv",
        statement_views.month_file,
        {"kind": "csv"},
        name="statement-csv",
    ),
    path(
        "reports/statements/<str:month>.jsonl",
        statement_views.month_file,
        {"kind": "jsonl"},
        name="statement-jsonl",
    ),
    path("api/reports/summary", report_api.summary, name="api-summary"),
    path("api/reports/decisions", report_api.decisions, name="api-decisions"),
    path(
        "api/reports/statements/<str:month>",
        report_api.statement,
        name="api-statement",
    ),
    path("api/reports/", report_api.unknown),
    path("api/reports/<path:rest>", report_api.unknown),
]
