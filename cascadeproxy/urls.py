"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe

from cascadeproxy import health

handler400 = "cascadeproxy.errors.bad_request"
handler404 = "cascadeproxy.errors.not_found"
handler500 = "cascadeproxy.errors.server_error"

urlpatterns = [
    path("", require_safe(health.home), name="home"),
    path("health", require_safe(health.health), name="health"),
    path("ready", require_safe(health.ready), name="ready"),
    path("metrics", require_safe(health.metrics), name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("metrics.urls")),
    path("", include("routing.urls")),
]
