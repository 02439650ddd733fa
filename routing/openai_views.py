"""The addresses of OpenAI's dialect: as the others, but for how a request is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import ClassVar

from rest_framework.request import Request

from routing.api import headers_of, own_credential
from routing.dialects import openai
from routing.types import ChatRequest
from routing.views import MessagesView

ReadRequest = Callable[..., ChatRequest]


class _OpenAIView(MessagesView):
    """A view whose clients speak OpenAI's dialect."""

    read: ClassVar[ReadRequest]

    def chat_request(self, request: Request, body: bytes) -> ChatRequest:
        """Return the request as the dialect reads it. Raises ClientError."""
        chat = type(self).read(
            body,
            headers=headers_of(request),
            query=request.META.get("QUERY_STRING", ""),
            path=request.path_info,
        )
        credential = own_credential(request)
        return dataclasses.replace(chat, credential=credential) if credential else chat


class ChatView(_OpenAIView):
    """`POST /v1/chat/completions`."""

    read = staticmethod(openai.parse_request)


class ResponsesView(_OpenAIView):
    """`POST /v1/responses`: passed on to the model's provider, never judged."""

    read = staticmethod(openai.parse_responses_request)
