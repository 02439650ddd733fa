"""The addresses of OpenAI's dialect: as the others, but for how a request is read."""

from __future__ import annotations

from routing.dialects import openai
from routing.views import MessagesView


class ChatView(MessagesView):
    """`POST /v1/chat/completions`."""

    read = staticmethod(openai.parse_request)


class ResponsesView(MessagesView):
    """`POST /v1/responses`: passed on to the model's provider, never judged."""

    read = staticmethod(openai.parse_responses_request)
