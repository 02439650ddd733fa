import pytest

from routing.quality.structured import invalid_structured_output
from tests.builders import make_completion, make_request, make_tool_use

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
}
FORMAT = {"type": "json_schema", "schema": SCHEMA}
VALID = '{"answer": 4}'


def text(content):
    return {"type": "text", "text": content}


def fires(*blocks, declared=FORMAT):
    request = make_request(output_config={"format": declared})
    return invalid_structured_output(request, make_completion(content=list(blocks)))


@pytest.mark.parametrize(
    "content",
    [
        "The answer is 4.",
        '{"answer": 4',
        f"```json\n{VALID}\n```",
        '{"answer": "4"}',
        '{"Answer": 4}',
        "[4]",
        "",
    ],
)
def test_text_against_the_declared_schema_is_vetoed(content):
    assert fires(text(content))


def test_the_older_field_declares_too():
    request = make_request(output_format=FORMAT)
    assert invalid_structured_output(request, make_completion("Four."))
    assert not invalid_structured_output(request, make_completion(VALID))


@pytest.mark.parametrize("content", [VALID, f"\n{VALID}\n", '{"answer":4,"why":"四"}'])
def test_text_of_the_declared_schema_is_valid(content):
    assert not fires(text(content))


def test_an_introduction_may_come_in_a_block_of_its_own():
    assert not fires(text("Let me count."), text(VALID))
    assert not fires(text('{"answer":'), text(" 4}"))
    assert fires(text(VALID), text("That is all."))


def test_a_tool_call_is_not_the_final_text_yet():
    assert not fires(text("Let me look."), make_tool_use())


def test_without_a_declaration_any_text_is_fine():
    assert not invalid_structured_output(make_request(), make_completion("Four."))


@pytest.mark.parametrize("declared", [None, "json", [], {"type": "grammar"}])
def test_other_formats_promise_nothing_we_know(declared):
    assert not fires(text("Four."), declared=declared)


@pytest.mark.parametrize("schema", [None, "object", 7])
def test_without_a_schema_json_is_all_that_is_asked(schema):
    declared = {"type": "json_schema", "schema": schema}
    assert not fires(text(VALID), declared=declared)
    assert fires(text("Four."), declared=declared)


def test_an_odd_output_config_declares_nothing():
    request = make_request(output_config="json")
    assert not invalid_structured_output(request, make_completion("Four."))


@pytest.mark.parametrize("content", ["1e999", "[" * 100_000 + "]" * 100_000])
def test_json_beyond_our_means_is_not_vetoed(content):
    assert not fires(text(content))


def test_a_text_that_is_no_text_is_not_json():
    assert fires({"type": "text", "text": None})
