"""Addresses of the account's pages."""

from django.urls import path

from metrics import calculator_page, decision_page, exports, live, views

app_name = "metrics"
urlpatterns = [
    path("d/<str:decision_id>", decision_page.decision, name="decision"),
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
]
