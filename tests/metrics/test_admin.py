import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from metrics import admin
from metrics.models import ModelPrice, RoutingDecision
from metrics.types import Usage
from tests.metrics.builders import MOMENT, make_call, make_id, make_record
from tests.metrics.plans import plan

pytestmark = pytest.mark.django_db
LIST = "/admin/metrics/routingdecision/"
PRICES = "/admin/metrics/modelprice/"


@pytest.fixture
def decision(load):
    load(
        make_record(
            calls=(make_call(), make_call(role="verifier", usage=None, status=None)),
            outcome="escalated",
            reason="veto:cut_off",
            cost_nusd=12_000_000,
        )
    )
    return RoutingDecision.objects.get()


def listed(client, **query):
    response = client.get(LIST, query)
    assert response.status_code == 200
    return response.context["cl"].result_count


def test_staff_without_permission_sees_nothing(client, django_user_model):
    staff = django_user_model.objects.create_user("acme", is_staff=True)
    client.force_login(staff)
    assert client.get(LIST).status_code == 403
    assert client.get(PRICES).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_routingdecision"))
    assert client.get(LIST).status_code == 200


def test_nobody_adds_changes_or_deletes_a_decision(admin_client, decision):
    assert admin_client.get(LIST + "add/").status_code == 403
    assert admin_client.post(f"{LIST}{decision.pk}/delete/").status_code == 403
    assert admin_client.post(f"{LIST}{decision.pk}/change/").status_code == 403
    assert RoutingDecision.objects.get() == decision


def test_a_row_is_readable(admin_client, decision):
    text = admin_client.get(LIST).content.decode()
    for part in ("escalated, veto:cut_off", "$0.0120", "-$0.001200", "1,200 / 300"):
        assert part in text
    assert 'class="figure loss"' in text


def test_the_page_of_a_decision_tells_every_call(admin_client, decision):
    text = admin_client.get(f"{LIST}{decision.pk}/change/").content.decode()
    for part in (make_id(1), "verifier", "$0.000270", "840 ms", "prior", "0.85"):
        assert part in text


def test_a_request_to_an_account_endpoint_is_listed_as_one(admin_client, load):
    load(make_record(outcome="account", endpoint="files", requested_model="", calls=()))
    assert "account endpoint, files" in admin_client.get(LIST).content.decode()
    pk = RoutingDecision.objects.get().pk
    assert admin_client.get(f"{LIST}{pk}/change/").status_code == 200


def test_a_decision_without_a_draft_reads_well(admin_client, load):
    load(make_record(outcome="pass_through", confidence=None, signals={}, status=529))
    pk = RoutingDecision.objects.get().pk
    text = admin_client.get(f"{LIST}{pk}/change/").content.decode()
    assert "No draft was judged." in text
    assert "pass-through, status 529" in text


def test_a_decision_is_found_by_its_whole_id_only(admin_client, decision):
    assert listed(admin_client, q=decision.decision_id) == 1
    assert listed(admin_client, q=decision.decision_id[:-1]) == 0


def test_filters_narrow_the_list(admin_client, load):
    now = timezone.now()
    load(
        make_record(decision_id=make_id(1), started_at=now, aborted=True),
        make_record(decision_id=make_id(2), started_at=now - timedelta(days=2)),
        make_record(decision_id=make_id(3), started_at=now - timedelta(days=60)),
    )
    assert listed(admin_client, period="24h") == 1
    assert listed(admin_client, period="7d") == 2
    assert listed(admin_client, period="30d") == 2
    assert listed(admin_client) == 3
    assert listed(admin_client, aborted__exact="1") == 1


def test_the_list_counts_no_further_than_it_must(load, monkeypatch):
    monkeypatch.setattr(admin, "COUNTED_AT_MOST", 3)
    load(*(make_record(decision_id=make_id(n)) for n in range(5)))
    everything = RoutingDecision.objects.order_by("-started_at", "-pk")
    assert admin.CappedPaginator(everything, 2).count == 3


def test_the_list_stays_on_its_index_and_makes_few_queries(
    admin_client, decision, django_assert_max_num_queries
):
    with django_assert_max_num_queries(5):
        admin_client.get(LIST)
    newest = RoutingDecision.objects.order_by("-started_at", "-pk")[:50]
    assert "decision_recent" in plan(newest)
    assert "TEMP B-TREE" not in plan(newest)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({"simulated__exact": "1"}, "decision_simulated"),
        ({"repeat__exact": "1"}, "decision_repeat"),
        ({"outcome__exact": "account"}, "decision_outcome"),
        ({"aborted__exact": "1"}, "decision_aborted"),
        (
            {"aborted__exact": "1", "simulated__exact": "1"},
            "decision_(aborted|simulated)",
        ),
        ({"aborted__exact": "1", "period": "30d"}, "decision_aborted"),
        ({"saving_nusd__isnull": "True"}, "decision_unknown"),
        ({"saving_nusd__isnull": "True", "simulated__exact": "0"}, "decision_unknown"),
    ],
)
def test_what_is_rare_is_listed_and_counted_from_an_index_of_its_own(
    admin_client, decision, filters, index
):
    rows = admin_client.get(LIST, filters).context["cl"].queryset
    assert re.search(index, plan(rows))
    assert "TEMP B-TREE" not in plan(rows)
    assert re.search(index, plan(rows.order_by()[: admin.COUNTED_AT_MOST]))


def test_an_operators_price_is_his_by_name(admin_client):
    form = {
        "provider": "anthropic",
        "model": "draft-small",
        "valid_from": MOMENT.date().isoformat(),
        "above_prompt_tokens": "0",
        "input_usd": "0.125",
        "output_usd": "10",
        "cache_read_usd": "0",
        "cache_write_5m_usd": "0",
        "cache_write_1h_usd": "0",
        "source": "",
    }
    assert admin_client.post(PRICES + "add/", form).status_code == 302
    price = ModelPrice.objects.get()
    assert price.source.startswith("admin, ")
    page = admin_client.get(PRICES).content.decode()
    assert "0.125 / 10" in page
    assert '<span class="figure">unknown</span>' in page, "for searches"
    form["source"] = "contract 7"
    admin_client.post(f"{PRICES}{price.pk}/change/", form)
    assert ModelPrice.objects.get().source == "contract 7"


@pytest.mark.parametrize(
    ("tariff", "status"),
    [("batch", 302), ("priority+us", 302), ("Batch", 200), ("standard", 200)],
)
def test_a_tariff_is_written_as_providers_report_it(admin_client, tariff, status):
    amounts = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    form = {f"{name}_usd": "1" for name in amounts} | {
        "model": "draft-small",
        "tariff": tariff,
        "valid_from": MOMENT.date().isoformat(),
        "above_prompt_tokens": "0",
        "web_search_usd": "10",
    }
    assert admin_client.post(PRICES + "add/", form).status_code == status


@pytest.mark.parametrize(
    ("rare", "cost_nusd", "shown"),
    [
        ({"unpriced": "compaction"}, None, "unknown: compaction"),
        ({"web_searches": 2}, 20_000_000, "$0.0200, 2 searches"),
        ({"tariff": "batch"}, None, "draft-small (batch)"),
    ],
)
def test_what_is_rare_about_a_call_is_told(admin_client, load, rare, cost_nusd, shown):
    usage = Usage(input_tokens=1, **rare)
    load(make_record(calls=(make_call(usage=usage, cost_nusd=cost_nusd),)))
    pk = RoutingDecision.objects.get().pk
    assert shown in admin_client.get(f"{LIST}{pk}/change/").content.decode()
