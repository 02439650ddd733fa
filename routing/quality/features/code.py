"""Programs in a draft, and whether they read as programs at all."""

from __future__ import annotations

import ast
import re

from routing.quality.features.reading import Reading, length, share

NAMES = (
    "code_blocks",
    "code_length",
    "code_unparsed",
    "code_unbalanced",
    "code_stubs",
)

_BLOCK = re.compile(r"```([\w+#.-]*+)[^\n]*+\n(.*?)(?:\n[ \t]*+```|\Z)", re.DOTALL)
_STUB = re.compile(
    r"^[ \t]*+(?:pass|\.\.\.|raise NotImplementedError.*)\s*$", re.MULTILINE
)
# Python warns of such escapes when it reads them; it shall not.
_ODD_ESCAPE = re.compile(r"\\(?![\n\\'\"abfnrtv0-7xNuU])")
_MAX_BLOCKS = 6
_MAX_PARSED = 3_000
_PAIRS = ("()", "[]", "{}")


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of programs by name."""
    blocks = code_in(reading.text)
    python = [code for name, code in blocks if name in ("python", "py", "python3")]
    parsed = [is_python(code) for code in python]
    codes = [code for name, code in blocks if name not in ("", "text", "markdown")]
    return {
        "code_blocks": length(len(blocks)),
        "code_length": length(sum(len(code) for _, code in blocks)),
        "code_unparsed": share(parsed.count(False), len(parsed)),
        "code_unbalanced": share(sum(map(_is_unbalanced, codes)), len(codes)),
        "code_stubs": length(sum(len(_STUB.findall(code)) for _, code in blocks)),
    }


def code_in(text: str) -> list[tuple[str, str]]:
    """Return the fenced blocks, each with the name of its language in lower case."""
    found = _BLOCK.findall(text) if "```" in text else []
    return [(name.lower(), code) for name, code in found[:_MAX_BLOCKS]]


def is_python(code: str) -> bool:
    """Return whether `code` may be Python; what is too long to try may be."""
    return len(code) > _MAX_PARSED or tree_of(code) is not None


def tree_of(code: str) -> ast.Module | None:
    """Return the syntax tree of a Python program, None of others. Runs nothing."""
    try:
        return ast.parse(_ODD_ESCAPE.sub("/", code))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _is_unbalanced(code: str) -> bool:
    return any(code.count(pair[0]) != code.count(pair[1]) for pair in _PAIRS)
