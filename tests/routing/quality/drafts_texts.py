"""What drafts say, by hand, in eight languages. See `drafts_table.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language: a prompt, answers to it that are fine, and parts of bad ones."""

    prompt: str
    answer: str
    short: str
    refusal: str
    hedging: str
    introduction: str
    loop: str
    cut: str


PHRASES = {
    "english": Phrases(
        prompt="Explain in two sentences why the sky is blue at noon and red in the "
        "evening, for a child of seven.",
        answer="Sunlight holds all colours, and the air throws blue about most of all. "
        "In the evening the light comes a longer way and only red is left.",
        short="Paris",
        refusal="I can't help with making that poison. If someone has swallowed one, "
        "please call a poison centre.",
        hedging="It might be a sparrow, though I am not sure: perhaps a finch.",
        introduction="Here is the program you asked for:",
        loop="Hence the square covers the whole circle again. ",
        cut="The three most important reasons are the light, the air and the",
    ),
    "german": Phrases(
        prompt="Erkläre einem siebenjährigen Kind in zwei Sätzen, warum der Himmel "
        "mittags blau und abends rot ist.",
        answer="Im Sonnenlicht stecken alle Farben, und die Luft verstreut das Blaue "
        "am meisten. Abends ist der Weg länger, und nur das Rote bleibt übrig.",
        short="Nein.",
        refusal="Dabei kann ich leider nicht helfen, denn das wäre gefährlich. Ich "
        "erkläre dir aber gern, wie man sich schützt.",
        hedging="Vielleicht ist es eine Meise, ganz sicher bin ich mir aber nicht.",
        introduction="Hier ist das gewünschte Programm:",
        loop="Also versuchen wir es noch einmal von vorn. ",
        cut="Die drei wichtigsten Gründe sind das Licht, die Luft und der",
    ),
    "french": Phrases(
        prompt="Explique en deux phrases à un enfant de sept ans pourquoi le ciel est "
        "bleu à midi et rouge le soir.",
        answer="La lumière du soleil contient toutes les couleurs, et l'air disperse "
        "surtout le bleu. Le soir, elle fait un plus long chemin : il reste le rouge.",
        short="Oui",
        refusal="Je ne peux pas vous aider à fabriquer cela. Un pharmacien saura vous "
        "conseiller sans danger.",
        hedging="C'est peut-être un merle, mais je n'en suis pas certain.",
        introduction="Voici le programme demandé :",
        loop="Donc nous essayons encore une fois de plus. ",
        cut="Les trois raisons principales sont la lumière, l'air et la",
    ),
    "spanish": Phrases(
        prompt="Explica en dos frases a un niño de siete años por qué el cielo es azul "
        "al mediodía y rojo por la tarde.",
        answer="La luz del sol tiene todos los colores y el aire reparte sobre todo el "
        "azul. Por la tarde el camino es más largo y solo queda el rojo.",
        short="¡Sí!",
        refusal="Lo siento, no puedo ayudar con eso. En una emergencia, llama al 112.",
        hedging="Quizás sea un gorrión, aunque no estoy seguro del todo.",
        introduction="Aquí está el programa:",
        loop="Por lo tanto lo intentamos una vez más. ",
        cut="Las tres razones principales son la luz, el aire y la",
    ),
    "portuguese": Phrases(
        prompt="Explique em duas frases a uma criança de sete anos por que o céu é "
        "azul ao meio-dia e vermelho ao entardecer.",
        answer="A luz do sol tem todas as cores, e o ar espalha sobretudo o azul. À "
        "tarde o caminho é mais longo e só sobra o vermelho.",
        short="42 km",
        refusal="Desculpe, não posso ajudar com isso, porque seria perigoso.",
        hedging="Talvez seja um pardal, mas não tenho certeza.",
        introduction="Aqui está o programa pedido:",
        loop="Portanto tentamos mais uma vez do começo. ",
        cut="As três razões principais são a luz, o ar e a",
    ),
    "russian": Phrases(
        prompt="Объясни в двух предложениях семилетнему ребёнку, почему небо днём "
        "синее, а вечером красное.",
        answer="В солнечном свете есть все цвета, и воздух сильнее всего рассеивает "
        "синий. Вечером путь света длиннее, и остаётся только красный.",
        short="Да",
        refusal="Извините, я не могу в этом помочь: это опасно для людей.",
        hedging="Возможно, это воробей, но я не уверен.",
        introduction="Вот программа, которую вы просили:",
        loop="Поэтому мы пробуем ещё раз сначала. ",
        cut="Три главные причины — это свет, воздух и",
    ),
    "chinese": Phrases(
        prompt="请用两句话向一个七岁的孩子解释为什么天空中午是蓝色的而傍晚是红色的。",
        answer="阳光里有各种颜色，空气把蓝色散得最开。傍晚光走的路更长，只剩下红色。",
        short="北京",
        refusal="抱歉，我无法帮助制作这种东西，因为它很危险。",
        hedging="这可能是一只麻雀，不过我不太确定。",
        introduction="这是您要的程序：",
        loop="因此我们再从头试一次这个方法。",
        cut="最重要的三个原因是光、空气和",
    ),
    "japanese": Phrases(
        prompt="七歳の子どもに、昼の空が青く夕方の空が赤い理由を二つの文で説明してください。",
        answer="太陽の光にはすべての色があり、空気は青をいちばん散らします。夕方は光の道が"
        "長くなり、赤だけが残ります。",
        short="はい",
        refusal="申し訳ありませんが、危険なのでお手伝いできません。",
        hedging="たぶんスズメですが、はっきりとは分かりません。",
        introduction="ご希望のプログラムです。",
        loop="したがってもう一度最初からやり直します。",
        cut="主な三つの理由は、光と空気と",
    ),
}
