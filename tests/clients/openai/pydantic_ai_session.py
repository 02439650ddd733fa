"""`python pydantic_ai_session.py`: what pydantic-ai reads, as JSON."""

import asyncio
import base64

import asked
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def get_weather(city: str) -> str:
    """The weather in a city."""
    return asked.DEGREES if city else ""


def get_time(city: str) -> str:
    """The time in a city."""
    return f"{len(city)} o'clock"


class Answer(BaseModel):
    """The answer."""

    answer: int


class Session:
    def __init__(self, job):
        self.job = job
        self.model = self.known_by(job["key"])
        self.agent = Agent(self.model)

    def known_by(self, key):
        provider = OpenAIProvider(base_url=f"{self.job['url']}/v1", api_key=key)
        return OpenAIChatModel(self.job["model"], provider=provider)

    def ask(self, words, agent=None, **more):
        return asyncio.run((agent or self.agent).run(words, **more))

    def text(self):
        return {"text": self.ask(asked.HI).output}

    def stream(self):
        return {"text": "".join(asyncio.run(self.pieces(asked.HI)))}

    async def pieces(self, words, most=None):
        told = []
        async with self.agent.run_stream(words) as result:
            async for piece in result.stream_text(delta=True, debounce_by=None):
                told.append(piece)
                if len(told) == most:
                    break
        return told

    def tools(self):
        run = self.ask(asked.ONE_TOOL, Agent(self.model, tools=[get_weather]))
        (call,) = calls_in(run)
        return {
            "name": call.tool_name,
            "city": asked.kind(call.args_as_dict()["city"]),
            "text": run.output,
        }

    def parallel(self):
        agent = Agent(self.model, tools=[get_weather, get_time])
        calls = calls_in(asyncio.run(streamed(agent, asked.TWO_TOOLS)))
        return {
            "names": sorted(call.tool_name for call in calls),
            "cities": [list(call.args_as_dict()) for call in calls],
        }

    def structured(self):
        agent = Agent(self.model, output_type=NativeOutput(Answer))
        return {"answer": asked.kind(self.ask(asked.SUM, agent).output.answer)}

    def image(self):
        picture = BinaryContent(base64.b64decode(asked.PNG), media_type="image/png")
        return {"text": self.ask([asked.HI, picture]).output}

    def errors(self):
        told = asked.faults(lambda words: self.ask(words))
        stranger = Agent(self.known_by("sk-cascade-wrong"))
        return {"key": asked.refused(lambda: self.ask(asked.HI, stranger)), **told}

    def disconnect(self):
        first = asyncio.run(self.pieces(f"{asked.LONG} {self.job['run']}", most=1))
        self.model.client.max_retries = 0
        endless = f"{asked.ENDLESS} {self.job['run']}"
        hasty = {"model_settings": {"timeout": asked.PATIENCE_S}}
        return {
            "begun": bool(first),
            "left": asked.left(lambda: self.ask(endless, **hasty)),
        }


async def streamed(agent, words):
    async with agent.run_stream(words) as run:
        await run.get_output()
    return run


def calls_in(run):
    parts = [part for message in run.all_messages() for part in message.parts]
    return [part for part in parts if isinstance(part, ToolCallPart)]


if __name__ == "__main__":
    asked.play(Session)
