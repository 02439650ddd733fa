"""`python sdk_session.py JOB`: what the official SDK reads, as JSON.

It knows nothing of ours, and is the same for its older major.
"""

import json
import sys

import asked
import openai
from asked import CLOCK, WEATHER, said


class Session:
    def __init__(self, job):
        self.job = job
        base_url = f"{job['url']}/v1"
        self.client = openai.OpenAI(base_url=base_url, api_key=job["key"])
        self.stranger = openai.OpenAI(base_url=base_url, api_key="sk-cascade-wrong")
        self.hasty = self.client.with_options(timeout=asked.PATIENCE_S, max_retries=0)

    def ask(self, *messages, client=None, **more):
        chats = (client or self.client).chat.completions
        return chats.create(model=self.job["model"], messages=list(messages), **more)

    def text(self):
        answer = self.ask(said(asked.HI))
        return {"text": answer.choices[0].message.content, "model": answer.model}

    def stream(self):
        options = {"include_usage": True}
        stream = self.ask(said(asked.HI), stream=True, stream_options=options)
        chunks = list(stream)
        told = [c.choices[0] for c in chunks if c.choices]
        return {
            "text": "".join(choice.delta.content or "" for choice in told),
            "finish": told[-1].finish_reason,
            "tokens": chunks[-1].usage.total_tokens,
        }

    def tools(self):
        words = said(asked.ONE_TOOL)
        called = self.ask(words, tools=[WEATHER]).choices[0]
        (call,) = called.message.tool_calls
        result = {"role": "tool", "tool_call_id": call.id, "content": asked.DEGREES}
        answer = self.ask(words, called.message, result, tools=[WEATHER])
        return {
            "finish": called.finish_reason,
            "name": call.function.name,
            "city": asked.kind(asked.parsed(call.function.arguments)["city"]),
            "text": answer.choices[0].message.content,
        }

    def parallel(self):
        words = said(asked.TWO_TOOLS)
        chunks = self.ask(words, tools=[WEATHER, CLOCK], stream=True)
        return asked.gathered(
            (part.index, part.function.name, part.function.arguments)
            for chunk in chunks
            for choice in chunk.choices
            for part in choice.delta.tool_calls or []
        )

    def structured(self):
        answer = self.ask(said(asked.SUM), response_format=asked.FORMAT)
        told = asked.parsed(answer.choices[0].message.content)
        return {"answer": asked.kind(told["answer"])}

    def image(self):
        answer = self.ask(said(asked.HI, asked.PICTURE))
        return {"text": answer.choices[0].message.content}

    def errors(self):
        told = {
            name: asked.refused(lambda words=words: self.ask(said(words)))
            for name, words in asked.FAULTS.items()
        }
        key = asked.refused(lambda: self.ask(said(asked.HI), client=self.stranger))
        return {"key": key, **told}

    def disconnect(self):
        words, run = said(f"{asked.LONG} {self.job['run']}"), self.job["run"]
        stream = self.ask(words, stream=True)
        first = next(iter(stream))
        stream.close()
        endless = said(f"{asked.ENDLESS} {run}")
        return {
            "begun": first.object == "chat.completion.chunk",
            "left": asked.left(lambda: self.ask(endless, client=self.hasty)),
        }

    def listed(self):
        return {"objects": sorted({m.object for m in self.client.models.list()})}


if __name__ == "__main__":
    session = Session(asked.parsed(sys.argv[1]))
    told = {**asked.read(session), "listed": session.listed()}
    json.dump(told, sys.stdout)
