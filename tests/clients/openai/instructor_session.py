"""`python instructor_session.py JOB`: what instructor reads, as JSON."""

import json
import sys

import instructor
import openai
from pydantic import BaseModel
from sdk_session import said


class Answer(BaseModel):
    """The answer."""

    answer: int


def read(job):
    raw = openai.OpenAI(base_url=f"{job['url']}/v1", api_key=job["key"])
    told = {}
    for name, mode in {
        "tools": instructor.Mode.TOOLS,
        "structured": instructor.Mode.JSON_SCHEMA,
    }.items():
        client = instructor.from_openai(raw, mode=mode)
        answer = client.chat.completions.create(
            model=job["model"],
            messages=[said("What is 2+2?")],
            response_model=Answer,
            max_retries=0,
        )
        told[name] = {"answer": type(answer.answer).__name__}
    return told


if __name__ == "__main__":
    json.dump(read(json.loads(sys.argv[1])), sys.stdout)  # noqa: TID251
