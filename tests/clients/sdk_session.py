"""`python sdk_session.py JOB`: what the official SDK reads, as JSON.

Run with the SDK's own Python, old and new. It knows nothing of the proxy: a job is an
address, a key, and the requests to send there.
"""

import json
import sys

import anthropic


def plain(value):
    """A value of the SDK as the JSON it holds, keys it does not know included."""
    return value.to_dict(mode="json")


def created(client, request):
    raw = client.messages.with_raw_response.create(**request)
    message = raw.parse()
    return {
        "message": plain(message),
        "request_id": message._request_id,
        "headers": dict(raw.headers.items()),
    }


def iterated(client, request):
    """The older way to stream: events from `create`."""
    with client.messages.create(**request, stream=True) as events:
        return [plain(event) for event in events]


def streamed(client, request):
    with client.messages.stream(**request) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
        return {
            "text": text,
            "message": plain(message),
            "headers": dict(stream.response.headers.items()),
        }


def answered(client, request):
    """One request in each way there is."""
    return {
        "create": created(client, request),
        "events": iterated(client, request),
        "stream": streamed(client, request),
    }


def with_results(request, message):
    """The next turn: what was said, and the results of the tools it called."""
    uses = [block for block in message["content"] if block["type"] == "tool_use"]
    results = [
        {
            "type": "tool_result",
            "tool_use_id": use["id"],
            "content": json.dumps(use["input"]),
        }
        for use in uses
    ]
    turns = [
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": results},
    ]
    return {**request, "messages": [*request["messages"], *turns]}


def conversation(client, request):
    """The answer; after calls of tools, that to their results too."""
    first = answered(client, request)
    message = first["create"]["message"]
    if message["stop_reason"] != "tool_use":
        return [first]
    return [first, answered(client, with_results(request, message))]


def asking(model, **more):
    question = {"role": "user", "content": "How many tokens are these?"}
    return {"model": model, "messages": [question], **more}


def outcome(client, request, way):
    """An answer, or the error that came in its place."""
    try:
        return {"create": created, "stream": streamed}[way](client, request)
    except Exception as error:  # noqa: BLE001  whatever a program would have to catch
        return {
            "error": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "body": getattr(error, "body", None),
            "request_id": getattr(error, "request_id", None),
        }


def listed(client):
    paged = [model.id for model in client.models.list(limit=2)]
    whole = client.models.list(limit=1000).data
    return {"paged": paged, "whole": [model.id for model in whole]}


def read(job):
    client = anthropic.Anthropic(base_url=job["url"], api_key=job["key"])
    answers = {
        name: conversation(client, request) for name, request in job["requests"].items()
    }
    faulty = client.with_options(api_key=job["faulty_key"], max_retries=job["retries"])
    stranger = client.with_options(api_key=job["wrong_key"])
    spender = client.with_options(api_key=job["spent_key"], max_retries=2)
    model = job["requests"]["text"]["model"]
    counted = client.messages.count_tokens(**asking(model))
    return {
        "version": anthropic.__version__,
        "answers": answers,
        "faults": {
            name: outcome(faulty, request, name.split()[-1])
            for name, request in job["faults"].items()
        },
        "wrong key": outcome(stranger, asking(model, max_tokens=9), "create"),
        "spent key": outcome(spender, asking(model, max_tokens=9), "create"),
        "count_tokens": counted.input_tokens,
        "models": listed(client),
        "model": client.models.retrieve(model).display_name,
    }


if __name__ == "__main__":
    job = json.loads(sys.argv[1])  # noqa: TID251  this program knows nothing of ours
    json.dump(read(job), sys.stdout)
