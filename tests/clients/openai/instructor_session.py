"""`python instructor_session.py`: what instructor reads, as JSON."""

from collections.abc import Iterable

import asked
import instructor
import openai
from asked import said
from pydantic import BaseModel


class Answer(BaseModel):
    """The answer."""

    answer: int


class get_weather(BaseModel):  # a tool has the name of its class
    """The weather in a city."""

    city: str


class get_time(BaseModel):
    """The time in a city."""

    city: str


class Session:
    def __init__(self, job):
        self.job = job
        url = f"{job['url']}/v1"
        self.client = openai.OpenAI(base_url=url, api_key=job["key"], max_retries=0)
        self.stranger = self.client.with_options(api_key="sk-cascade-wrong")

    def ask(self, *messages, mode=instructor.Mode.JSON_SCHEMA, client=None, **more):
        client = instructor.from_openai(client or self.client, mode=mode)
        return client.chat.completions.create(
            model=self.job["model"],
            messages=list(messages),
            **{"response_model": Answer, "max_retries": 0, **more},
        )

    def text(self):
        answer = self.ask(said(asked.HI), response_model=None)
        return {"text": answer.choices[0].message.content}

    def stream(self):
        chunks = self.ask(said(asked.HI), response_model=None, stream=True)
        told = [c.choices[0].delta.content or "" for c in chunks if c.choices]
        partial = instructor.Partial[Answer]
        *_, last = self.ask(said(asked.SUM), response_model=partial, stream=True)
        return {"text": "".join(told), "answer": asked.kind(last.answer)}

    def tools(self):
        words, mode = said(asked.ONE_TOOL), instructor.Mode.TOOLS
        called = self.ask(words, mode=mode, response_model=get_weather)
        return {"name": asked.kind(called), "city": asked.kind(called.city)}

    def parallel(self):
        words, mode = said(asked.TWO_TOOLS), instructor.Mode.PARALLEL_TOOLS
        wanted = Iterable[get_weather | get_time]
        calls = list(self.ask(words, mode=mode, response_model=wanted))
        return {
            "names": sorted(asked.kind(call) for call in calls),
            "cities": [list(call.model_dump()) for call in calls],
        }

    def structured(self):
        return {"answer": asked.kind(self.ask(said(asked.SUM)).answer)}

    def image(self):
        seen = self.ask(said(asked.HI, asked.PICTURE), response_model=None)
        answer = self.ask(said(asked.SUM, asked.PICTURE)).answer
        return {
            "text": seen.choices[0].message.content,
            "answer": asked.kind(answer),
        }

    def errors(self):
        told = asked.faults(lambda words: self.ask(said(words)))
        key = asked.refused(lambda: self.ask(said(asked.HI), client=self.stranger))
        return {"key": key, **told}

    def disconnect(self):
        words = said(f"{asked.LONG} {self.job['run']}")
        stream = self.ask(words, response_model=None, stream=True)
        first = next(iter(stream))
        stream.close()
        endless = said(f"{asked.ENDLESS} {self.job['run']}")
        hasty = {"timeout": asked.PATIENCE_S, "response_model": None}
        return {
            "begun": first.object == "chat.completion.chunk",
            "left": asked.left(lambda: self.ask(endless, **hasty)),
        }


if __name__ == "__main__":
    asked.play(Session)
