"""`python litellm_session.py JOB`: what litellm reads as a client, as JSON."""

import json
import sys

import asked
import litellm
from asked import CLOCK, WEATHER, said


class Session:
    def __init__(self, job):
        self.job = job
        self.common = {
            "model": f"openai/{job['model']}",
            "api_base": f"{job['url']}/v1",
            "api_key": job["key"],
            "max_retries": 0,
        }

    def ask(self, *messages, **more):
        return litellm.completion(messages=list(messages), **{**self.common, **more})

    def text(self):
        return {"text": self.ask(said(asked.HI)).choices[0].message.content}

    def stream(self):
        pieces = self.ask(said(asked.HI), stream=True)
        told = [p.choices[0].delta.content or "" for p in pieces if p.choices]
        return {"text": "".join(told)}

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
        wrong = {"api_key": "sk-cascade-wrong"}
        key = asked.refused(lambda: self.ask(said(asked.HI), **wrong))
        return {"key": key, **told}

    def disconnect(self):
        stream = self.ask(said(f"{asked.LONG} {self.job['run']}"), stream=True)
        first = next(iter(stream))
        stream.close()
        endless = said(f"{asked.ENDLESS} {self.job['run']}")
        hasty = {"timeout": asked.PATIENCE_S}
        return {
            "begun": first.object == "chat.completion.chunk",
            "left": asked.left(lambda: self.ask(endless, **hasty)),
        }


if __name__ == "__main__":
    litellm.drop_params = True
    # It prints advice beside its errors, to where the JSON goes.
    litellm.suppress_debug_info = True
    json.dump(asked.read(Session(asked.parsed(sys.argv[1]))), sys.stdout)
