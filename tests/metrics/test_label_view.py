from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from metrics import labelling
from metrics.label_models import Label
from metrics.models import RoutingDecision
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db
PAGE = f"/d/{make_id(1)}"
URL = f"{PAGE}/label"


@pytest.fixture
def staff(client, django_user_model):
    """Signs somebody in who has some permissions."""

    def sign_in(*codenames, name="acme"):
        user = django_user_model.objects.create_user(name, is_staff=True)
        for codename in codenames:
            user.user_permissions.add(Permission.objects.get(codename=codename))
        client.force_login(user)
        return client

    return sign_in


def text_of(response):
    return unescape(response.content.decode())


def test_the_two_buttons_write_change_and_take_back_a_label(staff, load):
    load(make_record())
    client = staff("view_routingdecision", "add_label")
    for verdict, worse in [("fine", False), ("worse", True)]:
        response = client.post(URL, {"verdict": verdict})
        assert (response.status_code, response["Location"]) == (302, f"{PAGE}#labels")
        label = Label.objects.get()
        assert (label.worse, label.source, label.by) == (worse, "person", "acme")
        assert label.probability is None
    client.post(URL, {"verdict": "remove"})
    assert not Label.objects.exists()


def test_the_page_shows_who_said_what_and_which_button_is_mine(staff, load):
    load(make_record())
    decision = RoutingDecision.objects.get()
    labelling.record(decision, "person", "globex", worse=True)
    labelling.record(decision, "judge", "claude-opus-5-5", worse=False)
    client = staff("view_routingdecision", "add_label")
    text = text_of(client.get(PAGE))
    assert 'aria-pressed="true"' not in text
    for part in ("globex", "a person, on the decision's page", "claude-opus-5-5"):
        assert part in text
    client.post(URL, {"verdict": "fine"})
    text = text_of(client.get(PAGE))
    assert 'value="fine" aria-pressed="true"' in text
    assert "Take my label back" in text


@pytest.mark.parametrize(
    ("codenames", "status"),
    [
        ((), 403),
        (("add_label",), 403),
        (("view_routingdecision",), 403),
        (("view_routingdecision", "view_kepttext"), 403),
        (("view_routingdecision", "add_label"), 302),
    ],
)
def test_only_who_may_add_labels_writes_one(staff, load, codenames, status):
    load(make_record())
    response = staff(*codenames).post(URL, {"verdict": "fine"})
    assert response.status_code == status
    assert Label.objects.count() == (status == 302)


def test_who_may_not_label_sees_labels_and_no_buttons(staff, load):
    load(make_record())
    text = text_of(staff("view_routingdecision").get(PAGE))
    assert "Was it decided well?" in text
    assert "Draft was fine" not in text


def test_who_is_not_signed_in_writes_nothing(client, load):
    load(make_record())
    response = client.post(URL, {"verdict": "fine"})
    assert response["Location"].startswith("/admin/login/")
    assert not Label.objects.exists()


def test_a_forged_form_writes_nothing(admin_user, load):
    load(make_record())
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    assert browser.post(URL, {"verdict": "fine"}).status_code == 403
    browser.get(PAGE)
    token = browser.cookies["csrftoken"].value
    sent = {"verdict": "fine", "csrfmiddlewaretoken": token}
    assert browser.post(URL, sent).status_code == 302
    assert Label.objects.count() == 1


def test_a_link_writes_nothing(admin_client, load):
    load(make_record())
    assert admin_client.get(f"{URL}?verdict=fine").status_code == 405
    assert not Label.objects.exists()


@pytest.mark.parametrize("changes", [{"draft_model": ""}, {"confidence": None}])
def test_without_a_judged_draft_there_are_no_buttons(admin_client, load, changes):
    load(make_record(**changes))
    assert "Was it decided well?" not in text_of(admin_client.get(PAGE))
    response = admin_client.post(URL, {"verdict": "fine"}, follow=True)
    assert "No draft was judged, so there is nothing to label." in text_of(response)
    assert not Label.objects.exists()


def test_an_odd_verdict_and_an_odd_decision_write_nothing(admin_client, load):
    load(make_record())
    for verdict in ("", "excellent"):
        admin_client.post(URL, {"verdict": verdict})
    assert admin_client.post("/d/nobody/label", {"verdict": "fine"}).status_code == 404
    assert admin_client.post("/d/%00/label", {"verdict": "fine"}).status_code == 404
    assert not Label.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("escalated", "Right to escalate"), ("accepted", "Should have been escalated")],
)
def test_the_second_button_says_what_it_means_here(admin_client, load, outcome, words):
    load(make_record(outcome=outcome))
    assert words in text_of(admin_client.get(PAGE))
