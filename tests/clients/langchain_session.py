"""`python langchain_session.py JOB`: what langchain-anthropic reads, as JSON."""

import json
import sys
from importlib.metadata import version

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"{len(city)} degrees"


def plain(message):
    """A message without the number of the run that made it."""
    return message.model_dump(mode="json", exclude={"id"})


def whole(model, prompt):
    return plain(model.invoke(prompt))


def streamed(model, prompt):
    return [plain(chunk) for chunk in model.stream(prompt)]


def used_a_tool(model, prompt):
    """One turn of calls, the tools' results, and the answer."""
    able = model.bind_tools([get_weather])
    messages = [HumanMessage(prompt)]
    called = able.invoke(messages)
    results = [
        ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
        for call in called.tool_calls
    ]
    return [plain(called), plain(able.invoke([*messages, called, *results]))]


def read(job):
    model = ChatAnthropic(
        model=job["model"], base_url=job["url"], api_key=job["key"], max_tokens=500
    )
    return {
        "version": version("langchain-anthropic"),
        "whole": whole(model, job["text"]),
        "streamed": streamed(model, job["text"]),
        "tools": used_a_tool(model, job["tools"]),
    }


if __name__ == "__main__":
    job = json.loads(sys.argv[1])  # noqa: TID251  this program knows nothing of ours
    json.dump(read(job), sys.stdout)
