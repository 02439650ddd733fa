"""How passwords of staff are stretched, without holding up a worker's streams."""

from __future__ import annotations

import gevent
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from gevent.monkey import is_module_patched


class PatientHasher(PBKDF2PasswordHasher):
    """Django's own default, in a real thread where greenlets would have to wait."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the encoded password; a third of a second of work."""
        if not is_module_patched("threading"):
            return super().encode(password, salt, iterations)
        pool = gevent.get_hub().threadpool
        encoded: str = pool.apply(super().encode, (password, salt, iterations))
        return encoded
