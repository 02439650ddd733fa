"""The addresses under /v1/: parse, plan, run, respond."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from routing import rules
from routing.api import ApiView, body_of
from routing.connection import ClientConnection
from routing.decision_log import Decision
from routing.errors import ClientGone, NotFound
from routing.responses import plain_response, respond
from routing.settling import CLIENT_CLOSED_REQUEST, read_whole
from routing.snapshot import holder
from routing.types import ChatRequest, Target

logger = logging.getLogger(__name__)


class MessagesView(ApiView):
    """`POST /v1/messages`."""

    def post(self, request: Request) -> HttpResponseBase:
        """Return the answer of the draft or the verifier."""
        snapshot = holder.get()
        body = body_of(request)  # its upload is the client's time, not ours
        decision = Decision(self.key_of(request), snapshot)
        chat = self.chat_request(request, body)
        plan = rules.plan_for(chat, self.key_of(request), snapshot)
        connection = ClientConnection(request.META)
        try:
            return respond(
                chat,
                plan,
                decision=decision,
                connection=connection,
            )
        except BaseException:
            connection.release()
            raise


class CountTokensView(ApiView):
    """`POST /v1/messages/count_tokens`: the verifier counts; never a decision."""

    def post(self, request: Request) -> HttpResponseBase:
        """Return the count of the model that would answer without a draft."""
        chat = self.chat_request(request, body_of(request))
        plan = rules.plan_for(chat, self.key_of(request), holder.get())
        return forward(chat, plan.verifier, request)


class ModelsView(ApiView):
    """`GET /v1/models`, and one model by name: what the provider says of them."""

    def get(self, request: Request, model: str = "") -> HttpResponseBase:
        """Return the answer of the provider that owns the model, or any unknown one."""
        if {".", ".."} & set(model.split("/")):  # it would lead to other addresses
            raise NotFound(f"Not found: {request.path}")
        wanted = model or "*"
        target = rules.target_for(wanted, holder.get())
        return forward(self.bare_request(request, wanted), target, request)


class UnknownView(ApiView):
    """Everything else under /v1/: nothing to see, with a key or without."""

    authentication_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise NotFound, whatever the method; a browser may ask beforehand."""
        del args, kwargs
        if request.method != "OPTIONS":
            raise NotFound(f"Not found: {request.path}")


def forward(chat: ChatRequest, target: Target, request: Request) -> HttpResponseBase:
    """Return the answer of `target` to a request that is no decision."""
    connection = ClientConnection(request.META)
    try:
        reply = connection.upstream.ask(chat, target)
        try:
            response = plain_response(reply.status, reply.headers, read_whole(reply))
        finally:
            reply.close()
    except ClientGone:
        return HttpResponse(status=CLIENT_CLOSED_REQUEST)
    finally:
        connection.release()
    if target.provider.simulated:
        response.headers["x-cascade-simulated"] = "true"
    logger.info("%s %s: %d", request.method, request.path, reply.status)
    return response


def hello(request: HttpRequest) -> HttpResponse:
    """Return 200 to clients that ask, without a key, whether anybody is there."""
    del request
    return HttpResponse(status=200)
