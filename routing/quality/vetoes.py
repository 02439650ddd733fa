"""The vetoes by name: certainties that escalate whatever the confidence.

What only makes a draft likely to be bad is a feature, not a veto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from routing.quality import ending, structured, text, tools
from routing.streams import Json
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

# True of one call, they stay so whatever the model goes on to write.
_OF_A_CALL = frozenset({"unknown_tool", "invalid_tool_input"})


def vetoes_of(request: ChatRequest, draft: Completion) -> tuple[Signal, ...]:
    """Return the vetoes that fire, the one to name as the reason first.

    Deterministic. Never raises for what a client or model wrote.
    """
    return _fired(VETOES, request, draft)


def vetoes_of_call(request: ChatRequest, call: Json) -> tuple[Signal, ...]:
    """Return the vetoes that one whole tool call of an unfinished draft settles.

    They would fire at the draft's end too. Of an input that is no object nothing is
    said yet: the model may have been cut off, which its end explains better. Never
    raises, as `vetoes_of`.
    """
    if not isinstance(call.get("input"), dict):
        return ()
    draft = Completion(message={"content": [call]}, usage=None)
    settled = ((name, fires) for name, fires in VETOES if name in _OF_A_CALL)
    return _fired(settled, request, draft)


def _fired(
    vetoes: Iterable[tuple[str, Veto]], request: ChatRequest, draft: Completion
) -> tuple[Signal, ...]:
    return tuple(
        Signal(name=name, value=1.0, veto=True)
        for name, fires in vetoes
        if fires(request, draft)
    )
