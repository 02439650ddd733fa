import pytest

from routing.simulator.faults import NO_FAULT, Fault, error_of, fault_for, parse_faults
from routing.simulator.values import Rejected
from tests.routing.simulator.builders import ask_for


def test_a_fault_is_tier_name_and_value():
    assert parse_faults("draft:stall=0.5, verifier:overloaded") == (
        Fault(name="stall", value=0.5, tier="low"),
        Fault(name="overloaded", tier="high"),
    )
    assert parse_faults("") == ()


@pytest.mark.parametrize(
    "text",
    ["nonsense", "giant:stall", "stall=long", "stall=-1", "stall=inf", "error=200"],
)
def test_a_misspelt_fault_is_loud(text):
    with pytest.raises(
        ValueError, match=r"no fault|no tier|could not|not negative|status"
    ):
        parse_faults(text)
    with pytest.raises(Rejected):
        fault_for(ask_for(), text, "")


def test_the_header_goes_before_the_prompt_and_the_prompt_before_the_default():
    ask = ask_for("Say hi [[fault:empty]]")
    assert fault_for(ask, "reset", "stall").name == "reset"
    assert fault_for(ask, "", "stall").name == "empty"
    assert fault_for(ask_for(), "", "stall").name == "stall"
    assert fault_for(ask_for(), "", "") == NO_FAULT


def test_a_tier_limits_a_fault_to_its_models():
    text = "draft:overloaded"
    assert fault_for(ask_for(model="draft-small"), text, "").name == "overloaded"
    assert fault_for(ask_for(model="verifier-large"), text, "") == NO_FAULT


@pytest.mark.parametrize(
    ("text", "status", "error_type"),
    [
        ("unauthorized", 401, "authentication_error"),
        ("error", 500, "api_error"),
        ("error=504", 504, "timeout_error"),
        ("overloaded", 529, "overloaded_error"),
        ("prompt_too_long", 400, "invalid_request_error"),
    ],
)
def test_an_error_fault_has_its_status_and_type(text, status, error_type):
    error = error_of(parse_faults(text)[0])
    assert (error.status, error.error_type) == (status, error_type)


@pytest.mark.parametrize(
    ("text", "wait"), [("rate_limited", "1"), ("rate_limited=2.5", "2.5")]
)
def test_a_rate_limit_says_how_long_to_wait(text, wait):
    assert error_of(parse_faults(text)[0]).headers == (("retry-after", wait),)


def test_other_faults_are_no_errors():
    assert error_of(NO_FAULT) is None
