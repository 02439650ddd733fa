from metrics.types import Usage
from routing.simulator import cache
from routing.simulator.cache import PromptCache
from routing.simulator.prompt_blocks import prompt_blocks

LONG = "x" * 8000


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def marked(text, ttl="5m"):
    mark = {"type": "ephemeral", "ttl": ttl}
    return {"type": "text", "text": text, "cache_control": mark}


def prompt(*parts):
    return prompt_blocks({"messages": [{"role": "user", "content": list(parts)}]})


def test_an_unmarked_prompt_is_plain_input():
    blocks = prompt({"type": "text", "text": LONG})
    usage = PromptCache(Clock()).charge("draft-small", "acme", blocks)
    assert usage == Usage(input_tokens=2000)


def test_the_first_call_writes_and_the_second_reads():
    prompts, blocks = PromptCache(Clock()), prompt(marked(LONG))
    first = prompts.charge("draft-small", "acme", blocks)
    second = prompts.charge("draft-small", "acme", blocks)
    assert first == Usage(cache_write_5m_tokens=2000)
    assert second == Usage(cache_read_tokens=2000)


def test_a_grown_conversation_reads_what_was_marked_before():
    prompts = PromptCache(Clock())
    prompts.charge("draft-small", "acme", prompt(marked(LONG)))
    grown = prompt({"type": "text", "text": LONG}, marked("y" * 400))
    usage = prompts.charge("draft-small", "acme", grown)
    assert usage == Usage(cache_read_tokens=2000, cache_write_5m_tokens=100)


def test_a_changed_prefix_reads_nothing():
    prompts = PromptCache(Clock())
    prompts.charge("draft-small", "acme", prompt(marked(LONG)))
    usage = prompts.charge("draft-small", "acme", prompt(marked("z" + LONG)))
    assert usage.cache_read_tokens == 0


def test_models_and_keys_do_not_share():
    prompts, blocks = PromptCache(Clock()), prompt(marked(LONG))
    prompts.charge("draft-small", "acme", blocks)
    for model, key in (("draft-small", "globex"), ("verifier-large", "acme")):
        assert prompts.charge(model, key, blocks).cache_read_tokens == 0


def test_entries_end_with_their_time_and_reading_prolongs_them():
    clock = Clock()
    prompts, blocks = PromptCache(clock), prompt(marked(LONG))
    prompts.charge("draft-small", "acme", blocks)
    for _ in range(3):
        clock.now_s += 200
        read = prompts.charge("draft-small", "acme", blocks)
        assert read.cache_read_tokens == 2000
    clock.now_s += 301
    assert prompts.charge("draft-small", "acme", blocks).cache_read_tokens == 0


def test_a_long_lived_mark_is_written_as_such_and_lives_an_hour():
    clock = Clock()
    prompts = PromptCache(clock)
    blocks = prompt(marked(LONG, "1h"), marked("y" * 400))
    first = prompts.charge("draft-small", "acme", blocks)
    assert first == Usage(cache_write_1h_tokens=2000, cache_write_5m_tokens=100)
    clock.now_s += 3000
    second = prompts.charge("draft-small", "acme", blocks)
    assert second == Usage(cache_read_tokens=2000, cache_write_5m_tokens=100)


def test_a_short_prompt_is_not_cached():
    prompts, blocks = PromptCache(Clock()), prompt(marked("short"))
    for _ in range(2):
        assert prompts.charge("draft-small", "acme", blocks) == Usage(input_tokens=2)


def test_the_oldest_entries_make_room(monkeypatch):
    monkeypatch.setattr(cache, "MAX_ENTRIES", 2)
    prompts = PromptCache(Clock())
    for letter in "abc":
        prompts.charge("draft-small", "acme", prompt(marked(letter * 8000)))
    usage = prompts.charge("draft-small", "acme", prompt(marked("a" * 8000)))
    assert usage.cache_read_tokens == 0
