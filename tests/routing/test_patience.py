"""Only a busy provider is asked again, and only when that makes sense."""

from __future__ import annotations

import pytest

from routing.patience import (
    OVERLOADED_WAIT_S,
    SHORTEST_WAIT_S,
    wait_before_retry,
)


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"retry-after": "2"}, 2.0),
        (529, {"retry-after": "1.5"}, 1.5),
        (529, {}, OVERLOADED_WAIT_S),
        (429, {"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        (429, {"retry-after-ms": "soon", "retry-after": "1"}, 1.0),
        (429, {"retry-after": "0"}, SHORTEST_WAIT_S),
        (529, {"retry-after": "0", "x-should-retry": "true"}, SHORTEST_WAIT_S),
    ],
)
def test_waits_as_long_as_it_is_told(status, headers, wait_s):
    assert wait_before_retry(status, tuple(headers.items())) == wait_s


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {}),
        (429, {"retry-after": "Mon, 23 Nov 2026 12:00:00 GMT"}),
        (429, {"retry-after": "-1"}),
        (429, {"retry-after": "nan"}),
        (429, {"retry-after": "inf"}),
        (529, {"x-should-retry": "false"}),
        (200, {"retry-after": "1"}),
        (500, {"retry-after": "1"}),
        (None, {}),
    ],
)
def test_does_not_ask_again(status, headers):
    assert wait_before_retry(status, tuple(headers.items())) is None
