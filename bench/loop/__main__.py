"""`python -m bench.loop`: see `running.py`.

The product runs in processes of its own; here are only the settings its rows need.
"""

from __future__ import annotations

import sys

import django
from django.conf import settings

from tests import settings as usual

settings.configure(
    **{name: getattr(usual, name) for name in dir(usual) if name.isupper()}
)
django.setup()

from bench.loop.running import main  # noqa: E402  its imports read settings

if __name__ == "__main__":
    sys.exit(main())
