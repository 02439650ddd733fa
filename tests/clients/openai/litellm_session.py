"""`python litellm_session.py JOB`: what litellm reads as a client, as JSON."""

import json
import sys

import litellm
from sdk_session import CLOCK, FORMAT, WEATHER, said


def read(job):
    common = {
        "model": f"openai/{job['model']}",
        "api_base": f"{job['url']}/v1",
        "api_key": job["key"],
    }

    def ask(words, **more):
        return litellm.completion(messages=[said(words)], **common, **more)

    pieces = ask("Say hi", stream=True)
    text = "".join(p.choices[0].delta.content or "" for p in pieces if p.choices)
    called = ask("Use the get_weather tool.", tools=[WEATHER, CLOCK]).choices[0]
    structured = ask("What is 2+2?", response_format=FORMAT).choices[0]
    return {
        "text": {"text": ask("Say hi").choices[0].message.content},
        "stream": {"text": text},
        "tools": {
            "finish": called.finish_reason,
            "name": called.message.tool_calls[0].function.name,
        },
        "structured": {"keys": list(json.loads(structured.message.content))},  # noqa: TID251
    }


if __name__ == "__main__":
    litellm.drop_params = True
    json.dump(read(json.loads(sys.argv[1])), sys.stdout)  # noqa: TID251
