import pytest

from routing import allowed


@pytest.mark.parametrize(
    ("auth_mode", "host", "allow_open", "refused"),
    [
        ("none", "192.0.2.1", False, True),
        ("none", "0.0.0.0", False, True),  # noqa: S104  a value
        ("none", "127.0.0.1", False, False),
        ("none", "::1", False, False),
        ("none", "192.0.2.1", True, False),
        ("api_key", "192.0.2.1", False, False),
        ("pass_through", "192.0.2.1", False, False),
    ],
)
def test_serving_anybody_is_for_this_machine_unless_it_is_allowed(
    auth_mode, host, allow_open, refused
):
    danger = allowed.danger(auth_mode, host, allow_open=allow_open)
    assert (host in danger) is refused
