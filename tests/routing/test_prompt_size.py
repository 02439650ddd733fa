from __future__ import annotations

import base64

import pytest

from routing.prompt_size import TOKENS_PER_MEDIUM, estimated_prompt_tokens
from tests.builders import make_request

IMAGE = base64.b64encode(bytes(range(256)) * 400).decode()


def image(data=IMAGE):
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return {"type": "image", "source": source}


def tokens(*blocks, **fields):
    messages = [{"role": "user", "content": list(blocks)}]
    return estimated_prompt_tokens(make_request(messages=messages, **fields))


def text(words):
    return {"type": "text", "text": words}


def test_three_and_a_half_bytes_are_a_token():
    short, long = tokens(text("")), tokens(text("x" * 3_500))
    assert long - short == 1_000


@pytest.mark.parametrize(
    "fields",
    [
        {"system": "x" * 3_500},
        {"tools": [{"name": "Read", "description": "x" * 3_500}]},
    ],
)
def test_system_prompt_and_tools_count(fields):
    assert 1_000 <= tokens(text(""), **fields) - tokens(text("")) < 1_020


def test_what_is_no_prompt_does_not_count():
    assert tokens(text(""), metadata={"user_id": "x" * 3_500}) == tokens(text(""))


def test_an_image_counts_as_one_whatever_its_size():
    one = tokens(image()) - tokens(image(""))
    assert abs(one - TOKENS_PER_MEDIUM) <= 2
    assert tokens(image(), image()) > 2 * TOKENS_PER_MEDIUM


def test_a_long_text_without_spaces_is_text():
    assert tokens(text("x" * 35_000)) > 10_000


def test_no_prompt_has_no_tokens_worth_counting():
    assert estimated_prompt_tokens(make_request(messages=[])) <= 1
