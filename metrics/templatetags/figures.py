"""The formats of figures as template filters."""

from django import template

from metrics import formats

register = template.Library()
register.filter("usd", formats.usd)
register.filter("usd_cents", formats.usd_cents)
register.filter("percent", formats.percent)
register.filter("count", formats.count)
register.filter("milliseconds", formats.milliseconds)
register.filter("visible", formats.visible)
