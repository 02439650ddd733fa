"""Who sends the demo's traffic, and how drafts fare with it. Made up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A kind of traffic: who asks for what, how much of it, and how drafts fare.

    `endings` weighs accepted, escalated, not eligible, aborted and failed.
    """

    weight: int
    key: str
    tag: str
    rule: str
    verifier: str
    draft: str
    prompt_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    cached_share: float
    endings: tuple[int, int, int, int, int]


STREAMS = (
    Stream(
        weight=45,
        key="acme",
        tag="support",
        rule="claude-opus-5-5",
        verifier="claude-opus-5-5",
        draft="claude-haiku-5-5",
        prompt_tokens=(600, 4000),
        output_tokens=(80, 700),
        cached_share=0.3,
        endings=(79, 15, 3, 2, 1),
    ),
    Stream(
        weight=30,
        key="globex",
        tag="batch",
        rule="claude-sonnet-5-5",
        verifier="claude-sonnet-5-5",
        draft="claude-haiku-5-5",
        prompt_tokens=(1500, 9000),
        output_tokens=(150, 1200),
        cached_share=0.0,
        endings=(70, 25, 2, 2, 1),
    ),
    Stream(
        weight=15,
        key="acme",
        tag="agent",
        rule="claude-opus-5-5",
        verifier="claude-opus-5-5",
        draft="claude-haiku-5-5",
        prompt_tokens=(20_000, 140_000),
        output_tokens=(200, 900),
        cached_share=0.95,
        endings=(50, 22, 24, 3, 1),
    ),
    Stream(
        weight=10,
        key="globex",
        tag="",
        rule="",
        verifier="claude-sonnet-5-5",
        draft="",
        prompt_tokens=(400, 3000),
        output_tokens=(60, 500),
        cached_share=0.1,
        endings=(0, 0, 96, 2, 2),
    ),
)
