"""Addresses of the account's pages."""

from django.urls import path

from metrics import decision_page, exports, label_view, live, views

app_name = "metrics"
urlpatterns = [
    path("d/<str:decision_id>", decision_page.decision, name="decision"),
    path("d/<str:decision_id>/label", label_view.label, name="label"),
    path("reports/", views.savings, name="savings"),
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
