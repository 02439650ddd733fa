from routing.simulator.prompt_blocks import prompt_blocks

MARK = {"type": "ephemeral"}


def test_the_order_is_tools_system_messages():
    blocks = prompt_blocks(
        {
            "messages": [{"role": "user", "content": "third"}],
            "system": "second",
            "tools": [{"name": "first"}],
        }
    )
    found = [
        word in b.content
        for word, b in zip((b"first", b"second", b"third"), blocks, strict=True)
    ]
    assert found == [True, True, True]


def test_a_mark_is_read_and_is_no_part_of_the_content():
    tool = {"name": "Bash"}
    bare, marked = prompt_blocks({"tools": [tool, {**tool, "cache_control": MARK}]})
    assert (bare.ttl, marked.ttl) == (None, "5m")
    assert bare.content == marked.content


def test_a_mark_of_the_body_is_on_the_last_block():
    messages = [{"role": "user", "content": "hi"}]
    fields = {
        "system": "s",
        "messages": messages,
        "cache_control": {**MARK, "ttl": "1h"},
    }
    assert [block.ttl for block in prompt_blocks(fields)] == [None, "1h"]


def test_an_image_counts_by_itself_and_not_by_its_base64():
    image = {"type": "image", "source": {"type": "base64", "data": "A" * 100_000}}
    (block,) = prompt_blocks({"messages": [{"role": "user", "content": [image]}]})
    assert block.chars < 10_000


def test_strange_parts_are_counted_and_not_refused():
    messages = [{"role": "user", "content": [5, {"type": "new", "x": 1}]}]
    assert len(prompt_blocks({"messages": messages, "tools": "none"})) == 2
