"""`python pydantic_ai_session.py JOB`: what pydantic-ai reads, as JSON."""

import asyncio
import json
import sys

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"{len(city)} degrees"


async def read(job):
    provider = OpenAIProvider(base_url=f"{job['url']}/v1", api_key=job["key"])
    model = OpenAIChatModel(job["model"], provider=provider)
    agent = Agent(model)
    whole = await agent.run("Say hi")
    async with agent.run_stream("Say hi") as result:
        pieces = [piece async for piece in result.stream_text(delta=True)]
    used = await Agent(model, tools=[get_weather]).run("Use the get_weather tool.")
    return {
        "text": {"text": whole.output},
        "stream": {"text": "".join(pieces)},
        "tools": {"text": used.output},
    }


if __name__ == "__main__":
    job = json.loads(sys.argv[1])  # noqa: TID251
    json.dump(asyncio.run(read(job)), sys.stdout)
