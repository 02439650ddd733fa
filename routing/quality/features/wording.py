"""Words that tell something of a draft on some routes and nothing on others.

In eight languages (English, German, French, Spanish, Portuguese, Russian, Chinese,
Japanese). None of them is a sign of a bad answer as such: the gate of each rule learns
which way a word counts there, if any.
"""

from __future__ import annotations

import re
from collections import Counter

from routing.quality.features.reading import Reading, has, holds, length

NAMES = (
    "words_refusal",
    "words_hedging",
    "words_correction",
    "words_assumption",
    "words_approximation",
    "words_conclusion",
    "words_negation_asked",
    "words_asks_back",
    "words_filler",
    "words_placeholder",
    "words_leaked_reasoning",
    "words_role_leak",
)

_I = re.IGNORECASE
_BEGINNING, _END, _ASKED = 300, 400, 400

_REFUSAL = re.compile(
    r"\bI(?:'m| am)? (?:cannot|can't|can not|sorry|unable|not able|apologi[sz]e)"
    r"|\bas an AI\b|es tut mir leid|kann ich (?:leider )?nicht"
    r"|je (?:ne peux pas|suis désolé)"
    r"|lo siento|no puedo|desculpe|não posso|извините|не могу|抱歉|无法|不能"
    r"|申し訳|できません",
    _I,
)
# Counted as whole words; in scripts without spaces as parts of the text.
_HEDGING = (
    "might may perhaps possibly probably likely seems seem appears appear vielleicht "
    "wahrscheinlich peut probablement quizá quizás probablemente talvez provavelmente "
    "возможно вероятно",
    "可能 也许 かもしれ おそらく たぶん",
)
_CORRECTION = (
    "wait actually correction however mistake recheck eigentlich jedoch cependant "
    "embargo realidad verdade однако",
    "其实 不过 等等 しかし 実は",
)
_ASSUMPTION = (
    "assume assuming assumed assumption suppose supposing guess guessing annehmen "
    "angenommen supposons supongamos suponha предположим",
    "假设 假定 仮定",
)
_APPROXIMATION = (
    "approx approximately about roughly closest ungefähr etwa environ aproximadamente "
    "примерно",
    "≈ 大约 約",
)
_CONCLUSION = (
    "therefore thus hence daher folglich donc ainsi portanto следовательно "
    "поэтому ответ",
    "因此 所以 答案 したがって 答え",
)
_NEGATION = (
    "not except never least nicht außer sauf excepto exceto кроме",
    "n't 不 除了 ない 以外",
)
_ASKS_BACK = re.compile(
    r"\b(?:could you|can you|please (?:provide|specify|clarify)|would you like|"
    r"which one|"
    r"könnten sie|bitte geben|pourriez-vous|podría|por favor,? (?:indi|proporci|forne)|"
    r"poderia|уточните|не могли бы)\b|请提供|请问|教えて|でしょうか",
    _I,
)
_FILLER = re.compile(
    r"^\W*(?:sure|certainly|of course|here is|here's|here are|okay|ok|great|"
    r"natürlich|gerne|hier ist|bien sûr|voici|claro|por supuesto|aquí|aqui|"
    r"конечно|вот)\b|^\W*(?:好的|当然|はい|もちろん)",
    _I,
)
_PLACEHOLDER = (
    "lorem ipsum",
    "[your ",
    "[insert",
    "<your ",
    "<insert",
    "your_api",
    "rest of the code",
    "rest of the function",
    "implementation here",
    "\n...\n",
)
_UPPER_PLACEHOLDER = ("TODO", "FIXME", "XXX")
_LEAK = (
    "<think",
    "</think",
    "<thought",
    "<reasoning",
    "<scratchpad",
    "<reflection",
    "the user is asking",
    "the user wants",
    "the user asked",
)
_ROLE = ("<|", "[INST]", "[/INST]", "</s>", "\nHuman: ", "\nUser: ", "\nAssistant: ")


_Words = tuple[frozenset[str], tuple[str, ...]]


def _vocabulary(words: str, parts: str) -> _Words:
    return frozenset(words.split()), tuple(parts.split())


_VOCABULARIES: dict[str, _Words] = {
    "words_hedging": _vocabulary(*_HEDGING),
    "words_correction": _vocabulary(*_CORRECTION),
    "words_assumption": _vocabulary(*_ASSUMPTION),
    "words_approximation": _vocabulary(*_APPROXIMATION),
    "words_conclusion": _vocabulary(*_CONCLUSION),
}
_NEGATIONS = _vocabulary(*_NEGATION)


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of wording by name."""
    text = reading.text
    lowered = text.lower()
    ends = f"{text[:_BEGINNING]}\n{text[-_END:]}"
    words = Counter(reading.words)
    asked = Counter(reading.prompt_words[:_ASKED])
    return {
        "words_refusal": has(_REFUSAL, text[: 2 * _BEGINNING]),
        **{
            name: _said(vocabulary, words, text)
            for name, vocabulary in _VOCABULARIES.items()
        },
        "words_negation_asked": _said(_NEGATIONS, asked, reading.prompt[:2_000]),
        "words_asks_back": has(_ASKS_BACK, ends),
        "words_filler": has(_FILLER, text[:80]),
        "words_placeholder": holds(_PLACEHOLDER, lowered)
        or holds(_UPPER_PLACEHOLDER, text),
        "words_leaked_reasoning": holds(_LEAK, lowered),
        "words_role_leak": holds(_ROLE, text),
    }


def _said(vocabulary: _Words, words: Counter[str], text: str) -> float:
    whole, parts = vocabulary
    count = sum(words[word] for word in whole)
    return length(count + sum(map(text.count, parts)))
