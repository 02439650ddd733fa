"""The vetoes by name: certainties that escalate whatever the confidence.

What only makes a draft likely to be bad is a feature, not a veto.
"""

from __future__ import annotations

from collections.abc import Callable

from routing.quality import ending, structured, text, tools
from routing.types import ChatRequest, Completion
from routing.verdicts import Signal

Veto = Callable[[ChatRequest, Completion], bool]

# In the order in which they are named as the reason when several fire: first what
# explains the others.
VETOES: tuple[tuple[str, Veto], ...] = (
    ("refusal", ending.refusal),
    ("cut_off", ending.cut_off),
    ("unfinished", ending.unfinished),
    ("empty", ending.empty),
    ("unknown_tool", tools.unknown_tool),
    ("invalid_tool_input", tools.invalid_tool_input),
    ("forced_tool_not_called", tools.forced_tool_not_called),
    ("tool_call_in_text", tools.tool_call_in_text),
    ("invalid_structured_output", structured.invalid_structured_output),
    ("unclosed_code_fence", text.unclosed_code_fence),
    ("repetition_loop", text.repetition_loop),
    ("prompt_echo", text.prompt_echo),
)


def vetoes_of(request: ChatRequest, draft: Completion) -> tuple[Signal, ...]:
    """Return the vetoes that fire, the one to name as the reason first.

    Deterministic. Never raises for what a client or model wrote.
    """
    return tuple(
        Signal(name=name, value=1.0, veto=True)
        for name, fires in VETOES
        if fires(request, draft)
    )
