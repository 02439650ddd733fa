"""`python sdk_session.py`: what the official SDK reads, as JSON.

It knows nothing of ours, and is the same for its older major.
"""

import asked
import openai
from asked import said


class Session(asked.ChatSession):
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

    def errors(self):
        told = asked.faults(lambda words: self.ask(said(words)))
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
    asked.play(Session, lambda s: {**asked.read(s), "listed": s.listed()})
