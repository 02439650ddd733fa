"""X: the client says who must answer."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import message, request, stream

_STREAM: dict[str, Any] = {"body": request(stream=True), "answer": stream()}


def _row(number: str, what: str, word: str, **case: Any) -> Case:
    usual = {"body": request(), "answer": message()}
    return Case(
        id=f"X{number}",
        what=f"x-cascade: {what}",
        source="x-cascade",
        headers=(("x-cascade", word),),
        withheld=frozenset({"x-cascade"}),
        client="globex",
        force=word,  # type: ignore[arg-type]
        **usual | case,
    )


CASES = (
    _row("001", "off", "off"),
    _row("002", "off, streamed", "off", **_STREAM),
    _row("003", "verifier", "verifier"),
    _row("004", "verifier, streamed", "verifier", **_STREAM),
    _row("005", "draft", "draft", ways=("accepting", "escalating")),
    _row(
        "006", "draft, streamed", "draft", ways=("accepting", "escalating"), **_STREAM
    ),
)
