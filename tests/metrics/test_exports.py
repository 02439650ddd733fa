import csv
import io
from datetime import timedelta
from itertools import count, islice

import msgspec
import pytest

from metrics import exports
from metrics.models import RoutingDecision
from tests.metrics.builders import MOMENT, make_call, make_id, make_record

DAY = {"from": "2026-11-20", "to": "2026-11-20"}


@pytest.fixture
def fetch(admin_client):
    def get(path, **query):
        response = admin_client.get(f"/reports/{path}", {**DAY, **query})
        assert response.status_code == 200
        return response

    return get


def rows_of(response):
    text = response.getvalue().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def objects_of(response):
    return [msgspec.json.decode(line) for line in response.getvalue().splitlines()]


@pytest.mark.django_db
class TestDecisions:
    def test_csv_has_a_header_and_a_row_for_each(self, fetch, load):
        load(make_record(), make_record(decision_id=make_id(2), cost_nusd=None))
        first, second = rows_of(fetch("decisions.csv"))
        assert first["decision_id"] == make_id(1)
        assert first["started_at"] == "2026-11-20T12:00:00.000+00:00"
        assert (first["cost_nusd"], first["cost_usd"]) == ("270000", "0.000270000")
        assert (first["calls"], first["input_tokens"]) == ("1", "1200")
        assert (first["simulated"], first["confidence"]) == ("0", "0.85")
        assert (second["cost_nusd"], second["saving_usd"]) == ("", "")

    def test_json_lines_hold_every_call(self, fetch, load):
        load(make_record(calls=(make_call(), make_call(role="verifier", usage=None))))
        (line,) = objects_of(fetch("decisions.jsonl"))
        assert line["cost_nusd"] == 270_000
        assert line["cost_usd"] == 0.00027
        assert line["simulated"] is False
        assert line["signals"] == {"prior": 0.85}
        draft, verifier = line["calls"]
        assert draft["usage"]["input_tokens"] == 1200
        assert draft["price"]["output_nusd"] == 500_000_000
        assert verifier["usage"] is None

    def test_both_kinds_of_file_tell_the_same_money(self, fetch, load):
        costs = (1, 270_000, 10**15 + 1, None)
        load(
            *(
                make_record(decision_id=make_id(n), cost_nusd=cost)
                for n, cost in enumerate(costs)
            )
        )
        flat = rows_of(fetch("decisions.csv"))
        whole = objects_of(fetch("decisions.jsonl"))
        for row, line in zip(flat, whole, strict=True):
            told = line["saving_nusd"]
            assert row["saving_nusd"] == ("" if told is None else str(told))
        sums = RoutingDecision.objects.values_list("saving_nusd", flat=True)
        assert [line["saving_nusd"] for line in whole] == list(sums)

    def test_no_text_is_a_formula(self, fetch, load):
        starts = "=+-@\t\r\n"
        load(
            *(
                make_record(decision_id=make_id(n), tag=f"{start}cmd()", rule="a=b")
                for n, start in enumerate(starts)
            )
        )
        rows = rows_of(fetch("decisions.csv"))
        assert [row["tag"] for row in rows] == [f"'{start}cmd()" for start in starts]
        assert {row["rule"] for row in rows} == {"a=b"}
        lines = objects_of(fetch("decisions.jsonl"))
        assert [line["tag"] for line in lines] == [f"{start}cmd()" for start in starts]

    def test_a_loss_stays_a_number(self, fetch, load):
        load(make_record(cost_nusd=2, baseline_nusd=1))
        (row,) = rows_of(fetch("decisions.csv"))
        assert (row["saving_nusd"], row["saving_usd"]) == ("-1", "-0.000000001")

    def test_filters_and_days_hold(self, fetch, load):
        load(
            make_record(decision_id=make_id(1), started_at=MOMENT + timedelta(hours=1)),
            make_record(decision_id=make_id(2), rule="other"),
            make_record(decision_id=make_id(3), started_at=MOMENT + timedelta(days=1)),
            make_record(decision_id=make_id(4), simulated=True),
        )
        oldest_first = [row["decision_id"] for row in rows_of(fetch("decisions.csv"))]
        assert oldest_first == [make_id(2), make_id(1)]
        (row,) = rows_of(fetch("decisions.csv", rule="other"))
        assert row["decision_id"] == make_id(2)
        (row,) = rows_of(fetch("decisions.csv", simulated="1"))
        assert row["decision_id"] == make_id(4)

    def test_the_name_tells_what_is_in_it(self, fetch):
        kind = fetch("decisions.csv", simulated="1")
        name = "cascadeproxy-decisions-2026-11-20-to-2026-11-20-simulated.csv"
        assert kind.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert kind.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert (
            fetch("decisions.jsonl").headers["Content-Type"] == "application/x-ndjson"
        )

    def test_what_cannot_be_read_is_refused(self, admin_client):
        response = admin_client.get("/reports/decisions.csv", {"form": "2026-11-01"})
        assert response.status_code == 400
        assert response.content == b"There is no filter called 'form'.\n"

    def test_thousands_are_streamed_in_a_query_a_day(
        self, fetch, load, django_assert_num_queries
    ):
        load(*(make_record(decision_id=make_id(n)) for n in range(4500)))
        response = fetch("decisions.csv")
        assert response.streaming
        parts = iter(response.streaming_content)
        with django_assert_num_queries(1):
            first = next(parts)
            rest = list(parts)
        assert first.count(b"\n") == exports.ROWS_A_CHUNK
        assert len(rest) == 4501 // exports.ROWS_A_CHUNK
        assert sum(part.count(b"\n") for part in (first, *rest)) == 4501


@pytest.mark.parametrize("lines_of", [exports.csv_lines, exports.json_lines])
def test_rows_are_taken_as_they_are_asked_for(lines_of):
    taken = count()
    endless = ((next(taken), "x") for _ in count())
    parts = exports.chunks(lines_of(("number", "text"), endless))
    assert len(list(islice(parts, 3))) == 3
    assert next(taken) <= 3 * exports.ROWS_A_CHUNK


@pytest.mark.django_db
class TestSummary:
    @pytest.mark.parametrize(
        ("by", "labels"),
        [
            ("rule", ["default"]),
            ("key", ["acme"]),
            ("tag", [""]),
            ("requested_model", ["verifier-large"]),
            ("served_model", ["draft-small"]),
            ("day", ["2026-11-20"]),
            ("hour", ["2026-11-20T12:00:00+00:00"]),
        ],
    )
    def test_sums_are_those_of_the_rows(self, fetch, load, by, labels):
        load(make_record(), make_record(decision_id=make_id(2)))
        rows = rows_of(fetch("summary.csv", by=by))
        assert [row[by] for row in rows] == labels
        assert rows[0]["decisions"] == "2"
        assert rows[0]["saving_nusd"] == str(2 * (10_800_000 - 270_000))
        assert rows[0]["saving_usd"] == "0.021060000"

    def test_json_lines_are_the_same_sums(self, fetch, load):
        load(make_record())
        (line,) = objects_of(fetch("summary.jsonl", by="rule"))
        assert (line["rule"], line["cost_nusd"]) == ("default", 270_000)
        assert line["accepted_share"] == 1.0

    @pytest.mark.parametrize(
        "query", [{"by": "moon"}, {"simulated": "all"}, {"rule": "default"}]
    )
    def test_what_there_is_not_is_refused(self, admin_client, query):
        assert admin_client.get("/reports/summary.csv", query).status_code == 400

    def test_the_savings_page_leads_to_its_files(self, admin_client):
        text = admin_client.get("/reports/", {**DAY, "simulated": "1"}).content.decode()
        asked = "?from=2026-11-20&amp;to=2026-11-20&amp;simulated=1"
        assert f"/reports/decisions.csv{asked}" in text
        assert f"/reports/decisions.jsonl{asked}" in text
