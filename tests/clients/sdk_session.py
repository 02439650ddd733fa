"""`python sdk_session.py URL KEY`: what the official SDK makes of a proxy, as JSON.

Run with the SDK's own Python, old and new; it knows nothing of the proxy.
"""

import json
import sys

import anthropic

TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
# What the simulated draft is good at, and what it fails at.
PROMPTS = {"accepted": "What is 2+2?", "escalated": "Prove that 2+2 is 4."}
CALLS = {
    "accepted": "Call get_weather: 2+2",
    "escalated": "Prove it: call get_weather.",
}
MODELS = {"accepted": "cascade-sdk", "escalated": "cascade-sdk", "plain": "plain-sdk"}


def ask(text, model, **more):
    message = {"role": "user", "content": text}
    return {"model": model, "max_tokens": 500, "messages": [message], **more}


def told(message, headers=None):
    """What a program would read from an answer."""
    return {
        "text": "".join(b.text for b in message.content if b.type == "text"),
        "tools": [[b.name, b.input] for b in message.content if b.type == "tool_use"],
        "stop_reason": message.stop_reason,
        "model": message.model,
        "output_tokens": message.usage.output_tokens,
        "outcome": headers.get("x-cascade-outcome") if headers else None,
    }


def created(client, **request):
    raw = client.messages.with_raw_response.create(**request)
    return told(raw.parse(), raw.headers) | {"request_id": raw.headers["request-id"]}


def streamed(client, **request):
    with client.messages.stream(**request) as stream:
        text = "".join(stream.text_stream)
        message = told(stream.get_final_message(), stream.response.headers)
    return message | {"streamed_text": text}


def iterated(client, **request):
    """The older way to stream: events from `create`."""
    with client.messages.create(**request, stream=True) as events:
        return [event.type for event in events]


def tool_loop(client, *, stream, **request):
    """Ask, run the tool, send its result, return both answers."""

    def turn():
        if not stream:
            return client.messages.create(**request)
        with client.messages.stream(**request) as events:
            return events.get_final_message()

    first = turn()
    uses = [block for block in first.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": use.id, "content": "17 degrees, 2+2"}
        for use in uses
    ]
    history = [
        {"role": "assistant", "content": [b.model_dump() for b in first.content]},
        {"role": "user", "content": results},
    ]
    request["messages"] = request["messages"] + history
    return [told(first), told(turn())]


def refused(client, **request):
    """The class and status of the error that a request ends with."""
    try:
        client.messages.create(**request)
    except anthropic.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "type": error.body["error"]["type"],
            "request_id": error.request_id,
        }
    return None


def streaming_refused(client, **request):
    try:
        streamed(client, **request)
    except anthropic.APIError as error:
        return {"class": type(error).__name__, "message": str(error)}
    return None


def scenarios(client, url):
    for outcome, model in MODELS.items():
        request = ask(PROMPTS.get(outcome, "Hi"), model)
        yield f"create {outcome}", created(client, **request)
        yield f"stream {outcome}", streamed(client, **request)
        yield f"events {outcome}", iterated(client, **request)
        call = ask(CALLS.get(outcome, CALLS["accepted"]), model, tools=[TOOL])
        yield f"tools {outcome}", tool_loop(client, stream=False, **call)
        yield f"streamed tools {outcome}", tool_loop(client, stream=True, **call)
    faulty = {"x-simulate": "overloaded"}
    request = ask("Hi", "plain-sdk", extra_headers=faulty)
    yield "overloaded", refused(client.with_options(max_retries=0), **request)
    faulty = {"x-simulate": "verifier:reset"}
    request = ask("[[chunks:40]]", "plain-sdk", extra_headers=faulty)
    yield "broken stream", streaming_refused(client, **request)
    stranger = anthropic.Anthropic(base_url=url, api_key="sk-cascade-wrong")
    yield "wrong key", refused(stranger, **ask("Hi", "plain-sdk"))
    counted = client.messages.count_tokens(
        model="plain-sdk", messages=[{"role": "user", "content": "Hi"}]
    )
    yield "count_tokens", counted.input_tokens
    yield "models", [model.id for model in client.models.list(limit=3)][:5]
    yield "model", client.models.retrieve("claude-opus-5-5").display_name


def main(url, key):
    client = anthropic.Anthropic(base_url=url, api_key=key)
    results = dict(scenarios(client, url))
    json.dump({"version": anthropic.__version__, **results}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
