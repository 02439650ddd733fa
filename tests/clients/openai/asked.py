"""What the sessions of all clients of OpenAI's dialect ask, in the same words.

Imported by programs that have none of our packages.
"""

import json
import sys
import traceback

SCENES = (
    *("text", "stream", "tools", "parallel", "structured", "image"),
    *("errors", "disconnect"),
)
HI = "Say hi"
SUM = "What is 2+2?"
ONE_TOOL = "Use the get_weather tool."
TWO_TOOLS = "Use the get_weather tool and the get_time tool."
DEGREES = "17 degrees"
# What both models are refused, by the name of the refusal.
FAULTS = {
    "request": "Hi [[fault:prompt_too_long]]",
    "upstream": "Hi [[fault:not_found]]",
}
# Written for longer than anybody here waits; and long enough to leave in the middle.
ENDLESS, LONG = "[[chunks:4000]]", "[[chunks:300]]"
PATIENCE_S = 1.5

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
PICTURE = {
    "type": "image_url",
    "image_url": {"url": f"data:image/png;base64,{PNG}"},
}


def function(name, text):
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": text,
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }


WEATHER = function("get_weather", "The weather in a city.")
CLOCK = function("get_time", "The time in a city.")
FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"answer": {"type": "integer"}},
            "required": ["answer"],
            "additionalProperties": False,
        },
    },
}


def said(words, *parts):
    content = [{"type": "text", "text": words}, *parts] if parts else words
    return {"role": "user", "content": content}


def parsed(text):
    return json.loads(text)  # noqa: TID251  there is no msgspec


def kind(value):
    return type(value).__name__


def gathered(parts_of_calls):
    """The calls that the parts of a stream come to: (index, name, arguments) each."""
    calls = {}
    for index, name, arguments in parts_of_calls:
        told, given = calls.setdefault(index, ["", ""])
        calls[index] = [name or told, given + (arguments or "")]
    return {
        "names": sorted(name for name, _ in calls.values()),
        "cities": [list(parsed(given)) for _, given in calls.values()],
    }


def causes(error):
    """An error and what it was raised from: libraries wrap those of others."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def refused(ask):
    """The status that came back, and whether it was told why."""
    try:
        ask()
    except Exception as error:  # noqa: BLE001  each library has its own
        found = [e for e in causes(error) if getattr(e, "status_code", None)]
        return [found[0].status_code, bool(str(found[0]))] if found else repr(error)
    return "answered"


def left(ask):
    """Whether the program gave up waiting."""
    try:
        ask()
    except Exception as error:  # noqa: BLE001  each library has its own
        names = [kind(e) for e in causes(error)]
        return any("Timeout" in name for name in names) or names
    return "answered"


class ChatSession:
    """A session whose `ask(*messages, **more)` returns what OpenAI's own SDK would."""

    def tools(self):
        words = said(ONE_TOOL)
        called = self.ask(words, tools=[WEATHER]).choices[0]
        (call,) = called.message.tool_calls
        result = {"role": "tool", "tool_call_id": call.id, "content": DEGREES}
        answer = self.ask(words, called.message, result, tools=[WEATHER])
        return {
            "finish": called.finish_reason,
            "name": call.function.name,
            "city": kind(parsed(call.function.arguments)["city"]),
            "text": answer.choices[0].message.content,
        }

    def parallel(self):
        words = said(TWO_TOOLS)
        chunks = self.ask(words, tools=[WEATHER, CLOCK], stream=True)
        return gathered(
            (part.index, part.function.name, part.function.arguments)
            for chunk in chunks
            for choice in chunk.choices
            for part in choice.delta.tool_calls or []
        )

    def structured(self):
        answer = self.ask(said(SUM), response_format=FORMAT)
        told = parsed(answer.choices[0].message.content)
        return {"answer": kind(told["answer"])}

    def image(self):
        answer = self.ask(said(HI, PICTURE))
        return {"text": answer.choices[0].message.content}


def faults(ask):
    """What came of words that are refused; `ask` sends them."""
    return {
        name: refused(lambda words=words: ask(words)) for name, words in FAULTS.items()
    }


def read(session):
    """What a session reads of every scene it has."""
    return {scene: getattr(session, scene)() for scene in SCENES}


def play(make, read=read):
    """Play a session for each job on a line of the input, and write what it read.

    `make` makes one of a job. A program is started once: most take seconds to import.
    """
    for line in sys.stdin:
        try:
            told = read(make(parsed(line)))
        except Exception:  # noqa: BLE001  told to who waits for the line
            told = {"failed": traceback.format_exc()}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
