import pytest

from routing.quality.route import RouteTable, route_of
from tests.builders import make_request, make_tool

LINE = "x-anthropic-billing-header: cc_version=2.1.330.{}; cc_entrypoint=cli;"


def table_of(**routes):
    table = RouteTable(0.8)
    for name, labels in routes.items():
        for as_good in labels:
            table.add(name, as_good=as_good)
    return table


class TestPosterior:
    def test_without_labels_the_prior_is_believed(self):
        assert RouteTable(0.8).posterior("new").good == pytest.approx(0.8)

    def test_a_route_pulls_away_from_its_rule_as_labels_come(self):
        few = table_of(a=[False] * 3, b=[True] * 50).posterior("a")
        many = table_of(a=[False] * 40, b=[True] * 50).posterior("a")
        assert 0 < many.good < 0.3 < few.good < 0.8
        assert many.log_odds < few.log_odds
        assert many.labels == 40

    def test_an_unknown_route_is_believed_what_the_rule_is(self):
        table = table_of(a=[False] * 90, b=[True] * 10)
        assert table.posterior("new").good == pytest.approx(0.1, abs=0.05)

    def test_a_row_can_be_taken_out_again(self):
        table, without = table_of(a=[True, False]), table_of(a=[True])
        found = table.posterior("a", without=(False, 1.0))
        assert found.good == pytest.approx(without.posterior("a").good)

    def test_a_doubtful_label_counts_less(self):
        sure, unsure = RouteTable(0.8), RouteTable(0.8)
        sure.add("a", as_good=False)
        unsure.add("a", as_good=False, weight=0.3)
        assert sure.posterior("a").good < unsure.posterior("a").good < 0.8

    def test_certainty_is_never_complete(self):
        posterior = table_of(a=[True] * 100_000).posterior("a")
        assert 0 < posterior.good < 1


class TestTable:
    def test_the_least_recently_seen_route_goes(self):
        table = RouteTable(0.5, max_routes=2)
        for name in ("a", "b", "a", "c"):
            table.add(name, as_good=True)
        assert len(table) == 2
        assert table.posterior("b").labels == 0
        assert table.posterior("a").labels == 2

    def test_what_goes_stays_in_the_rule(self):
        table = RouteTable(0.5, max_routes=1)
        for name in "abcdefgh":
            table.add(name, as_good=True)
        assert table.posterior("new").good > 0.8

    def test_it_comes_back_as_it_was_stored(self):
        table = table_of(a=[True, False], b=[True])
        again = RouteTable.load(table.dump())
        assert again.dump() == table.dump()
        assert again.posterior("a") == table.posterior("a")

    def test_a_smaller_table_keeps_the_newest(self):
        stored = table_of(a=[True], b=[True], c=[True]).dump()
        again = RouteTable.load(stored, max_routes=2)
        assert [again.posterior(name).labels for name in "abc"] == [0, 1, 1]


class TestFingerprint:
    def route(self, rule="r", **fields):
        return route_of(make_request(**fields), rule)

    def test_the_rule_the_system_prompt_and_the_tools_make_a_route(self):
        routes = {
            self.route(),
            self.route(rule="other"),
            self.route(system="You translate."),
            self.route(tools=[make_tool("search")]),
            self.route(system="You translate.", tools=[make_tool("search")]),
        }
        assert len(routes) == 5

    def test_the_conversation_does_not(self):
        assert self.route(text="one") == self.route(text="two", max_tokens=7)

    def test_the_order_and_wording_of_tools_do_not(self):
        tools = [make_tool("a"), make_tool("b", {"type": "object", "title": "B"})]
        other = [make_tool("b"), make_tool("a")]
        assert self.route(tools=tools) == self.route(tools=other)

    def test_what_differs_per_session_does_not(self):
        def route(build, date, cwd, session):
            texts = [
                LINE.format(build),
                f"You help. Today is {date}.",
                f"Work in {cwd}, {session}.",
            ]
            system = [{"type": "text", "text": text} for text in texts]
            return self.route(system=system)

        one = route(
            "a1b", "2026-11-26", "/home/a/x", "6f1c2b3a-0000-4000-8000-0123456789ab"
        )
        other = route(
            "77c", "2026-12-01", "/srv/y/z", "0a0b0c0d-1111-4222-9333-ba9876543210"
        )
        assert one == other

    def test_a_text_and_a_block_of_it_are_one(self):
        block = [{"type": "text", "text": "You help.", "cache_control": {"type": "x"}}]
        assert self.route(system="You help.") == self.route(system=block)

    @pytest.mark.parametrize("odd", [None, 7, [], {}, [None], [{"text": 4}]])
    def test_odd_requests_have_a_route_too(self, odd):
        assert len(self.route(system=odd, tools=odd)) == 16

    def test_a_long_system_prompt_is_read_in_part(self):
        head = "You are a helper. " * 500
        assert self.route(system=head + "a") == self.route(system=head + "b")
