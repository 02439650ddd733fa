"""Addresses of the reports; mounted at /reports/."""

from django.urls import path

from metrics import views

app_name = "metrics"
urlpatterns = [path("", views.savings, name="savings")]
