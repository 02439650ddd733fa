"""Values made up by Hypothesis: JSON, messages as models answer them, cuts of bytes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

# What ends a line somewhere, what JSON escapes, and what takes several bytes.
ODD_TEXTS = [
    "\r",
    "\n",
    "\r\n\r\n",
    "\u2028",
    "\x85",
    "\x00",
    '"',
    "\\",
    "\ufeff",
    "😀",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ODD_TEXTS
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2)
    ),
    max_leaves=4,
)
objects = st.dictionaries(texts, values, max_size=2)
counts = st.integers(0, 10**6)
usages = st.fixed_dictionaries(
    {"input_tokens": counts, "output_tokens": counts},
    optional={
        "cache_read_input_tokens": st.none() | counts,
        "cache_creation": st.none()
        | st.fixed_dictionaries({"ephemeral_5m_input_tokens": counts}),
        "server_tool_use": st.none()
        | st.fixed_dictionaries({"web_search_requests": counts}),
        "service_tier": st.sampled_from(["standard", "batch"]),
        "x_new": values,
    },
)


def _with_unknown(
    known: st.SearchStrategy[dict[str, Any]],
) -> st.SearchStrategy[dict[str, Any]]:
    unknown = st.dictionaries(texts.map("x_".__add__), values, max_size=1)
    return st.tuples(unknown, known).map(lambda pair: pair[0] | pair[1])


citations = st.fixed_dictionaries(
    {
        "type": st.just("char_location"),
        "cited_text": texts,
        "document_index": counts,
        "document_title": st.none() | texts,
        "start_char_index": counts,
        "end_char_index": counts,
    }
)
calls = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["tool_use", "server_tool_use"]),
        "id": texts,
        "name": texts,
        "input": objects,
    },
    optional={"caller": st.just({"type": "direct"})},
)
blocks = _with_unknown(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("text"), "text": texts},
            optional={"citations": st.none() | st.lists(citations, max_size=2)},
        ),
        st.fixed_dictionaries(
            {"type": st.just("thinking"), "thinking": texts, "signature": texts}
        ),
        st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": texts}),
        calls,
        st.fixed_dictionaries(
            {
                "type": st.just("web_search_tool_result"),
                "tool_use_id": texts,
                "content": st.just([]),
            }
        ),
    )
)
# Types and values no client of today knows.
odd_blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "tool_use", "hologram", None, 7])},
    optional=dict.fromkeys(
        ("text", "thinking", "signature", "citations", "input", "beam"), values
    ),
)


def _messages(content: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _with_unknown(
        st.fixed_dictionaries(
            {
                "id": texts,
                "type": st.just("message"),
                "role": st.just("assistant"),
                "model": texts,
                "content": st.lists(content, max_size=4),
                "stop_reason": st.sampled_from(["end_turn", "tool_use", "refusal"]),
                "stop_sequence": st.none() | texts,
                "usage": usages,
            },
            optional={
                "stop_details": st.none() | st.just({"type": "refusal", "x": 1}),
                "container": st.none()
                | st.just({"id": "c_1", "expires_at": "2026-11-23T00:00:00Z"}),
                "diagnostics": st.none(),
            },
        )
    )


messages = _messages(blocks)


@st.composite
def odd_messages(draw: st.DrawFn) -> dict[str, Any]:
    """A message whose blocks and usage may be of any kind, and keys may be missing."""
    message = draw(_messages(blocks | odd_blocks))
    changed = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "usage": values,
                "stop_reason": values,
                "context_management": values,
                "safeguard_results": values,
            },
        )
    )
    for name in draw(st.sets(st.sampled_from(["usage", "stop_reason", "id", "type"]))):
        message.pop(name, None)
    return message | changed


@st.composite
def pieces_of(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """`data` cut at some places, even between no bytes at all."""
    at = draw(st.lists(st.integers(0, len(data)), max_size=12))
    return cut(data, at)


def cut(data: bytes, at: Iterable[int]) -> list[bytes]:
    """`data` cut at each place in `at`."""
    return [data[a:b] for a, b in pairwise([0, *sorted(at), len(data)])]
