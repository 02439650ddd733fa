"""The addresses clients use."""

from django.urls import path, re_path
from django.views.decorators.http import require_safe

from routing import openai_views, views
from routing.pages import rule_changes
from routing.pages.rule_page import rule_page
from routing.pages.try_rule import try_rule

app_name = "routing"

urlpatterns = [
    path("v1/messages", views.MessagesView.as_view(), name="messages"),
    path(
        "v1/messages/count_tokens", views.CountTokensView.as_view(), name="count_tokens"
    ),
    path("v1/cascade/feedback", views.FeedbackView.as_view(), name="feedback"),
    path("v1/chat/completions", openai_views.ChatView.as_view(), name="chat"),
    path("v1/responses", openai_views.ResponsesView.as_view(), name="responses"),
    path("v1/models", views.ModelsView.as_view(), name="models"),
    path("v1/models/<path:model>", views.ModelsView.as_view(), name="model"),
    re_path(r"^v1(?:/[\s\S]*)?\Z", views.AccountView.as_view(), name="account"),
    path("rules/<int:pk>/try/", try_rule, name="try_rule"),
    path("reports/rules/<str:name>/", rule_page, name="rule_page"),
    path(
        "reports/rules/<str:name>/threshold/",
        rule_changes.apply_threshold,
        name="apply_threshold",
    ),
    path("reports/rules/<str:name>/revert/", rule_changes.revert, name="revert_rule"),
    path("api/hello", require_safe(views.hello), name="hello"),
]
