"""What a key may put into one request, however much room it has left."""

from __future__ import annotations

from routing.config import ClientKeyConfig
from routing.limits import refusals
from routing.limits.terms import KeyLimits
from routing.types import ChatRequest

# By these OpenRouter lets others answer than the model that is named.
# Source: OpenRouter documentation, "Model Fallbacks".
_OTHER_MODELS = ("models", "route")
_SAYS_NO = (b"", b"null", b"false", b"[]", b'""')


def check(request: ChatRequest, key: ClientKeyConfig) -> None:
    """Raise InvalidRequest or Forbidden for what the key must not ask for."""
    limits = key.limits
    _check_output(request, limits)
    if limits.weighed and _says(request, "background"):
        raise refusals.in_background()
    if key.allowed_models or limits.budgeted:
        for name in _OTHER_MODELS:
            if _says(request, name):
                raise refusals.other_models(name)


def _check_output(request: ChatRequest, limits: KeyLimits) -> None:
    if limits.max_tokens is None:
        return
    if request.max_tokens is not None:
        # The Messages API has a meaning for 0, which asks for no output.
        least = 0 if request.native is None else 1
        refusals.check_max_tokens(request.max_tokens, limits.max_tokens, least=least)
    elif request.native is not None:  # where no limit means none
        raise refusals.no_max_tokens(limits.max_tokens)


def _says(request: ChatRequest, name: str) -> bool:
    """Whether its client set a field to anything but nothing."""
    fields = request.fields if request.native is None else request.native.fields
    return bytes(fields.get(name, b"")) not in _SAYS_NO
