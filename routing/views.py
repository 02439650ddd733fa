"""The addresses under /v1/: parse, plan, run, respond."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from metrics.identifiers import new_request_id
from routing import (
    account,
    feedback,
    memory,
    model_list,
    openai_model_list,
    rules,
    throttles,
)
from routing.account_log import AccountDecision
from routing.api import ApiView, body_of, force_of
from routing.connection import ClientConnection
from routing.decision_log import Decision
from routing.dialects import DIALECTS, dialect_of, spoken_at
from routing.errors import ClientGone, NotFound
from routing.limits import bounds
from routing.model_list import Listed
from routing.prompt_size import estimated_prompt_tokens
from routing.responses import (
    empty_response,
    plain_response,
    respond,
    with_limits,
)
from routing.settling import CLIENT_CLOSED_REQUEST, read_whole
from routing.snapshot import holder
from routing.types import CascadePlan, ChatRequest, Dialect, Target
from routing.uploads import upload_of

logger = logging.getLogger(__name__)


class MessagesView(ApiView):
    """`POST /v1/messages`."""

    def post(self, request: Request) -> HttpResponseBase:
        """Return the answer of the draft or the verifier."""
        snapshot = holder.get()
        limits = self.key_of(request).limits
        # Its upload is the client's time, not ours.
        body = body_of(request, limits.max_body_bytes)
        decision = Decision(self.key_of(request), snapshot)
        chat = self.chat_request(request, body)
        plan = rules.plan_for(
            chat, self.key_of(request), snapshot, force=force_of(request)
        )
        bounds.check(chat, self.key_of(request))
        let_in = throttles.admit(chat, plan, self.key_of(request), snapshot)
        return self._answer(request, chat, plan, decision=decision, let_in=let_in)

    @staticmethod
    def _answer(
        request: Request,
        chat: ChatRequest,
        plan: CascadePlan,
        *,
        decision: Decision,
        let_in: throttles.Pass | None,
    ) -> HttpResponseBase:
        connection = None
        if let_in is not None:
            decision.on_closed = let_in.settle
        try:
            recalled = memory.recall(chat, plan, decision.key_id)
            connection = ClientConnection(request.META)
            response = respond(
                chat,
                plan,
                judge=rules.judge_of(plan, decision.snapshot),
                recalled=recalled,
                decision=decision,
                connection=connection,
            )
        except BaseException:
            if connection is not None:
                connection.release()
            if let_in is not None:
                let_in.cancel()
            raise
        told = dialect_of(chat).limit_headers(let_in.headers) if let_in else {}
        return with_limits(response, told)


class CountTokensView(ApiView):
    """`POST /v1/messages/count_tokens`: the verifier counts; never a decision."""

    def post(self, request: Request) -> HttpResponseBase:
        """Return the count of the model that would answer without a draft."""
        key = self.key_of(request)
        body = body_of(request, key.limits.max_body_bytes)
        chat = self.chat_request(request, body)
        plan = rules.plan_for(chat, key, holder.get())
        if plan.verifier.provider.dialect != "anthropic":  # nobody there counts
            return _json({"input_tokens": estimated_prompt_tokens(chat)})
        return forward(chat, plan.verifier, request)


class ModelsView(ApiView):
    """`GET /v1/models`, and one model by name."""

    def get(self, request: Request, model: str = "") -> HttpResponseBase:
        """Return the models this key may ask for, or what is known of one.

        The provider that owns a model is asked where we know less of it, or nothing.
        """
        snapshot = holder.get()
        models = model_list.models_for(self.key_of(request), snapshot)
        may_ask = not model or self.key_of(request).may_ask(model)
        if may_ask and spoken_at(request.path_info, request.META) == "openai":
            return _json(openai_model_list.answer(model, models, snapshot), "openai")
        if not model:
            return _json(model_list.page(models.values(), request._request.GET))
        known = models.get(model)
        if known is not None and not known.shipped:
            return _json(known.as_entry())
        # What is no name could lead to other addresses.
        if not may_ask or not model_list.is_name(model):
            raise NotFound(f"Not found: {request.path}")
        target = rules.target_for(model, snapshot)
        if target.provider.dialect != "anthropic":  # it lists models otherwise
            return _json(Listed(id=model, display_name=model).as_entry())
        return forward(self.bare_request(request, model), target, request)


class FeedbackView(ApiView):
    """`POST /v1/cascade/feedback`: what the client says of an answer it got."""

    def post(self, request: Request) -> HttpResponseBase:
        """Return what was taken down; see `routing.feedback`."""
        body = body_of(request, feedback.MAX_BODY_BYTES)
        said = feedback.parse(body)
        recorded = feedback.take(said, self.key_of(request))
        told = {"type": "feedback", "decision_id": said.decision_id}
        return _json(told | {"recorded": recorded})


class AccountView(ApiView):
    """Everything else under /v1/: the account behind us, for keys that may reach it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find who calls. Raises NotFound for an address that could lead elsewhere."""
        passable = account.is_passable(request.path_info)
        if not passable and request.method != "OPTIONS":  # a browser may ask beforehand
            raise NotFound(f"Not found: {request.path}")
        super().initial(request, *args, **kwargs)

    def pass_on(self, request: Request) -> HttpResponseBase:
        """Return the account's answer, whatever the method."""
        account.require_access(
            self.key_of(request), request.method or "", request.path_info
        )
        chat = self.bare_request(request, "")
        account.require_own_account(chat)
        snapshot = holder.get()
        provider = rules.account_for(
            snapshot, takes_client_credentials=chat.credential is not None
        )
        throttles.admit_to_account(
            self.key_of(request), snapshot, simulated=provider.simulated
        )
        passage = account.Passage(
            chat=chat,
            target=Target(provider=provider, model=""),
            upload=upload_of(request),
            base_url=f"{request.scheme}://{request.META.get('HTTP_HOST', '')}",
        )
        endpoint = account.endpoint_of(request.path_info)
        return account.pass_on(
            passage,
            decision=AccountDecision(self.key_of(request), provider, endpoint),
            connection=ClientConnection(request.META),
        )

    get = post = put = patch = delete = pass_on


def _json(value: dict[str, Any], dialect: Dialect = "anthropic") -> HttpResponse:
    named = (DIALECTS[dialect].REQUEST_ID, new_request_id())
    headers = (("content-type", "application/json"), named)
    return plain_response(200, headers, msgspec.json.encode(value))


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
        return empty_response(CLIENT_CLOSED_REQUEST)
    finally:
        connection.release()
    if target.provider.simulated:
        response.headers["x-cascade-simulated"] = "true"
    logger.info("%s %s: %d", request.method, request.path, reply.status)
    return response


def hello(request: HttpRequest) -> HttpResponse:
    """Return 200 to clients that ask, without a key, whether anybody is there."""
    del request
    return empty_response(200)
