import pytest

from routing.simulator.prompts import (
    checked_model,
    decoded,
    digest_of,
    last_prompt,
    pieces,
    strings_of,
    text_of,
)
from routing.simulator.values import Rejected
from tests.routing.simulator.builders import fields_for


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_rejected(body):
    with pytest.raises(Rejected) as rejected:
        decoded(body)
    assert rejected.value.status == 400


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": 5},
        {"model": "m"},
        {"model": "m", "messages": []},
        {"model": "m", "messages": ["x"]},
    ],
)
def test_a_body_without_model_or_messages_is_rejected(fields):
    with pytest.raises(Rejected):
        checked_model(fields)


def test_the_digest_ignores_how_the_answer_is_sent():
    assert digest_of(fields_for(stream=True), 7) == digest_of(fields_for(), 7)
    assert digest_of(fields_for(), 8) != digest_of(fields_for(), 7)
    assert digest_of(fields_for("other"), 7) != digest_of(fields_for(), 7)


def test_notes_of_the_client_are_not_the_prompt():
    note = {"type": "text", "text": "<system-reminder>be brief</system-reminder>"}
    content = [note, {"type": "text", "text": "Say hi"}, {"type": "image"}]
    assert text_of(content) == "Say hi"


def test_the_last_user_turn_is_the_prompt():
    messages = [
        {"role": "user", "content": "first"},
        {"role": "user", "content": "second"},
        {"role": "system", "content": "aside"},
    ]
    assert last_prompt(messages) == "second"
    assert last_prompt([{"role": "system", "content": "aside"}]) == ""


@pytest.mark.parametrize(
    "text", ["one two, three\n", '{"a":1,"b":2}', "", "  x", "🙂 é"]
)
def test_pieces_join_to_the_text(text):
    assert "".join(pieces(text)) == text


def test_strings_come_from_one_or_a_list():
    assert strings_of("a") == ("a",)
    assert strings_of(["a", 5]) == ("a",)
    assert strings_of(None) == ()
