"""`python langchain_session.py JOB`: what langchain-openai reads, as JSON."""

import json
import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"{len(city)} degrees"


def read(job):
    model = ChatOpenAI(
        model=job["model"], base_url=f"{job['url']}/v1", api_key=job["key"]
    )
    able = model.bind_tools([get_weather])
    messages = [HumanMessage("Use the get_weather tool.")]
    called = able.invoke(messages)
    results = [
        ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
        for call in called.tool_calls
    ]
    return {
        "text": {"text": model.invoke("Say hi").content},
        "stream": {"text": "".join(piece.content for piece in model.stream("Say hi"))},
        "tools": {
            "name": called.tool_calls[0]["name"],
            "text": able.invoke([*messages, called, *results]).content,
        },
    }


if __name__ == "__main__":
    json.dump(read(json.loads(sys.argv[1])), sys.stdout)  # noqa: TID251
