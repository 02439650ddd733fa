"""The proxy as clients of OpenAI's dialect meet it."""

from __future__ import annotations

import pytest

from routing import models
from tests.api.chatting import OPENAI_KEY


@pytest.fixture
def openai(proxy):
    """The proxy with a provider of the OpenAI shape, and a rule there."""
    row = models.Provider(name="other", kind="openai", base_url="http://other.test")
    row.set_key(OPENAI_KEY)
    row.save()
    row.models.create(name="gpt*")
    return proxy
