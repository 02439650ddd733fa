"""How differently models count the same text, until it has been measured.

Counts of two models are compared by a ratio only. `metrics.learning` measures it on
escalations, where both read the same prompt; this is what holds before.
"""

from __future__ import annotations

import re

# Source: Anthropic documentation, "Token counting": models from Claude Opus 4.7 on
# count the same text about 30 % higher than those before.
_NEW_PER_EARLIER = 1.3
_CLAUDE = re.compile(r"claude-")
_EARLIER = re.compile(
    r"claude-(?:3|2|instant|(?:haiku|sonnet|opus)-4(?:-[0-6])?(?=$|[-@]\d{8}|-latest|\[))"
)


def assumed_ratio(draft: str, verifier: str) -> float:
    """Return how many tokens the verifier counts for each of the draft's, about.

    1.0 when one of them is no Claude model: nothing is known of the two.
    """
    if not (_CLAUDE.match(draft) and _CLAUDE.match(verifier)):
        return 1.0
    return _size(verifier) / _size(draft)


def _size(model: str) -> float:
    return 1.0 if _EARLIER.match(model) else _NEW_PER_EARLIER
