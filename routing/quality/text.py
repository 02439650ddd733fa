"""Vetoes on the draft's text, whatever its language.

Each reads a bounded part of the text and claims only what no reading of it could
excuse; see `docs/quality.md` for what each leaves alone.
"""

from __future__ import annotations

import re
import unicodedata

from routing.request_parts import holds, strings_in, text_of, turns, value
from routing.types import ChatRequest, Completion

_FENCE = "```"
# A fence that can only open: at the start of a line, within a quote or list item or
# not, with a language after it. Source: CommonMark 0.31, section 4.5.
_OPENING_FENCE = re.compile(
    r"[ \t]*(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]+){0,8}"
    r"`{3,}[ \t]*[A-Za-z][\w+#.-]*[ \t]*(?:\n|$)"
)

_REPEATS = 10
_MIN_UNIT_BYTES = 30
_MAX_UNIT = 1_000
_PROBE = 30
_MAX_PROBES = 20
# Rows of tables, lists, code and data repeat with good reason; prose does not.
_DATA = re.compile(r"[\d{}\[\]_;\\/\"#*%&@\t]")
_LETTERS = ("L", "M")
_PROSE = ("L", "M", "Z", "P", "C")

_MIN_ECHO_BYTES = 80
_MAX_ECHO = 100_000


def unclosed_code_fence(_: ChatRequest, draft: Completion) -> bool:
    """Return whether the last code fence in the text opens a block that never closes.

    A bare fence may open or close, so only one with a language after it counts. A
    client may close the fence itself by a stop sequence, and text before a tool call is
    no final text.
    """
    if draft.stop_reason == "stop_sequence" or draft.tool_uses:
        return False
    text = draft.text
    last = text.rfind(_FENCE)
    if last < 0 or "~~~" in text[last:]:
        return False
    line_start = text.rfind("\n", 0, last) + 1
    return _OPENING_FENCE.match(text, line_start) is not None


def repetition_loop(request: ChatRequest, draft: Completion) -> bool:
    """Return whether the text ends in a sentence repeated over and over.

    At least 10 times in a row to the very end, 30 bytes of prose or more each, and not
    the client's own words. Cost: reads at most the last 10,000 characters.
    """
    text = draft.text[-(_REPEATS * _MAX_UNIT) :].rstrip()
    unit = _repeated_unit(text)
    return _is_prose(unit) and not _is_quoted(unit, request)


def prompt_echo(request: ChatRequest, draft: Completion) -> bool:
    """Return whether the text is the prompt again and nothing else.

    Only where no instruction could ask for it: no system prompt, a single message. A
    short greeting may well come back as it is.
    """
    text = draft.text
    conversation = turns(request)
    if len(conversation) != 1 or len(text) > _MAX_ECHO or _is_instructed(request):
        return False
    prompt = text_of(conversation[0].blocks)
    if not _MIN_ECHO_BYTES <= _bytes_in(prompt) <= _MAX_ECHO:
        return False
    return _bare(text) == _bare(prompt)


def _repeated_unit(text: str) -> str:
    """The shortest unit that `text` ends with `_REPEATS` times in a row, "" if none.

    Where the ending stood before gives the candidates for the unit's length.
    """
    ending = text[-_PROBE:]
    earlier = len(text) - _PROBE
    for _ in range(_MAX_PROBES):
        earlier = text.rfind(ending, 0, earlier + _PROBE - 1)
        length = len(text) - _PROBE - earlier
        if earlier < 0 or length * _REPEATS > len(text):
            return ""
        loop = text[-length * _REPEATS :]
        if loop[length:] == loop[:-length]:
            return text[-length:]
    return ""


def _is_prose(unit: str) -> bool:
    """Whether a unit is long enough and made of words, in any script."""
    if _bytes_in(unit) < _MIN_UNIT_BYTES or _DATA.search(unit):
        return False
    kinds = [unicodedata.category(character)[0] for character in unit]
    letters = sum(kind in _LETTERS for kind in kinds)
    return 2 * letters >= len(kinds) and all(kind in _PROSE for kind in kinds)


def _is_quoted(unit: str, request: ChatRequest) -> bool:
    """Whether the client wrote the unit, and so may have asked for it many times.

    Where in the client's words a unit begins is not known; but one of its halves is
    whole wherever that is.
    """
    told = [value(request, "system"), value(request, "messages")]
    half = len(unit) // 2
    parts = (unit[:half].strip(), unit[half:].strip())
    return any(part in text for text in strings_in(told) for part in parts)


def _is_instructed(request: ChatRequest) -> bool:
    """Whether there is a system prompt, which may ask to give the text back."""
    return "system" in request.fields or holds(request, "messages", (b'"system"',))


def _bytes_in(text: str) -> int:
    """A measure of length that is fair to scripts with few, dense characters."""
    return len(text.encode("utf-8", "replace"))


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold().strip("\"'`“”„«» ")
