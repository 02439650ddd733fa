"""The text in requests and answers, for people: bounded, and nothing but text.

Images and documents, thinking and what looks like a key are told of, not shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from metrics.types import Passage
from routing.request_parts import Turn, dicts_in, messages, string_in_json, value
from routing.types import ChatRequest, Completion

# Of the prompt, and of each answer, in UTF-8.
MAX_SIDE_BYTES = 256 * 1024
# Too little is left for another message to be of use.
MIN_PASSAGE_BYTES = 1024
MAX_TOOL_NAMES = 100
MAX_NAME_CHARS = 64
MAX_DEPTH = 4
LONGEST_KEY = 512
# Of Anthropic, OpenAI, Groq and ours; of those whose keys are pasted most often.
_KEY_STARTS = ("sk-", "gsk_", "cp_live_", "cp_report_", "ghp_", "github_pat_", "AKIA")
# A word that ends like one is none; a line end that JSON escaped is no letter.
_BEGINS = r"(?:(?<![^\W_])|(?<=\\[nrt]))"
_KEY = re.compile(rf"{_BEGINS}(?:{'|'.join(_KEY_STARTS)})[\w-]{{16,}}", re.ASCII)
_WITH_SOURCE = ("image", "document", "audio", "file", "video")
_THINKING = ("thinking", "redacted_thinking")


def prompt_of(
    request: ChatRequest, most_bytes: int = MAX_SIDE_BYTES
) -> tuple[Passage, ...]:
    """Return the prompt as passages: tools by name, system prompt, messages, in order.

    The newest messages are those that fit; the system prompt gets a quarter at most.
    Cost: parses the messages it keeps.
    """
    passages = []
    if names := _tool_names(request):
        passages.append(Passage(by="tools", text=_clean(names, most_bytes // 16)))
    if system := _text_in(value(request, "system")):
        passages.append(Passage(by="system", text=_clean(system, most_bytes // 4)))
    left = most_bytes - sum(len(p.text.encode()) for p in passages)
    return (*passages, *_newest(messages(request), left))


def answer_of(completion: Completion, most_bytes: int = MAX_SIDE_BYTES) -> str:
    """Return the text of an answer, its calls of tools among it; "" without any."""
    return _clean(_text_in(completion.blocks), most_bytes)


def _newest(turns: Sequence[Turn], most_bytes: int) -> list[Passage]:
    newest: list[Passage] = []
    left = most_bytes
    for turn in reversed(turns):
        if left < MIN_PASSAGE_BYTES:
            break
        text = _clean(_text_in(turn.blocks), left)
        left -= len(text.encode())
        newest.append(Passage(by=str(turn.role)[:MAX_NAME_CHARS], text=text))
    if older := len(turns) - len(newest):
        note = f"[{older:,} earlier messages are not kept]"
        newest.append(Passage(by="left out", text=note))
    return newest[::-1]


def _tool_names(request: ChatRequest) -> str:
    names = [
        str(tool.get("name") or tool.get("type"))[:MAX_NAME_CHARS]
        for tool in dicts_in(value(request, "tools"))
    ]
    more = f" and {len(names) - MAX_TOOL_NAMES:,} more"
    return ", ".join(names[:MAX_TOOL_NAMES]) + (more if names[MAX_TOOL_NAMES:] else "")


def _text_in(content: Any, depth: int = 0) -> str:
    """The text of a string or of blocks, a blank line between two of them."""
    if isinstance(content, str):
        return content
    if depth > MAX_DEPTH:
        return "[nested too deeply]"
    texts = (_block_text(block, depth) for block in dicts_in(content))
    return "\n\n".join(text for text in texts if text)


def _block_text(block: Mapping[str, Any], depth: int) -> str:
    kind = str(block.get("type"))[:MAX_NAME_CHARS]
    if kind == "text":
        return string_in_json(block.get("text"))
    if kind.endswith("tool_use"):
        name = string_in_json(block.get("name"))[:MAX_NAME_CHARS]
        return f"[calls {name}]\n{_as_json(block.get('input'))}"
    if kind.endswith("tool_result"):
        return f"[tool result]\n{_text_in(block.get('content'), depth + 1)}"
    return f"[{kind.replace('_', ' ')}: {_size(kind, block)}]"


def _size(kind: str, block: Mapping[str, Any]) -> str:
    """How much a block holds that is not shown."""
    if kind in _WITH_SOURCE:
        return _source_size(block.get("source"))
    if kind in _THINKING:
        told = string_in_json(block.get("thinking") or block.get("data"))
        return f"{len(told):,} characters"
    return f"{len(_as_json(block)):,} characters"


def _source_size(source: Any) -> str:
    """Type and size of a picture or file.

    Never where it lies: an address may hold credentials.
    """
    told = source if isinstance(source, dict) else {}
    way = string_in_json(told.get("type"))[:MAX_NAME_CHARS]
    medium = string_in_json(told.get("media_type"))[:MAX_NAME_CHARS]
    data = string_in_json(told.get("data"))
    size = len(data) * 3 // 4 if way == "base64" else len(data)
    held = f"{size:,} bytes" if data else f"by {way or 'reference'}"
    return f"{medium}, {held}" if medium else held


def _as_json(parsed: Any) -> str:
    try:
        return msgspec.json.format(msgspec.json.encode(parsed), indent=2).decode()
    except (ValueError, RecursionError):
        return "[unreadable]"


def _clean(text: str, most_bytes: int) -> str:
    """`text` without keys and NULs, its middle left out when it is too long.

    What cannot be UTF-8 becomes a question mark. Cost: of a long text only the ends are
    looked at; a key that reaches into one is seen whole.
    """
    left_out = len(text.encode("utf-8", "replace")) - most_bytes
    if left_out <= 0:
        return _plain(text).decode()
    head, tail = most_bytes * 3 // 4, most_bytes // 4
    first, last = (
        _plain(text[: head + LONGEST_KEY]),
        _plain(text[-tail - LONGEST_KEY :]),
    )
    return (
        first[:head].decode("utf-8", "ignore")
        + f"\n[... {left_out:,} bytes are not kept ...]\n"
        + last[-tail:].decode("utf-8", "ignore")
    )


def _plain(text: str) -> bytes:
    # Looking for the starts alone is a hundred times as fast.
    if any(start in text for start in _KEY_STARTS):
        text = _KEY.sub("[a key]", text)
    return text.encode("utf-8", "replace").replace(b"\x00", b"?")
