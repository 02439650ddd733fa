"""`python litellm_session.py`: what litellm reads as a client, as JSON."""

import asked
import litellm
from asked import said


class Session(asked.ChatSession):
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

    def errors(self):
        told = asked.faults(lambda words: self.ask(said(words)))
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
    asked.play(Session)
