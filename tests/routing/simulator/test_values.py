import pytest

from routing.simulator.values import Behaviour, tokens
from tests.routing.simulator.builders import request_for


@pytest.mark.parametrize(("chars", "count"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_four_characters_are_a_token(chars, count):
    assert tokens(chars) == count


def test_a_header_is_found_in_any_case_and_joined():
    request = request_for(X_Beta="a", x_beta="b")
    assert request.header("x-BETA") == "a, b"
    assert request.header("missing") == ""


def test_the_credential_comes_from_either_header():
    assert request_for(x_api_key="acme").credential == "acme"
    assert request_for(authorization="Bearer globex").credential == "globex"
    assert request_for().credential == ""


def test_a_behaviour_has_no_negative_latency():
    with pytest.raises(ValueError, match="not negative"):
        Behaviour(latency_s=-1)
    assert "secret" not in repr(Behaviour(api_key="secret"))
