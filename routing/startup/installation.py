"""What is set up once: tables, prices, the admin user and a first client key."""

from __future__ import annotations

import os
import re
import secrets as random
from collections.abc import Callable, Iterator

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from routing import secrets
from routing.models import ClientKey, Installation

Say = Callable[[str], None]
ADMIN_NAME = "admin"
DEMO_NAME = "demo"


def migrate() -> int:
    """Bring the tables up to date and return how many migrations that took."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return len(plan)


def create_admin() -> str | None:
    """Create the user `admin` and return its password; None when somebody is in charge.

    The password is not kept anywhere: show it.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    if users.filter(username=ADMIN_NAME).exists():
        return None
    password = random.token_urlsafe(12)
    users.create_superuser(username=ADMIN_NAME, email="", password=password)
    return password


def lacking(auth_mode: str) -> Iterator[str]:
    """Yield what people need that is not there yet, and the command that makes it."""
    if not get_user_model().objects.filter(is_superuser=True).exists():
        yield "No admin user yet: manage.py createsuperuser makes one."
    if auth_mode == "api_key" and not ClientKey.objects.filter(enabled=True).exists():
        yield "No client key yet: manage.py create_api_key NAME makes one."


def create_demo_key(say: Say) -> str:
    """Create the first client key, once, keep it in `.env` and return it.

    Later calls return what `.env` holds. A key it holds from an earlier database is
    taken over.
    """
    if Installation.current().demo_key_made:
        return str(settings.CASCADE_DEMO_KEY)
    key: str = settings.CASCADE_DEMO_KEY or _new_demo_key(say)
    with transaction.atomic():
        _store_demo_key(key)
        Installation.objects.filter(pk=1).update(demo_key_made=True)
    return key


def _new_demo_key(say: Say) -> str:
    key = secrets.new_client_key()
    if settings.ENV_FILE.is_file():
        _keep("CASCADE_DEMO_KEY", key)
        say(f"Client key {DEMO_NAME} created and kept in {settings.ENV_FILE.name}.")
    else:
        say(f"Client key {DEMO_NAME}, shown this once: {key}")
    return key


def _keep(name: str, value: str) -> None:
    """Write a line to `.env`, in place of one that says nothing or is commented out."""
    line = f"{name}={value}".encode()
    unset = re.compile(rb"(?m)^(?:# ?)?%b=[ \t]*(?=\r?$)" % name.encode())
    with settings.ENV_FILE.open("r+b") as file:
        before = file.read()
        after, found = unset.subn(lambda _: line, before, count=1)
        if not found:
            separator = b"" if not before or before.endswith(b"\n") else b"\n"
            after = before + separator + line + b"\n"
        file.seek(0)
        file.write(after)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _store_demo_key(key: str) -> None:
    digest = secrets.client_key_digest(key)
    if ClientKey.objects.filter(digest=digest).exists():
        return
    taken = ClientKey.objects.filter(name=DEMO_NAME).exists()
    row = ClientKey(name=f"{DEMO_NAME}-{digest[:8]}" if taken else DEMO_NAME)
    row.set_key(key)
    row.save()
