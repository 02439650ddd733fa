"""`python langchain_session.py`: what langchain-openai reads, as JSON."""

import asked
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return asked.DEGREES if city else ""


@tool
def get_time(city: str) -> str:
    """The time in a city."""
    return f"{len(city)} o'clock"


class Answer(BaseModel):
    """The answer."""

    answer: int


class Session:
    def __init__(self, job):
        self.job = job
        self.chat = self.model()

    def model(self, **more):
        common = {"model": self.job["model"], "api_key": self.job["key"]}
        base_url = f"{self.job['url']}/v1"
        return ChatOpenAI(base_url=base_url, **{**common, **more})

    def text(self):
        return {"text": self.chat.invoke(asked.HI).content}

    def stream(self):
        return {"text": "".join(p.content for p in self.chat.stream(asked.HI))}

    def tools(self):
        able = self.chat.bind_tools([get_weather])
        messages = [HumanMessage(asked.ONE_TOOL)]
        called = able.invoke(messages)
        (call,) = called.tool_calls
        told = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
        return {
            "finish": called.response_metadata["finish_reason"],
            "name": call["name"],
            "city": asked.kind(call["args"]["city"]),
            "text": able.invoke([*messages, called, told]).content,
        }

    def parallel(self):
        able = self.chat.bind_tools([get_weather, get_time])
        return asked.gathered(
            (part["index"], part["name"], part["args"])
            for piece in able.stream(asked.TWO_TOOLS)
            for part in piece.tool_call_chunks
        )

    def structured(self):
        able = self.chat.with_structured_output(Answer, method="json_schema")
        return {"answer": asked.kind(able.invoke(asked.SUM).answer)}

    def image(self):
        words = HumanMessage(asked.said(asked.HI, asked.PICTURE)["content"])
        return {"text": self.chat.invoke([words]).content}

    def errors(self):
        told = asked.faults(lambda words: self.chat.invoke(words))
        stranger = self.model(api_key="sk-cascade-wrong")
        return {"key": asked.refused(lambda: stranger.invoke(asked.HI)), **told}

    def disconnect(self):
        stream = self.chat.stream(f"{asked.LONG} {self.job['run']}")
        first = next(stream)
        stream.close()
        hasty = self.model(timeout=asked.PATIENCE_S, max_retries=0)
        endless = f"{asked.ENDLESS} {self.job['run']}"
        return {
            "begun": first.type == "AIMessageChunk",
            "left": asked.left(lambda: hasty.invoke(endless)),
        }


if __name__ == "__main__":
    asked.play(Session)
