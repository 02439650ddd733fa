import pytest

from routing.quality.text import prompt_echo, repetition_loop, unclosed_code_fence
from tests.builders import make_completion, make_request, make_tool_use

LOOPS = {
    "english": "Hence the unit square covers the whole circle. ",
    "paragraphs": "So we try again.\nThat does not help either.\n\n",
    "cyrillic": "Поэтому мы пробуем ещё раз. ",
    "arabic": "ولذلك نحاول مرة أخرى من جديد. ",
    "chinese": "因此我们再试一次这个方法。",
    "hindi": "इसलिए हम फिर से कोशिश करते हैं। ",
}


def fires(veto, text, request=None, **draft):
    return veto(request or make_request(), make_completion(text, **draft))


class TestCodeFence:
    @pytest.mark.parametrize(
        "text",
        [
            "Here:\n```python\nprint(1)\n",
            "Here:\n```python",
            "```python\na\n```\nand\n````c++\nb",
            "1. First:\n\n   ~~~\n   a\n   ~~~\n\n   ```sh\n   b",
            "> ```json\n> {",
            "- ``` rust\n  fn main",
            "例えば\n```js\n四",
        ],
    )
    def test_a_block_that_never_closes_is_vetoed(self, text):
        assert fires(unclosed_code_fence, text)

    @pytest.mark.parametrize(
        "text",
        [
            "4",
            "Use `x` or ``y``.",
            "```python\nprint(1)\n```",
            "```python\nprint(1)\n```\nThat is all.",
            "```python\nfence = '```'\n```",
            '```python\nDOC = """\n```\n"""\n```\nDone.',
            "```markdown\n# Title\n```bash\npip install x\n```\nMore\n```\nDone.",
            "````md\n```python\nx\n````",
            "~~~md\n```python\n~~~",
            "- ```python\n  x\n  ```",
            "Here is the code: ```python\nx = 1\n```\nDone.",
            "print(1)\n```\nThat completes the function.",
            "```\nbare and open",
            "Fences such as ```python open a block.",
            "A fence is written ```\nand closed alike.",
            "```python\nx = 1```",
            '{"markdown": "```python\\nprint(1)"}',
        ],
    )
    def test_what_may_be_closed_is_not(self, text):
        assert not fires(unclosed_code_fence, text)

    def test_a_client_may_close_the_fence_itself(self):
        text = "```python\nprint(1)\n"
        assert not fires(unclosed_code_fence, text, stop_reason="stop_sequence")

    def test_text_before_a_tool_call_is_no_final_text(self):
        content = [{"type": "text", "text": "```sh\nls\n"}, make_tool_use()]
        assert not fires(unclosed_code_fence, "", content=content)


class TestRepetition:
    @pytest.mark.parametrize("unit", LOOPS.values(), ids=LOOPS)
    def test_a_sentence_without_end_is_vetoed(self, unit):
        assert fires(repetition_loop, "Let us see. " + unit * 60)

    @pytest.mark.parametrize("unit", LOOPS.values(), ids=LOOPS)
    def test_a_loop_may_end_within_its_sentence(self, unit):
        assert fires(repetition_loop, unit * 60 + unit[: len(unit) // 2])

    @pytest.mark.parametrize("unit", LOOPS.values(), ids=LOOPS)
    def test_a_refrain_is_not_a_loop(self, unit):
        assert not fires(repetition_loop, "Let us see. " + unit * 9)

    def test_a_loop_that_the_text_left_again_is_not_vetoed(self):
        text = LOOPS["english"] * 60 + "That was the exercise you asked for."
        assert not fires(repetition_loop, text)

    @pytest.mark.parametrize(
        "unit",
        [
            "0, ",
            "ha ",
            "-",
            "the ",
            "| not available | not available | not available |\n",
            "│ nicht verfügbar │ nicht verfügbar │\n",
            '{"name": "unknown", "value": null, "unit": "metre"},\n',
            "INSERT INTO places VALUES ('unknown', NULL, NULL);\n",
            "* The requested information is not available.\n",
            "<td>The requested information is not available.</td>\n",
            "    total = add the next value to the total\n",
            "The reading of the sensor at that hour was 0 degrees.\n",
            ". . . . . . . . . . . . . . . . . . . . . .x\n",
            "🟥🟧🟨🟩🟦🟪🟫⬛⬜🟥🟧\n",
        ],
    )
    def test_rows_of_data_may_repeat(self, unit):
        assert not fires(repetition_loop, unit * 200)

    def test_a_numbered_list_is_no_loop(self):
        text = "".join(
            f"{n}. The sentiment of this review is positive.\n" for n in range(200)
        )
        assert not fires(repetition_loop, text)

    @pytest.mark.parametrize(
        "fields",
        [
            {"text": "Write 'I must not talk in the school library' 100 times."},
            {"system": "Say: I must not talk in the school library."},
        ],
    )
    def test_lines_the_client_asked_for_may_repeat(self, fields):
        request = make_request(**fields)
        text = "I must not talk in the school library\n" * 100
        assert not fires(repetition_loop, text, request)
        assert fires(repetition_loop, text)

    def test_an_ending_often_said_makes_no_loop(self):
        text = "".join(f"{n}, as the old song of the sea has it " for n in range(900))
        assert not fires(repetition_loop, text)

    def test_words_between_the_repeats_make_no_loop(self):
        text = "".join(f"Hence the square covers {word} circle. " for word in WORDS)
        assert not fires(repetition_loop, text)


WORDS = [a + b for a in ("this ", "that ", "a ", "my ") for b in "abcdefghijklmnop"]
PROMPT = (
    "Explain in two sentences why the sky is blue at noon and red in the evening, "
    "for a child of seven."
)


class TestEcho:
    @pytest.mark.parametrize(
        "text",
        [PROMPT, f'  "{PROMPT}"\n', PROMPT.upper(), PROMPT.replace(" ", "\n")],
    )
    def test_the_prompt_again_is_vetoed(self, text):
        assert fires(prompt_echo, text, make_request(PROMPT))

    def test_dense_scripts_are_measured_fairly(self):
        prompt = "请用两句话向一个七岁的孩子解释为什么天空中午是蓝色的而傍晚是红色的。"
        assert fires(prompt_echo, prompt, make_request(prompt))

    def test_an_answer_may_quote_the_prompt(self):
        text = f"You asked: {PROMPT} Well, blue light is scattered more."
        assert not fires(prompt_echo, text, make_request(PROMPT))
        assert not fires(prompt_echo, PROMPT[:60], make_request(PROMPT))

    @pytest.mark.parametrize("greeting", ["Hello!", "Good morning to you all.", "4"])
    def test_a_greeting_may_come_back(self, greeting):
        assert not fires(prompt_echo, greeting, make_request(greeting))

    def test_a_system_prompt_may_ask_for_the_text_as_it_is(self):
        request = make_request(PROMPT, system="Correct the user's grammar.")
        assert not fires(prompt_echo, PROMPT, request)

    def test_a_system_message_may_ask_for_the_text_as_it_is(self):
        messages = [
            {"role": "system", "content": "Correct the user's grammar."},
            {"role": "user", "content": PROMPT},
        ]
        assert not fires(prompt_echo, PROMPT, make_request(messages=messages))

    def test_an_earlier_turn_may_ask_for_the_text_as_it_is(self):
        messages = [
            {"role": "user", "content": "Correct the grammar of what I send next."},
            {"role": "assistant", "content": "Please do."},
            {"role": "user", "content": PROMPT},
        ]
        assert not fires(prompt_echo, PROMPT, make_request(messages=messages))

    def test_a_text_of_unusual_length_is_not_compared(self):
        prompt = PROMPT * 2_000
        assert not fires(prompt_echo, prompt, make_request(prompt))
