"""`python pydantic_ai_session.py JOB`: what pydantic-ai reads, as JSON."""

import asyncio
import json
import sys
from importlib.metadata import version

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

# When and in which run something happened, not what it was.
OF_THE_RUN = {"conversation_id", "run_id", "timestamp"}


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"{len(city)} degrees"


def without_the_run(value):
    if isinstance(value, list):
        return [without_the_run(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: v for name, v in value.items() if name not in OF_THE_RUN}
    return {name: without_the_run(v) for name, v in kept.items()}


def messages_of(result):
    return without_the_run(json.loads(result.all_messages_json()))  # noqa: TID251


async def whole(agent, prompt):
    result = await agent.run(prompt)
    return {"output": result.output, "messages": messages_of(result)}


async def streamed(agent, prompt):
    async with agent.run_stream(prompt) as result:
        pieces = [piece async for piece in result.stream_text(delta=True)]
        return {"pieces": "".join(pieces), "messages": messages_of(result)}


async def read(job):
    provider = AnthropicProvider(api_key=job["key"], base_url=job["url"])
    model = AnthropicModel(job["model"], provider=provider)
    agent = Agent(model, model_settings={"max_tokens": 500})
    able = Agent(model, model_settings={"max_tokens": 500}, tools=[get_weather])
    return {
        "version": version("pydantic-ai-slim"),
        "whole": await whole(agent, job["text"]),
        "streamed": await streamed(agent, job["text"]),
        "tools": await whole(able, job["tools"]),
    }


if __name__ == "__main__":
    job = json.loads(sys.argv[1])  # noqa: TID251  this program knows nothing of ours
    json.dump(asyncio.run(read(job)), sys.stdout)
