"""The notice that no draft is asked, for any page.

As a tag it reaches pages of the account too, which must not import the routing.
"""

from typing import Any

from django import template

from routing.switch import why_off

register = template.Library()


@register.inclusion_tag("routing/cascade_off.html", takes_context=True)
def cascade_off(context: template.Context) -> dict[str, Any]:
    """Return what the notice says, and whether this user is led to the switch.

    It shows nothing while the cascade is on. Cost: one query.
    """
    user = context["user"]
    return {
        "words": why_off(),
        "may_switch": user.has_perm("routing.change_controls"),
    }
