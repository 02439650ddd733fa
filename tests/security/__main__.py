"""`python -m tests.security`: the attacker, which needs Django set up."""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")  # noqa: TID251
django.setup()

from tests.security.attacker import main  # noqa: E402  models want a set-up Django

sys.exit(main())
