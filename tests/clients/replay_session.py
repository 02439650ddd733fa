"""`python replay_session.py`: what the official SDK reads from messages and streams.

Reads [[message, its events], ...] as JSON, writes [[whole, streamed], ...]: what the
SDK made of the message and of its events. Nothing is sent anywhere.
"""

import json
import sys

import anthropic

try:
    import httpx2 as httpx
except ImportError:  # before 2.0
    import httpx

ASK = {
    "model": "verifier-large",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hi"}],
}


def main():
    told = []
    for message, events in json.load(sys.stdin):
        whole = read(json.dumps(message), "application/json", streamed=False)
        streamed = read(events, "text/event-stream", streamed=True)
        told.append([whole, streamed])
    json.dump(told, sys.stdout)


def read(body, kind, *, streamed):
    """Return what a program sees of an answer with this body, beta and not."""

    def answer(request):
        return httpx.Response(
            200, headers={"content-type": kind}, content=body.encode()
        )

    http = httpx.Client(transport=httpx.MockTransport(answer))  # noqa: TID251  the SDK's
    with anthropic.Anthropic(api_key="k", http_client=http) as client:
        seen = []
        for messages in (client.messages, client.beta.messages):
            if streamed:
                with messages.stream(**ASK) as stream:
                    message = stream.get_final_message()
            else:
                message = messages.create(**ASK)
            seen.append(message.model_dump(mode="json", warnings=False))
        for block in (block for message in seen for block in message["content"]):
            block.pop("parsed_output", None)  # 0.x adds it to what was streamed
        return seen


main()
