"""Which of a provider's keys a request is sent with, and which of them rest.

Prompt caches, signed thinking and files belong to the account behind a key, so that a
conversation stays with one. Each worker learns for itself which keys are refused. No
query, no lock.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Iterable
from hashlib import sha256

from routing.conversation import conversation_of
from routing.patience import told_to_wait_s
from routing.types import (
    AccountKey,
    ChatRequest,
    Headers,
    ProviderConfig,
    Target,
)

logger = logging.getLogger(__name__)

# How long a key is let be after a refusal, in seconds.
REST_AFTER_S = {401: 300.0, 403: 60.0, 429: 30.0}
LONGEST_REST_S = 600.0
MAX_TRIES = 3

# What was made under one account and is found by its id there alone. Within a string
# quotes are escaped: these can only be keys.
_AT_HOME = (b'"file_id"', b'"container_upload"')
_SIGNED = (b'"signature"', b'"redacted_thinking"', b'"encrypted_content"')
# Source: OpenAI API reference, "Responses": they are stored unless told otherwise, and
# later ones name them.
_STORED_PATH = "/v1/responses"
_SCALE = float(2**64)


class Accounts:
    """What this process knows of keys. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rests_until: dict[tuple[str, str], float] = {}

    def candidates(self, request: ChatRequest, target: Target) -> tuple[Target, ...]:
        """Return `target` with each key it may be asked with, the best one first.

        One alone for what is bound to an account, even while its key rests. Cost: with
        a single key a comparison, else a few passes over the bytes.
        """
        keys = target.provider.keys
        if not keys or request.credential:
            return (target,)
        if _is_at_home(request):
            return (_with(target, keys[0]),)
        ranked = ranked_for(conversation_of(request), keys)
        if _is_signed(request):
            return (_with(target, ranked[0]),)
        awake = [key for key in ranked if not self._rests(target.provider, key)]
        return tuple(_with(target, key) for key in (awake or ranked)[:MAX_TRIES])

    def refused(self, target: Target, status: int, headers: Headers) -> bool:
        """Return whether the key of `target` was refused; such a key rests from now."""
        if status not in REST_AFTER_S or not target.account:
            return False
        rest_s = REST_AFTER_S[status]
        if status == 429:
            rest_s = min(told_to_wait_s(headers) or rest_s, LONGEST_REST_S)
        provider, key = target.provider, target.account
        self._rests_until[provider.name, key] = self._clock() + rest_s
        logger.warning(
            "provider %s: a key was answered %d and rests for %d s",
            provider.name,
            status,
            rest_s,
        )
        return True

    def _rests(self, provider: ProviderConfig, key: AccountKey) -> bool:
        until = self._rests_until.get((provider.name, key.id))
        if until is None:
            return False
        if until > self._clock():
            return True
        self._rests_until.pop((provider.name, key.id), None)
        return False


def ranked_for(conversation: bytes, keys: Iterable[AccountKey]) -> list[AccountKey]:
    """Return `keys` in the order in which `conversation` prefers them.

    By weighted rendezvous hashing: a key that comes or goes moves only the
    conversations that it gets or had.
    """
    return sorted(keys, key=lambda key: _attraction(conversation, key), reverse=True)


def _attraction(conversation: bytes, key: AccountKey) -> float:
    digest = sha256(conversation + key.id.encode()).digest()
    share = (int.from_bytes(digest[:8]) + 1) / (_SCALE + 2)
    return -key.weight / math.log(share)


def _is_at_home(request: ChatRequest) -> bool:
    if request.path == _STORED_PATH:
        return True
    body = request.native.body if request.native else request.body
    return "container" in request.fields or any(mark in body for mark in _AT_HOME)


def _is_signed(request: ChatRequest) -> bool:
    messages = bytes(request.fields.get("messages", b""))
    return any(mark in messages for mark in _SIGNED)


def _with(target: Target, key: AccountKey) -> Target:
    provider = dataclasses.replace(target.provider, api_key=key.secret, trouble="")
    return dataclasses.replace(target, provider=provider, account=key.id)
