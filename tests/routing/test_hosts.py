import pytest

from routing import hosts


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "a.localhost"]
)
def test_only_this_machine_reaches_a_loopback(host):
    assert hosts.is_loopback(host)
    assert hosts.is_private(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.1", "api.one.test", "localhost.one.test"],  # noqa: S104  a value
)
def test_others_reach_the_rest(host):
    assert not hosts.is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "::ffff:10.0.0.1",
        "fd00::1",
        "ollama",
        "gpu.internal",
        "NAS.local",
    ],
)
def test_private_hosts_are_known_by_their_form(host):
    assert hosts.is_private(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "api.anthropic.com", "2606:4700::1", ""])
def test_public_hosts_are_not_private(host):
    assert not hosts.is_private(host)


def test_an_address_of_version_six_stands_in_brackets_in_a_url():
    assert hosts.in_url("::1") == "[::1]"
    assert hosts.in_url("127.0.0.1") == "127.0.0.1"
