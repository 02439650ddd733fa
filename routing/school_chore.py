"""What the keeper does about rules, among its chores. Loaded when the app is ready."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from metrics.chores import Chore, chores
from routing.schooling import School

logger = logging.getLogger(__name__)
EVERY_S = 30.0

_school = School()


def work() -> None:
    """Teach and certify the rules that have new labels; mind what checking costs.

    Raises what a database in trouble raises. Whatever else a rule's labels bring about
    is logged: it must not keep decisions from being loaded.
    """
    if not settings.CASCADE_LEARNING:
        return
    try:
        _school.work()
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        logger.exception("A rule could not be taught; the others wait for it.")


chores.append(Chore(work=work, every_s=EVERY_S, trouble="Rules are not taught"))
