from html import unescape

import pytest
from django.contrib import admin

from metrics import labelling
from metrics.label_models import Label
from metrics.models import RoutingDecision
from metrics.text_models import KeptText, TextReading
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db
LABELS, READINGS = "/admin/metrics/label/", "/admin/metrics/textreading/"


@pytest.fixture(autouse=True)
def _rows(load):
    load(make_record())
    labelling.record(RoutingDecision.objects.get(), "person", "acme", worse=True)
    TextReading.objects.create(by="globex", decision_id=make_id(1), rule="default")


def text_of(response):
    return unescape(response.content.decode())


def test_labels_are_listed_with_a_way_to_their_decision(admin_client):
    text = text_of(admin_client.get(LABELS))
    for part in ("acme", "a person, on the decision's page", f'href="/d/{make_id(1)}"'):
        assert part in text


def test_who_read_what_is_listed(admin_client):
    text = text_of(admin_client.get(f"{READINGS}?q=globex"))
    assert "globex" in text
    assert f'href="/d/{make_id(1)}"' in text
    assert make_id(1) not in text_of(admin_client.get(f"{READINGS}?q=acme"))


@pytest.mark.parametrize(("url", "model"), [(LABELS, Label), (READINGS, TextReading)])
def test_nothing_is_edited_there(admin_client, url, model):
    pk = model.objects.get().pk
    assert admin_client.get(f"{url}add/").status_code == 403
    assert admin_client.post(f"{url}{pk}/change/", {}).status_code == 403
    assert admin_client.post(f"{url}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert model.objects.count() == 1


def test_kept_text_has_no_page_in_admin(admin_client):
    assert not admin.site.is_registered(KeptText)


def test_deleting_a_user_deletes_no_entry(admin_client, django_user_model):
    user = django_user_model.objects.create_user("globex")
    user.delete()
    assert TextReading.objects.filter(by="globex").exists()
