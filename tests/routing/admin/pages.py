"""Addresses of admin pages, and what is said and shown on them."""

from __future__ import annotations

from html.parser import HTMLParser

from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

# Elements that are never closed.
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"}


def page(name: str, *arguments) -> str:
    """The address of an admin page of routing."""
    return reverse(f"admin:routing_{name}", args=arguments)


def said(answer) -> str:
    """The messages that the next page will show."""
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def allow(guest, *codenames: str) -> None:
    """Give staff more permissions."""
    given = Permission.objects.filter(codename__in=codenames)
    guest.user.user_permissions.add(*given)


class _Nesting(HTMLParser):
    """Notes elements closed in another order than opened, and ids given twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.mistakes: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag, attrs):
        """Do nothing: such an element opens and closes at once."""

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.mistakes.append(f"</{tag}> at {self.getpos()} in {self.open[-3:]}")
        elif self.open:
            self.open.pop()


def mistakes_in(html: str) -> list[str]:
    """What is wrong with the nesting and the ids of a page."""
    parser = _Nesting()
    parser.feed(html)
    twice = {name for name in parser.ids if parser.ids.count(name) > 1}
    left = [f"<{tag}> is not closed" for tag in parser.open]
    return [*parser.mistakes, *left, *(f"id {name} is there twice" for name in twice)]
