"""Drafts made by hand, bad and good by form, each beside its innocent twin.

`veto` is the name that must be the reason, "" for a draft that no veto may touch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.builders import make_tool, make_tool_use
from tests.routing.quality.drafts_texts import PHRASES, Phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A prompt, what came, and the veto that must be the reason, if any."""

    name: str
    veto: str = ""
    prompt: str = "What is 2 + 2?"
    text: str = ""
    content: Any = None
    stop_reason: Any = "end_turn"
    request: dict[str, Any] = field(default_factory=dict)


CITY = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "unit": {"enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = {"tools": [make_tool("get_weather", CITY), make_tool("search")]}
MOOD = {
    "type": "object",
    "properties": {"mood": {"enum": ["good", "bad"]}, "why": {"type": "string"}},
    "required": ["mood"],
}
STRUCTURED = {"output_config": {"format": {"type": "json_schema", "schema": MOOD}}}
ASK = "What is the weather in Oslo?"


def _in_language(name: str, say: Phrases) -> list[Draft]:
    """One language: each class of text veto with its innocent twin."""
    code = f"{say.introduction}\n\n```python\nprint('x')\n"
    ask = say.prompt
    return [
        Draft(name=f"{name}: an answer", prompt=ask, text=say.answer),
        Draft(name=f"{name}: a short answer", prompt=ask, text=say.short),
        Draft(name=f"{name}: a refusal with good reason", prompt=ask, text=say.refusal),
        Draft(name=f"{name}: honest doubt", prompt=ask, text=say.hedging),
        Draft(
            name=f"{name}: a refusal by stop reason",
            veto="refusal",
            prompt=ask,
            text=say.refusal,
            stop_reason="refusal",
        ),
        Draft(
            name=f"{name}: cut off",
            veto="cut_off",
            prompt=ask,
            text=say.cut,
            stop_reason="max_tokens",
        ),
        Draft(
            name=f"{name}: the same words, ended by a stop sequence",
            prompt=ask,
            text=say.cut,
            stop_reason="stop_sequence",
        ),
        Draft(
            name=f"{name}: a fence left open",
            veto="unclosed_code_fence",
            prompt=ask,
            text=code,
        ),
        Draft(name=f"{name}: the fence closed", prompt=ask, text=f"{code}```\n"),
        Draft(
            name=f"{name}: a loop",
            veto="repetition_loop",
            prompt=ask,
            text=say.answer + " " + say.loop * 40,
        ),
        Draft(
            name=f"{name}: a refrain", prompt=ask, text=say.loop * 4 + " " + say.answer
        ),
        Draft(
            name=f"{name}: the prompt again",
            veto="prompt_echo",
            prompt=ask,
            text=f"«{ask}»",
        ),
        Draft(
            name=f"{name}: the prompt quoted, then answered",
            prompt=ask,
            text=f"«{ask}»\n\n{say.answer}",
        ),
        Draft(
            name=f"{name}: prose for declared JSON",
            veto="invalid_structured_output",
            prompt=ask,
            text=say.answer,
            request=STRUCTURED,
        ),
        Draft(
            name=f"{name}: declared JSON with words of the language",
            prompt=ask,
            text=f'{{"mood": "good", "why": "{say.short}"}}',
            request=STRUCTURED,
        ),
        Draft(
            name=f"{name}: JSON in prose that nobody declared",
            prompt=ask,
            text=f'{say.introduction} {{"mood": "good", "why": "{say.short}"}}',
        ),
        Draft(
            name=f"{name}: nothing but white space",
            veto="empty",
            prompt=ask,
            text=" \n\u3000\u00a0\t",
        ),
    ]


BY_LANGUAGE = [
    draft for name, say in PHRASES.items() for draft in _in_language(name, say)
]

SHORT = [
    Draft(name="a correct 4", text="4"),
    Draft(name="a letter", prompt="Which?\nA. one\nB. two", text="B"),
    Draft(name="an emoji for an answer", text="👍"),
    Draft(name="a full stop", prompt="End with a full stop: Yes", text="."),
    Draft(name="a zero", text="0"),
]
EMPTY = [
    Draft(name="no blocks", veto="empty", content=[]),
    Draft(
        name="thinking alone",
        veto="empty",
        content=[{"type": "thinking", "thinking": "Hm.", "signature": "x"}],
    ),
    Draft(
        name="thinking before a short answer",
        content=[
            {"type": "thinking", "thinking": "Hm.", "signature": "x"},
            {"type": "text", "text": "4"},
        ],
    ),
    Draft(
        name="a block of a kind we do not know",
        content=[{"type": "image", "source": 1}],
    ),
]
ENDINGS = [
    Draft(name="no stop reason", veto="cut_off", text="Well", stop_reason=None),
    Draft(
        name="the window is full",
        veto="cut_off",
        text="Well",
        stop_reason="model_context_window_exceeded",
    ),
    Draft(name="paused", veto="unfinished", text="Well", stop_reason="pause_turn"),
    Draft(name="compacted", veto="unfinished", text="Well", stop_reason="compaction"),
    Draft(name="a stop reason of tomorrow", text="4", stop_reason="satisfied"),
]


def _call(name: str, arguments: Any, **more: Any) -> list[dict[str, Any]]:
    return [make_tool_use(name, arguments, **more)]


def _tool(name: str, content: Any, veto: str = "", **request: Any) -> Draft:
    return Draft(
        name=name,
        veto=veto,
        prompt=ASK,
        content=content,
        stop_reason="tool_use",
        request=TOOLS | request,
    )


WEATHER_IN_WORDS = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'
WRITTEN = [
    Draft(
        name=name,
        veto="tool_call_in_text" if bad else "",
        prompt=ASK,
        text=text,
        request=TOOLS,
    )
    for name, text, bad in (
        ("a call written as text", WEATHER_IN_WORDS, True),
        ("a call in a fence", f"```json\n{WEATHER_IN_WORDS}\n```", True),
        ("a call in tags", f"<tool_call>\n{WEATHER_IN_WORDS}\n</tool_call>", True),
        ("a call as an example", f"You would send: {WEATHER_IN_WORDS}", False),
        ("JSON of a tool nobody offered", '{"name": "x", "arguments": {}}', False),
        ("JSON that calls nothing", '{"name": "get_weather", "unit": "C"}', False),
    )
]

CALLS = [
    _tool("a call that fits", _call("get_weather", {"city": "Oslo", "days": 3})),
    _tool("a call with no more than it must", _call("get_weather", {"city": "Oslo"})),
    _tool("a tool without a schema to speak of", _call("search", {"q": "Oslo"})),
    _tool(
        "text before the call",
        [{"type": "text", "text": "Let me see."}, *_call("search", {"q": "Oslo"})],
    ),
    _tool(
        "an open fence before the call",
        [{"type": "text", "text": "```sh\nls\n"}, *_call("search", {})],
    ),
    _tool(
        "two calls at once",
        _call("get_weather", {"city": "Oslo"}) + _call("search", {"q": "Bergen"}),
    ),
    _tool(
        "a tool nobody offered", _call("get_wether", {"city": "Oslo"}), "unknown_tool"
    ),
    _tool(
        "a tool of another case", _call("Get_Weather", {"city": "O"}), "unknown_tool"
    ),
    _tool("a tool without a name", _call("", {"city": "Oslo"}), "unknown_tool"),
    _tool(
        "a member of a toolset",
        _call("list_files", {}, toolset_name="files"),
    ),
    _tool("input that is text", _call("search", "Oslo"), "invalid_tool_input"),
    _tool("a list for input", _call("search", ["Oslo"]), "invalid_tool_input"),
    _tool("the city left out", _call("get_weather", {"days": 2}), "invalid_tool_input"),
    _tool(
        "a number as text",
        _call("get_weather", {"city": "Oslo", "days": "three"}),
        "invalid_tool_input",
    ),
    _tool(
        "a unit that is no choice",
        _call("get_weather", {"city": "Oslo", "unit": "kelvin"}),
        "invalid_tool_input",
    ),
    _tool(
        "more days than allowed",
        _call("get_weather", {"city": "Oslo", "days": 90}),
        "invalid_tool_input",
    ),
    _tool(
        "an argument of its own invention",
        _call("get_weather", {"city": "Oslo", "wind": True}),
        "invalid_tool_input",
    ),
    _tool(
        "a choice of any, none called",
        [{"type": "text", "text": "It is sunny."}],
        "forced_tool_not_called",
        tool_choice={"type": "any"},
    ),
    _tool(
        "a choice of any, one called",
        _call("search", {"q": "Oslo"}),
        tool_choice={"type": "any"},
    ),
    _tool(
        "another tool than the forced one",
        _call("search", {"q": "Oslo"}),
        "forced_tool_not_called",
        tool_choice={"type": "tool", "name": "get_weather"},
    ),
    _tool(
        "the forced tool",
        _call("get_weather", {"city": "Oslo"}),
        tool_choice={"type": "tool", "name": "get_weather"},
    ),
    _tool("text although tools are offered", [{"type": "text", "text": "Which Oslo?"}]),
    _tool(
        "text where tools are forbidden",
        [{"type": "text", "text": "Cold."}],
        tool_choice={"type": "none"},
    ),
]

JSON = [
    Draft(
        name="declared JSON within a fence",
        veto="invalid_structured_output",
        text='```json\n{"mood": "good"}\n```',
        request=STRUCTURED,
    ),
    Draft(
        name="declared JSON that is cut",
        veto="invalid_structured_output",
        text='{"mood": "good", "why": "it is',
        request=STRUCTURED,
    ),
    Draft(
        name="declared JSON with a word outside the choices",
        veto="invalid_structured_output",
        text='{"mood": "fine"}',
        request=STRUCTURED,
    ),
    Draft(
        name="declared JSON without what is required",
        veto="invalid_structured_output",
        text='{"why": "it is sunny"}',
        request=STRUCTURED,
    ),
    Draft(
        name="a list for a declared object",
        veto="invalid_structured_output",
        text='[{"mood": "good"}]',
        request=STRUCTURED,
    ),
    Draft(name="declared JSON", text='{"mood": "bad"}', request=STRUCTURED),
    Draft(
        name="declared JSON with air around it",
        text='\n {"mood": "bad"}\n',
        request=STRUCTURED,
    ),
    Draft(
        name="a call before the declared JSON",
        content=[make_tool_use("search", {})],
        stop_reason="tool_use",
        request=STRUCTURED | TOOLS,
    ),
    Draft(
        name="an introduction, then declared JSON in a block of its own",
        content=[
            {"type": "text", "text": "I looked it up. "},
            {"type": "text", "text": '{"mood": "good"}'},
        ],
        request=STRUCTURED,
    ),
    Draft(name="broken JSON that nobody declared", text='{"mood": "good", '),
]

CODE = [
    Draft(
        name="a fence within a string of a program",
        text='```python\nFENCE = "```"\nprint(FENCE)\n```',
    ),
    Draft(
        name="a fence in a docstring",
        text='```python\nDOC = """\n```\n"""\n```\nDone.',
    ),
    Draft(name="a fence in a JSON string", text='{"md": "```python\\nprint(1)"}'),
    Draft(
        name="a fence spoken of", text="Open a block with ```python on its own line."
    ),
    Draft(name="four marks around three", text="````md\n```python\nx\n```\n````"),
    Draft(name="a program without a fence", text="def f():\n    return 4"),
    Draft(name="a diff", text="```diff\n-a\n+b\n```"),
    Draft(name="a bare fence left open", text="```\n4"),
    Draft(
        name="a second fence left open",
        veto="unclosed_code_fence",
        text="```sh\nls\n```\nand then\n```python\nimport os\n",
    ),
    Draft(
        name="a fence left open within a list",
        veto="unclosed_code_fence",
        text="1. First:\n   ```js\n   let x = 1",
    ),
]

REPEATS = [
    Draft(name="rows of a table", text="| not known | not known |\n" * 40),
    Draft(name="zeroes", text="0, " * 500),
    Draft(name="laughter", text="ha " * 300),
    Draft(
        name="lines the client asked for",
        prompt="Write 'I must not talk in the school library' forty times.",
        text="I must not talk in the school library\n" * 40,
    ),
    Draft(
        name="a numbered list of alike lines",
        text="".join(f"{n}. The mood of this review is good.\n" for n in range(60)),
    ),
    Draft(
        name="paragraphs in a loop",
        veto="repetition_loop",
        text="So we try.\nThat does not help either, as we saw.\n\n" * 30,
    ),
    Draft(
        name="a loop that ends within its sentence",
        veto="repetition_loop",
        text="Let us look at the question from another side. " * 30 + "Let us look at",
    ),
]

ECHOES = [
    Draft(name="a greeting given back", prompt="Hello!", text="Hello!"),
    Draft(
        name="text without mistakes given back as asked",
        prompt=PHRASES["english"].prompt,
        text=PHRASES["english"].prompt,
        request={"system": "Correct the user's grammar."},
    ),
    Draft(
        name="the prompt in capitals",
        veto="prompt_echo",
        prompt=PHRASES["english"].prompt,
        text=PHRASES["english"].prompt.upper(),
    ),
]

DRAFTS = [
    *BY_LANGUAGE,
    *SHORT,
    *EMPTY,
    *ENDINGS,
    *CALLS,
    *WRITTEN,
    *JSON,
    *CODE,
    *REPEATS,
    *ECHOES,
]
