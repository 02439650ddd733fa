"""Collects the text of a decision where its rule keeps it. Never an exception."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from metrics import text_recorder
from metrics.types import TextRecord
from routing.decision_log import Decision
from routing.drafting import Draft
from routing.encoding import is_compressed
from routing.readable import answer_of, prompt_of
from routing.sse import EventSplitter
from routing.streams import MessageFolder, parse_message
from routing.types import ChatRequest, Completion, Headers, Reply, RuleTerms

# An event a token, of about 120 bytes, is 256 KB of text.
MAX_READ_BYTES = 8 * 1024 * 1024
# Lists and objects, with the brackets in texts: each costs many times its bytes.
MAX_OPENINGS = 300_000
NOT_HEARD = "[the rest was too much to keep]"


class TextCollector:
    """What is to be kept of one decision under `rule`; kept once, when it has ended."""

    def __init__(self, rule: RuleTerms) -> None:
        self._rule = rule
        self._answer: _Answer | None = None

    def listen(self, reply: Reply, *, streamed: bool) -> Reply:
        """Return `reply`, which tells its body while it is read.

        What is compressed in a way we do not know is not listened to.
        """
        if is_compressed(reply.headers):
            return reply
        self._answer = _Streamed() if streamed else _Whole()
        return _HeardReply(reply, self._answer)

    def keep(
        self, request: ChatRequest, decision: Decision, draft: Draft | None
    ) -> None:
        """Write the text into the journal, after its decision. Never raises."""
        try:
            judged = draft.completion if draft else None
            text_recorder.current().keep(
                TextRecord(
                    decision_id=decision.id,
                    rule=self._rule.name,
                    kept_at=datetime.now(UTC),
                    prompt=prompt_of(request),
                    draft=answer_of(judged) if judged else None,
                    verifier=self._answer.text() if self._answer else None,
                )
            )
        except Exception as problem:  # noqa: BLE001  a decision never fails for its text
            text_recorder.current().lose(problem)


def collector_for(
    rule: RuleTerms, *, draw: Callable[[], float] = random.random
) -> TextCollector | None:
    """Return what collects the text of this decision; None when none is to be kept.

    That is left to chance where the rule keeps a share.
    """
    return TextCollector(rule) if draw() < rule.text_share else None


class _Answer:
    """An answer as it is heard, up to a bound; past it only its beginning is known."""

    def __init__(self) -> None:
        self._bytes = self._openings = 0
        self._deaf = False

    def hear(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        self._openings += chunk.count(b"[") + chunk.count(b"{")
        if self._bytes > MAX_READ_BYTES or self._openings > MAX_OPENINGS:
            self._deaf = True
        if self._deaf:
            return
        try:
            self._take(chunk)
        except Exception:  # noqa: BLE001  it must not break the answer it listens to
            self._deaf = True

    def text(self) -> str | None:
        """Return what was heard; None when no answer came."""
        told = self._completion()
        text = answer_of(told) if told else None
        return f"{text or ''}\n{NOT_HEARD}".strip() if self._deaf else text

    def _completion(self) -> Completion | None:
        raise NotImplementedError

    def _take(self, chunk: bytes) -> None:
        raise NotImplementedError


class _Streamed(_Answer):
    def __init__(self) -> None:
        super().__init__()
        self._splitter = EventSplitter()
        self._folder = MessageFolder()

    def _completion(self) -> Completion | None:
        return self._folder.completion()

    def _take(self, chunk: bytes) -> None:
        for event in self._splitter.feed(chunk):
            self._folder.add(event)


class _Whole(_Answer):
    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def _completion(self) -> Completion | None:
        return None if self._deaf else parse_message(b"".join(self._chunks))

    def _take(self, chunk: bytes) -> None:
        self._chunks.append(chunk)


class _HeardReply:
    """A reply as it is, each chunk of it heard before it is passed on."""

    def __init__(self, reply: Reply, answer: _Answer) -> None:
        self.status = reply.status
        self.headers: Headers = reply.headers
        self._reply = reply
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._reply:
            self._answer.hear(chunk)
            yield chunk

    def close(self) -> None:
        self._reply.close()
