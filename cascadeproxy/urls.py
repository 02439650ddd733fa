"""Every address of the product."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from cascadeproxy import health

handler400 = "cascadeproxy.errors.bad_request"
handler404 = "cascadeproxy.errors.not_found"
handler500 = "cascadeproxy.errors.server_error"

# Where browsers look when a page names no icon. Static files have no address yet.
_ICON = RedirectView.as_view(url=lazy(static, str)("favicon.svg"))

urlpatterns = [
    path("", require_safe(health.home), name="home"),
    path("favicon.ico", require_safe(_ICON), name="favicon"),
    path("health", require_safe(health.health), name="health"),
    path("ready", require_safe(health.ready), name="ready"),
    path("metrics", require_safe(health.metrics), name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("metrics.urls")),
    path("", include("routing.urls")),
]
