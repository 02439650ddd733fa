"""How small models fail, in forms that can be seen in the answer itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from routing.simulator.answers import good_answer, is_easy, is_hard
from routing.simulator.dice import Dice
from routing.simulator.schemas import violate
from routing.simulator.tools import tool_use
from routing.simulator.values import Answer, Ask, Text, Thinking, Tier, ToolUse

# Shares of the prompts, picked by the digest, at which a tier fails.
FAILING_SHARE: Mapping[Tier, float] = {"low": 0.28, "mid": 0.06, "high": 0.0}
_LOOP = "and then it goes on to say that the answer is the same as before, "
_LOOPS = 12


def answer_to(ask: Ask) -> Answer:
    """Return the answer of a model of the ask's tier: good, or failing in form."""
    answer = good_answer(ask)
    if ask.max_tokens == 0 or not _fails(ask):
        return answer
    if is_hard(ask.prompt):
        return cut_off(answer, ask)
    dice = Dice(ask.digest, "failure")
    return FAILURES[dice.pick(_fitting(answer, ask))](answer, ask)


def cut_off(answer: Answer, ask: Ask) -> Answer:  # noqa: ARG001 - the shape of a failure
    """Return the first half of the text, stopped by the model's own limit."""
    text = _text_of(answer) or "I will call the tool with these"
    half = Text(text=text[: max(1, len(text) // 2)])
    return replace(_with(answer, half), stop_reason="max_tokens")


def empty(answer: Answer, ask: Ask) -> Answer:  # noqa: ARG001 - the shape of a failure
    """Return an answer without content."""
    return Answer(blocks=())


def repetition(answer: Answer, ask: Ask) -> Answer:  # noqa: ARG001 - the shape of a failure
    """Return text that is stuck in a loop."""
    return _with(answer, Text(text="Let me see, " + _LOOP * _LOOPS))


def invalid_json(answer: Answer, ask: Ask) -> Answer:  # noqa: ARG001 - the shape of a failure
    """Return the text as a JSON object that is never closed."""
    return _with(answer, Text(text='Here is the JSON: {"answer": [' + _text_of(answer)))


def bad_tool_input(answer: Answer, ask: Ask) -> Answer:
    """Return the tool call with an input that breaks its schema.

    A schema that nothing breaks gives the call of an unknown tool instead.
    """
    use = _tool_use_of(answer)
    schemas = {tool.name: tool.schema for tool in ask.tools}
    if use is None or use.name not in schemas:
        return unknown_tool(answer, ask)
    broken = violate(use.input, schemas[use.name])
    if broken is None:
        return unknown_tool(answer, ask)
    return _calling(answer, tool_use(Dice(ask.digest, "broken"), use.name, broken))


def unknown_tool(answer: Answer, ask: Ask) -> Answer:
    """Return the call of a tool the client does not have."""
    use = _tool_use_of(answer)
    name = f"{use.name}_v2" if use else "simulated_tool"
    value = dict(use.input) if use else {}
    return _calling(answer, tool_use(Dice(ask.digest, "unknown"), name, value))


def tool_not_called(answer: Answer, ask: Ask) -> Answer:  # noqa: ARG001 - the shape of a failure
    """Return text where a tool call was due."""
    return _with(answer, Text(text="I could use a tool for this simulated task."))


def refused(answer: Answer, ask: Ask) -> Answer:  # noqa: ARG001 - the shape of a failure
    """Return a refusal, which is no error on the wire."""
    return Answer(blocks=(), stop_reason="refusal")


FAILURES: Mapping[str, Callable[[Answer, Ask], Answer]] = {
    "cut_off": cut_off,
    "empty": empty,
    "repetition": repetition,
    "invalid_json": invalid_json,
    "bad_tool_input": bad_tool_input,
    "unknown_tool": unknown_tool,
    "tool_not_called": tool_not_called,
    "refused": refused,
}


def _fails(ask: Ask) -> bool:
    if is_hard(ask.prompt):
        return ask.tier == "low"
    if is_easy(ask.prompt):
        return False
    return Dice(ask.digest, "fails").share() < FAILING_SHARE[ask.tier]


def _fitting(answer: Answer, ask: Ask) -> tuple[str, ...]:
    """Return the names of the failures that can happen to this answer."""
    if _tool_use_of(answer) is None:
        return ("cut_off", "empty", "invalid_json" if ask.schema else "repetition")
    forced = ("tool_not_called",) if ask.choice.kind in ("any", "tool") else ()
    return ("bad_tool_input", "unknown_tool", "cut_off", *forced)


def _text_of(answer: Answer) -> str:
    return "".join(block.text for block in answer.blocks if isinstance(block, Text))


def _tool_use_of(answer: Answer) -> ToolUse | None:
    return next((b for b in answer.blocks if isinstance(b, ToolUse)), None)


def _thinking_of(answer: Answer) -> tuple[Thinking, ...]:
    return tuple(block for block in answer.blocks if isinstance(block, Thinking))


def _with(answer: Answer, text: Text) -> Answer:
    return Answer(blocks=(*_thinking_of(answer), text))


def _calling(answer: Answer, use: ToolUse) -> Answer:
    return Answer(blocks=(*_thinking_of(answer), use), stop_reason="tool_use")
