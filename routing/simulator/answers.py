"""What a model that is up to it answers: short, plausible, and plainly simulated."""

from __future__ import annotations

import base64
import operator
import re
from collections.abc import Callable
from dataclasses import replace

import msgspec

from routing.simulator.dice import Dice
from routing.simulator.schemas import example
from routing.simulator.tools import call, wanted_tools
from routing.simulator.values import Answer, Ask, Text, Thinking, tokens

MAX_CHUNKS = 10_000
RESULT_CHARS = 200
_HARD = re.compile(r"\b(?:prove|derive|proof)\b", re.IGNORECASE)
_MARKER = re.compile(r"\[\[.*?\]\]")
_CHUNKS = re.compile(r"\[\[chunks:(\d+)\]\]")
_GREETING = re.compile(
    r"\W*(?:(?:please|just)\s+)*(?:say\s+)?[\"']?(?:hi|hello|hey)\b.{0,30}",
    re.IGNORECASE | re.DOTALL,
)
_SUM = re.compile(
    r".{0,40}?(-?\d{1,9})\s*([-+*/x\u00d7])\s*(-?\d{1,9})\D{0,20}", re.DOTALL
)
_OPERATORS: dict[str, Callable[[int, int], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "x": operator.mul,
    "\N{MULTIPLICATION SIGN}": operator.mul,
    "/": operator.truediv,
}
_SENTENCES = (
    "The {adjective} way is to start with the {noun}.",
    "Most of the work lies in the {noun}, which stays {adjective}.",
    "Keep the {noun} apart from everything else.",
    "A {adjective} check of the {noun} shows whether it holds.",
    "Where the {noun} is missing, add it before going on.",
    "In practice a {adjective} example settles the question.",
    "It helps to write the {noun} down and to compare it later.",
    "Nothing else depends on the {noun}.",
)
_ADJECTIVES = ("simple", "careful", "small", "usual", "direct", "steady", "plain")
_NOUNS = ("outline", "input", "limit", "example", "order", "result", "boundary", "plan")
_LENGTHS = {"low": 3, "mid": 4, "high": 6}


def is_hard(prompt: str) -> bool:
    """Whether a weak model always fails at `prompt`: it asks for a proof."""
    return _HARD.search(prompt) is not None


def is_easy(prompt: str) -> bool:
    """Whether every model answers `prompt` rightly: a greeting, a small sum."""
    if is_hard(prompt):
        return False
    easy = _CHUNKS.search(prompt) or _GREETING.fullmatch(_unmarked(prompt))
    return bool(easy) or sum_of(prompt) is not None


def sum_of(prompt: str) -> str | None:
    """Return the solved sum of a short prompt like "What is 2+2?", else None."""
    found = _SUM.fullmatch(_unmarked(prompt))
    if found is None or (found[2] == "/" and int(found[3]) == 0):
        return None
    value = _OPERATORS[found[2]](int(found[1]), int(found[3]))
    return f"{found[1]} {found[2]} {found[3]} = {value:.10g}."


def _unmarked(prompt: str) -> str:
    """Return the prompt without the marks that only the simulator reads."""
    return _MARKER.sub("", prompt).strip()


def good_answer(ask: Ask) -> Answer:
    """Return an answer without fault, as far as the client's limits leave room.

    The same ask gives the same answer. `max_tokens` 0 gives no content.
    """
    if ask.max_tokens == 0:
        return Answer(blocks=(), stop_reason="max_tokens")
    dice = Dice(ask.digest, "answer")
    called = tuple(call(tool, ask, dice) for tool in wanted_tools(ask))
    if called:
        answer = Answer(blocks=called, stop_reason="tool_use")
    else:
        answer = _limited(Answer(blocks=(Text(text=_text(ask, dice)),)), ask)
    if not ask.show_thinking:
        return answer
    return replace(answer, blocks=(_thinking(dice), *answer.blocks))


def _text(ask: Ask, dice: Dice) -> str:
    if ask.schema is not None:
        return msgspec.json.encode(example(ask.schema)).decode()
    if ask.tool_result is not None:
        shown = ask.tool_result[:RESULT_CHARS]
        return f"The tool answered: {shown}\n(Simulated summary.)"
    chunks = _CHUNKS.search(ask.prompt)
    if chunks:
        return _numbered(min(int(chunks[1]), MAX_CHUNKS))
    if is_easy(ask.prompt):
        return sum_of(ask.prompt) or "Hello! I am a simulated model. How can I help?"
    return _prose(ask, dice)


def _numbered(count: int) -> str:
    """Return `count` words, no two alike: a repetition would be a fault."""
    return " ".join(f"word{number}" for number in range(1, count + 1))


def _prose(ask: Ask, dice: Dice) -> str:
    """Return some sentences, as many as fit the client's limit; at least one."""
    out = [f"This is a simulated answer about {_topic(ask.prompt)}."]
    for sentence in dice.sample(_SENTENCES, _LENGTHS[ask.tier]):
        adjective, noun = dice.pick(_ADJECTIVES), dice.pick(_NOUNS)
        grown = [*out, sentence.format(adjective=adjective, noun=noun)]
        if ask.max_tokens and tokens(len(" ".join(grown))) > ask.max_tokens:
            break
        out = grown
    return " ".join(out)


def _topic(prompt: str) -> str:
    """Return the longest word of the prompt: more would echo the question."""
    words = re.findall(r"[^\W\d_]{4,24}", _unmarked(prompt))
    return max(words, key=len).lower() if words else "the question"


def _limited(answer: Answer, ask: Ask) -> Answer:
    """Return the answer as the client's own stop sequences and limit leave it."""
    text = "".join(block.text for block in answer.blocks if isinstance(block, Text))
    stops = [(text.find(s), s) for s in ask.stop_sequences if s and s in text]
    if stops:
        at, sequence = min(stops)
        stopped = (Text(text=text[:at]),) if at else ()
        return Answer(
            blocks=stopped, stop_reason="stop_sequence", stop_sequence=sequence
        )
    if ask.max_tokens is not None and tokens(len(text)) > ask.max_tokens:
        cut = Text(text=text[: ask.max_tokens * 4])
        return Answer(blocks=(cut,), stop_reason="max_tokens")
    return answer


def _thinking(dice: Dice) -> Thinking:
    signature = base64.b64encode(f"simulated-{dice.word(56)}".encode()).decode()
    noun = dice.pick(_NOUNS)
    return Thinking(
        thinking=f"Simulated reasoning: look at the {noun} first, then answer.",
        signature=signature,
    )
