"""A closed loop through the whole product: what rules learn, and what they then do.

Desk tickets are sorted by models whose answers are made up; what is measured of them,
compared, labelled and learned is the product's own. `bench.loop` lives through the same
with recorded answers of real models.
"""

from __future__ import annotations

import random

import msgspec

from bench.loop.pairs import Pair
from bench.loop.story import Story
from bench.loop.town import town

TEAMS = {
    "billing": ("I was charged twice", "the invoice lacks our VAT number"),
    "shipping": ("the parcel never came", "tracking has shown nothing since Monday"),
    "returns": ("the lamp arrived broken", "the shoes are too small, I send them back"),
}
CUSTOMERS = ("Ada", "Bo", "Chidi", "Dunja", "Emre", "Farah", "Gil", "Hana", "Ivo")
GOODS = ("lamp", "shoes", "kettle", "desk", "bicycle", "tent", "radio", "coat")
TICKETS = 400
EACH_DAY = 20


def tickets() -> list[Pair]:
    """As many drafts are right as are wrong; by their form nothing tells them apart."""
    chooser = random.Random(3)  # noqa: S311
    return [ticket(number, chooser) for number in range(TICKETS)]


def ticket(number: int, chooser: random.Random) -> Pair:
    team = chooser.choice(list(TEAMS))
    as_good = number % 2 == 0
    others = [other for other in TEAMS if other != team]
    customer, goods = chooser.choice(CUSTOMERS), chooser.choice(GOODS)
    asked = (
        f"Ticket {number} of {customer} about a {goods}: {chooser.choice(TEAMS[team])}."
        " Which team takes it: billing, shipping or returns? Answer as JSON with the "
        "fields label and reason."
    )
    return Pair(
        messages=[{"role": "user", "content": asked}],
        tools=None,
        answers={
            "draft": said(team if as_good else chooser.choice(others), customer),
            # A second model that guesses: that it agrees says nothing.
            "second": said(chooser.choice(list(TEAMS)), customer),
            "verifier": said(team, customer),
        },
        as_good=as_good,
    )


def said(team: str, customer: str) -> dict[str, object]:
    answer = {"label": team, "reason": f"What {customer} writes is for this team."}
    text = msgspec.json.encode(answer).decode()
    return {
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 60, "output_tokens": 25},
    }


def test_rules_end_where_their_drafts_belong_and_notice_when_those_change():
    with town() as place:
        story = Story(place, tickets(), each_day=EACH_DAY, say=print)
        shares = story.nine_days()
        assert shares["good"] >= 0.85
        assert shares["poor"] <= 0.15
        (first, _), (second, _) = story.two_workers()
        assert first == second == "accepted"
        assert 0 < story.day_ten() <= 200
        assert story.a_restart() > 0
