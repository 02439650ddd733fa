"""The last answers, for what no view answered: never a page of Django's own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from routing import exception_handler


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 400 of a page: a name of the host that is not ours, most of all."""
    del request, exception
    return HttpResponse(
        "Bad request. Is this name of the host among ALLOWED_HOSTS?\n",
        status=400,
        content_type="text/plain",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 404 of a page; addresses under /v1/ have their own view."""
    del request, exception
    return HttpResponse("Not found.\n", status=404, content_type="text/plain")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the 500 of what was raised outside a view, in the caller's shape.

    Django has logged it with its traceback.
    """
    if request.path.startswith("/v1/"):
        return exception_handler.server_error(request)
    return HttpResponse(
        "An error of the proxy. Its log tells more.\n",
        status=500,
        content_type="text/plain",
    )
