"""`python sdk_session.py JOB`: what the official SDK reads, as JSON.

It knows nothing of ours, and is the same for its older major.
"""

import json
import sys

import openai

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The time in a city.",
        "parameters": WEATHER["function"]["parameters"],
    },
}
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


class Session:
    def __init__(self, job):
        self.job = job
        base_url = f"{job['url']}/v1"
        self.client = openai.OpenAI(base_url=base_url, api_key=job["key"])
        self.stranger = openai.OpenAI(base_url=base_url, api_key="sk-cascade-wrong")

    def ask(self, *messages, client=None, **more):
        chats = (client or self.client).chat.completions
        return chats.create(model=self.job["model"], messages=list(messages), **more)

    def text(self):
        answer = self.ask(said("Say hi"))
        return {"text": answer.choices[0].message.content, "model": answer.model}

    def stream(self):
        chunks = list(
            self.ask(
                said("Say hi"), stream=True, stream_options={"include_usage": True}
            )
        )
        told = [c.choices[0].delta.content or "" for c in chunks if c.choices]
        return {
            "text": "".join(told),
            "finish": [c.choices[0].finish_reason for c in chunks if c.choices][-1],
            "tokens": chunks[-1].usage.total_tokens,
        }

    def tools(self):
        asked = said("Use the get_weather tool.")
        called = self.ask(asked, tools=[WEATHER]).choices[0]
        (call,) = called.message.tool_calls
        result = {"role": "tool", "tool_call_id": call.id, "content": "17 degrees"}
        answer = self.ask(asked, called.message, result, tools=[WEATHER])
        return {
            "finish": called.finish_reason,
            "name": call.function.name,
            "city": type(json.loads(call.function.arguments)["city"]).__name__,  # noqa: TID251
            "text": answer.choices[0].message.content,
        }

    def parallel(self):
        words = said("Use the get_weather tool and the get_time tool.")
        chunks = self.ask(words, tools=[WEATHER, CLOCK], stream=True)
        calls = {}
        for chunk in chunks:
            for choice in chunk.choices:
                for part in choice.delta.tool_calls or []:
                    name, given = calls.setdefault(part.index, ["", ""])
                    grown = given + (part.function.arguments or "")
                    calls[part.index] = [part.function.name or name, grown]
        return {
            "names": sorted(name for name, _ in calls.values()),
            "cities": [list(json.loads(given)) for _, given in calls.values()],  # noqa: TID251
        }

    def structured(self):
        answer = self.ask(said("What is 2+2?"), response_format=FORMAT)
        return {"keys": list(json.loads(answer.choices[0].message.content))}  # noqa: TID251

    def image(self):
        picture = {
            "type": "image_url",
            "image_url": {"url": f"data:image/png;base64,{PNG}"},
        }
        answer = self.ask(said("Say hi", picture))
        return {"text": answer.choices[0].message.content}

    def errors(self):
        found = {}
        for name, ask in {
            "key": lambda: self.ask(said("Hi"), client=self.stranger),
            "request": lambda: self.ask(said("Hi"), stop="x" * 3, n="many"),
            "upstream": lambda: self.ask(said("Hi [[fault:not_found]]")),
        }.items():
            try:
                ask()
            except openai.APIStatusError as error:
                found[name] = [type(error).__name__, bool(error.message)]
        return found

    def disconnect(self):
        stream = self.ask(said("[[chunks:50]]"), stream=True)
        first = next(iter(stream))
        stream.close()
        return {"first": first.object}

    def listed(self):
        return {
            "objects": sorted({model.object for model in self.client.models.list()})
        }


SCENES = (
    "text",
    "stream",
    "tools",
    "parallel",
    "structured",
    "image",
    "errors",
    "disconnect",
    "listed",
)

if __name__ == "__main__":
    session = Session(json.loads(sys.argv[1]))  # noqa: TID251
    json.dump({name: getattr(session, name)() for name in SCENES}, sys.stdout)
