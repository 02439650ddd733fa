"""Who may look at the account: staff that may see decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required

View = TypeVar("View", bound=Callable[..., Any])


def for_account_readers(view: View) -> View:
    """Return `view`, for staff with `metrics.view_routingdecision` only.

    Others go to the login page, which leads back here; staff without it get a 403.
    """
    may_see = permission_required("metrics.view_routingdecision", raise_exception=True)
    return staff_member_required(may_see(view))
