"""What travels inside the simulator: what was asked, what is answered, how it is sent.

Frozen, and the same for both wire shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Headers = tuple[tuple[str, str], ...]
Tier = Literal["low", "mid", "high"]
ChoiceKind = Literal["auto", "any", "tool", "none"]
CacheTtl = Literal["5m", "1h"]


def tokens(chars: int) -> int:
    """Return how many tokens `chars` characters count as: four to one, rounded up."""
    return -(-chars // 4)


class Rejected(Exception):
    """The request gets an error; `error_type` is Anthropic's name for it."""

    def __init__(
        self, status: int, error_type: str, message: str, headers: Headers = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message
        self.headers = headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it came; header names keep their spelling."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    keep_alive: bool = True

    def header(self, name: str) -> str:
        """Return the values of `name`, whatever its case, joined by ", "; else ""."""
        wanted = name.lower()
        return ", ".join(v for n, v in self.headers if n.lower() == wanted)

    @property
    def credential(self) -> str:
        """The API key, from `x-api-key` or a bearer token; "" without either."""
        bearer = self.header("authorization").removeprefix("Bearer ").strip()
        return self.header("x-api-key") or bearer


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Body bytes and the seconds to wait before sending them."""

    data: bytes
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer in its own time.

    `chunked` frames each chunk by itself, otherwise the length of all is declared.
    `ending`: "end" is proper, "cut" closes after the last chunk without the framing's
    end, "reset" sends a TCP reset. `declared_length` overrules the length of the
    chunks, so that a body can stay behind its promise.
    """

    status: int
    headers: Headers
    chunks: tuple[Chunk, ...] = ()
    chunked: bool = False
    ending: Literal["end", "cut", "reset"] = "end"
    head_delay_s: float = 0.0
    declared_length: int | None = None

    @property
    def body(self) -> bytes:
        """All body bytes at once."""
        return b"".join(chunk.data for chunk in self.chunks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event as bytes; `paced` ones wait for the time of a token."""

    data: bytes
    paced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool of the client that can be called by schema."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice:
    """Whether tools may, must or must not be called; `name` with kind "tool" only."""

    kind: ChoiceKind = "auto"
    name: str = ""
    parallel: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptBlock:
    """A part of the prompt in cache order; `ttl` is None without a cache mark."""

    content: bytes
    chars: int
    ttl: CacheTtl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a request asks for, freed of its wire shape.

    `prompt` is the text of the last user turn. `tool_result` is None unless the last
    turn carries one. `max_tokens` None means no limit. `digest` depends on the seed
    and on all of the body but `stream` and `metadata`, so that an answer is the same
    streamed and whole. `fields` is the parsed body.
    """

    model: str
    tier: Tier
    prompt: str
    digest: bytes
    stream: bool = False
    max_tokens: int | None = None
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice = ToolChoice()
    tool_result: str | None = None
    schema: Mapping[str, Any] | None = None
    show_thinking: bool = False
    stop_sequences: tuple[str, ...] = ()
    blocks: tuple[PromptBlock, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A block of text."""

    text: str

    @property
    def chars(self) -> int:
        """Its size for usage."""
        return len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """A block of reasoning with a signature that no real model would accept."""

    thinking: str
    signature: str

    @property
    def chars(self) -> int:
        """Its size for usage."""
        return len(self.thinking)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A call of a client's tool. `input_json` is what the model wrote as arguments."""

    id: str
    name: str
    input: Mapping[str, Any]
    input_json: str

    @property
    def chars(self) -> int:
        """Its size for usage."""
        return len(self.name) + len(self.input_json)


Block = Text | Thinking | ToolUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model says and why it stopped, in Anthropic's words."""

    blocks: tuple[Block, ...]
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None

    @property
    def output_tokens(self) -> int:
        """Everything written, thinking included; at least 1 unless nothing was."""
        return tokens(sum(block.chars for block in self.blocks))

    @property
    def thinking_tokens(self) -> int:
        """The part of `output_tokens` spent on thinking."""
        return tokens(sum(b.chars for b in self.blocks if isinstance(b, Thinking)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a simulator behaves for all requests.

    `latency_s` passes before the first byte of a chat answer, `token_s` before each
    piece of text. `fault` is a fault's name with tier and value, "" for none.
    `api_key` "" accepts every credential.
    """

    seed: int = 7
    latency_s: float = 0.0
    token_s: float = 0.0
    fault: str = ""
    api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.latency_s < 0 or self.token_s < 0:
            raise ValueError("latencies are not negative")
