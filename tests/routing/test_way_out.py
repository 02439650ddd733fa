"""Where connections may lead is what the settings say, for providers and webhook."""

from __future__ import annotations

import certifi
import httpx
import pytest

from routing import way_out
from tests.routing.providers.hostile import ProxyServer, nobody

END = "-----END CERTIFICATE-----\n"


def test_the_egress_proxy_is_the_way_out(listener, settings):
    server = ProxyServer(listener, b"HTTP/1.1 403 No\r\n\r\n")
    server.start()
    settings.CASCADE_EGRESS_PROXY = f"http://127.0.0.1:{listener.getsockname()[1]}"
    request = httpx.Request("GET", "http://api.example.com/")
    with (
        way_out.transport(nobody) as transport,
        pytest.raises(httpx.ConnectError, match="egress proxy"),
    ):
        transport.handle_request(request)
    assert server.asked.startswith(b"CONNECT api.example.com:80 HTTP/1.1\r\n")


def test_without_one_a_private_address_is_refused():
    request = httpx.Request("GET", "http://127.0.0.1:9/")
    with (
        way_out.transport(nobody) as transport,
        pytest.raises(httpx.ConnectError, match="private network"),
    ):
        transport.handle_request(request)


def test_a_bundle_is_all_that_is_trusted(settings, tmp_path):
    with open(certifi.where(), encoding="utf-8") as file:
        one = file.read().partition(END)[0] + END
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(one)
    assert len(way_out.trusted().get_ca_certs()) > 1
    settings.CASCADE_CA_BUNDLE = str(bundle)
    assert len(way_out.trusted().get_ca_certs()) == 1
