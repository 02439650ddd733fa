from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError
from django.utils import timezone

from metrics import lines, loader
from metrics.journal import Journal
from metrics.models import RoutingDecision
from metrics.text_models import KeptText, TextReading
from metrics.types import Passage
from tests.metrics.builders import make_id, make_record, make_text

pytestmark = pytest.mark.django_db
PAGE = f"/d/{make_id(1)}"
SEES_ALL = ("view_routingdecision", "view_kepttext")


@pytest.fixture
def kept(tmp_path):
    """Loads one decision of now and its text."""

    def load(*, of=None, **changes):
        writer = Journal(tmp_path / "kept")
        moment = {"started_at": timezone.now()}
        writer.append(lines.encode(make_record(**moment | (of or {}))))
        writer.append(lines.encode_text(make_text(**changes)))
        writer.close()
        assert loader.load_once(tmp_path / "kept").loaded == 1

    return load


@pytest.fixture
def staff(client, django_user_model):
    def sign_in(*codenames):
        user = django_user_model.objects.create_user("globex", is_staff=True)
        for codename in codenames:
            user.user_permissions.add(Permission.objects.get(codename=codename))
        client.force_login(user)
        return client

    return sign_in


def body_of(client):
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def test_prompt_and_both_answers_are_shown_with_what_differs(kept, staff):
    kept()
    text = body_of(staff(*SEES_ALL))
    assert "What is 2 + 2?" in text
    assert "It is <del>five</del>." in text
    assert "It is <ins>four</ins>." in text
    assert "63.6 % of the text is in both" in text


def test_a_single_answer_is_shown_alone(kept, staff):
    kept(verifier=None)
    text = body_of(staff(*SEES_ALL))
    assert "It is five." in text
    assert "<del>Struck" not in text
    assert "It was not asked, or did not answer." in text


def test_equal_answers_are_called_so(kept, staff):
    kept(draft="It is four.")
    assert "wrote the same, to the letter" in body_of(staff(*SEES_ALL))


@pytest.mark.parametrize(
    ("of", "returned"),
    [
        ({"served_model": "draft-small"}, "Draft: draft-small"),
        ({"served_model": "verifier-large"}, "Verifier"),
    ],
)
def test_it_says_which_answer_was_returned(kept, staff, of, returned):
    kept(of=of)
    text = " ".join(body_of(staff(*SEES_ALL)).split())
    assert f'{returned} <span class="returned">returned</span></h4>' in text
    assert text.count('class="returned"') == 1


@pytest.mark.parametrize("codenames", [SEES_ALL, ("view_routingdecision",)])
def test_every_look_is_written_down_and_only_who_may_read_looks(kept, staff, codenames):
    kept()
    client = staff(*codenames)
    for looks in (1, 2):
        text = body_of(client)
        readings = TextReading.objects.values_list("by", "decision_id", "rule")
        if codenames == SEES_ALL:
            assert list(readings) == [("globex", make_id(1), "default")] * looks
        else:
            assert "What is 2 + 2?" not in text
            assert "It is f" not in text
            assert "takes the permission to view kept text" in text
            assert not readings


def test_nothing_is_shown_that_could_not_be_written_down(kept, staff, monkeypatch):
    def locked(**_fields):
        raise DatabaseError("database is locked")

    kept()
    monkeypatch.setattr(TextReading.objects, "create", locked)
    text = body_of(staff(*SEES_ALL))
    assert "could not be written down" in unescape(text)
    assert "What is 2 + 2?" not in text


def test_a_page_without_text_writes_no_look_down(load, staff):
    load(make_record(started_at=timezone.now()))
    text = body_of(staff(*SEES_ALL))
    assert "The rule default kept no text of this decision" in text
    assert not TextReading.objects.exists()


def test_it_says_when_text_would_have_been_deleted(load, staff, settings):
    settings.CASCADE_TEXT_RETENTION_DAYS = 3
    load(make_record(started_at=timezone.now() - timedelta(days=4)))
    assert "was deleted after 3 days" in body_of(staff(*SEES_ALL))


def test_without_a_rule_it_says_that_only_rules_keep_text(load, staff):
    load(make_record(rule=""))
    assert "only rules keep text" in body_of(staff(*SEES_ALL))


def test_hostile_text_runs_nothing_and_hides_nothing(kept, staff):
    evil = '</pre><script>alert("x")</script>\u202eabc\u2066\x1b[2J\x00<img onerror=x>'
    kept(
        draft=f"{evil} one",
        verifier=f"{evil} two",
        prompt=(Passage(by=f"user{evil}", text=evil),),
    )
    text = body_of(staff(*SEES_ALL))
    assert "<script>alert" not in text
    assert "<img onerror" not in text
    for hidden in ("\u202e", "\u2066", "\x1b", "\x00"):
        assert hidden not in text
    assert "\u27e8U+202E\u27e9abc\u27e8U+2066\u27e9\u27e8U+001B\u27e9[2J" in text


def test_text_is_kept_in_no_cache(kept, staff):
    kept()
    assert "no-store" in staff(*SEES_ALL).get(PAGE)["Cache-Control"]


def test_text_is_in_no_list_and_no_file(kept, admin_client):
    kept(
        draft="planted secret",
        verifier="planted secret",
        prompt=(Passage(by="user", text="planted secret"),),
    )
    pk = RoutingDecision.objects.get().pk
    for url in (
        "/admin/",
        "/admin/metrics/routingdecision/",
        f"/admin/metrics/routingdecision/{pk}/change/",
        "/admin/metrics/textreading/",
        "/reports/",
        "/reports/live.json?after=0",
        "/reports/decisions.csv?simulated=all",
        "/reports/decisions.jsonl?simulated=all",
        "/metrics",
    ):
        response = admin_client.get(url)
        assert response.status_code == 200
        assert b"planted secret" not in response.getvalue()
    assert KeptText.objects.count() == 1
    assert not TextReading.objects.exists()
