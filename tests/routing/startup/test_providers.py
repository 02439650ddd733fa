import http.server
import socket
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from routing import defaults
from routing.models import ConfigVersion, Provider
from routing.simulator import Simulator
from routing.startup import providers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _defaults():
    defaults.load_once(rules=True)


def simulator() -> Provider:
    return Provider.objects.get(name="simulator")


def give_key(settings, name: str, key: str = "sk-real") -> None:
    settings.PROVIDER_KEYS = {**settings.PROVIDER_KEYS, name: key}


def switch(**options) -> bool:
    providers.switch_simulator("api_key", **{"may_start": True, **options})
    return simulator().enabled


@contextmanager
def listening_as(server_name: str):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.end_headers()

        def version_string(self):
            return server_name

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_without_a_key_the_simulator_is_on(settings):
    settings.CASCADE_SIMULATOR_PORT = 18555
    assert switch()
    assert simulator().base_url == "http://127.0.0.1:18555"


def test_with_a_key_it_is_off(settings):
    assert switch()
    give_key(settings, "ANTHROPIC_API_KEY")
    assert not switch()
    assert providers.find_simulator_port() == ""


def test_a_second_look_changes_nothing():
    switch()
    version = ConfigVersion.current()
    switch()
    assert ConfigVersion.current() == version


def test_what_an_operator_switched_stays_until_the_keys_change(settings):
    switch()
    Provider.objects.filter(name="simulator").update(enabled=False)
    assert not switch()
    give_key(settings, "ANTHROPIC_API_KEY")
    assert not switch()
    give_key(settings, "ANTHROPIC_API_KEY", "")
    assert switch()


def test_a_simulator_an_operator_deleted_does_not_come_back():
    simulator().delete()
    providers.switch_simulator("api_key", may_start=True)
    assert providers.find_simulator_port() == ""


def test_starting_for_real_never_switches_it_on(settings):
    assert not switch(may_start=False)
    assert switch()
    give_key(settings, "ANTHROPIC_API_KEY")
    assert not switch(may_start=False)


def test_clients_that_bring_their_own_key_need_no_simulator():
    providers.switch_simulator("pass_through", may_start=True)
    assert not simulator().enabled
    assert "anthropic" not in " ".join(providers.lacking("pass_through"))


def test_clients_own_keys_are_of_no_use_where_they_may_not_go(settings):
    give_key(settings, "ANTHROPIC_API_KEY")
    Provider.objects.update(takes_client_credentials=False)
    providers.switch_simulator("pass_through", may_start=True)
    assert simulator().enabled
    lacking = " ".join(providers.lacking("pass_through"))
    assert "Provider anthropic: it does not take clients' own keys." in lacking


def test_a_server_of_your_own_needs_no_key():
    own_server("claude*")
    assert not switch()


def test_a_server_of_drafts_alone_leaves_the_simulator_on():
    own_server("smollm2*")
    assert switch()
    assert providers.simulating()


def own_server(pattern):
    local = Provider.objects.create(
        name="local", kind="anthropic", base_url="http://127.0.0.1:11434"
    )
    local.models.create(name=pattern)


def test_says_which_keys_are_missing():
    assert list(providers.lacking("api_key")) == [
        "Provider anthropic: ANTHROPIC_API_KEY is missing.",
    ]


def test_a_stored_key_that_does_not_open_is_no_key(settings):
    row = Provider.objects.get(name="anthropic")
    row.key_reference = ""
    row.set_key("sk-stored")
    row.save()
    assert providers.usable(row, "api_key")
    settings.FIELD_KEYS = []
    assert not providers.usable(row, "api_key")


def test_a_port_somebody_else_has_is_left_to_them(settings):
    with listening_as("another") as port:
        settings.CASCADE_SIMULATOR_PORT = port
        switch()
        address = providers.find_simulator_port()
    assert address != f"127.0.0.1:{port}"
    assert simulator().base_url == f"http://{address}"
    assert providers.find_simulator_port() == address


def test_a_simulator_that_is_there_already_is_shared(settings):
    with Simulator() as running:
        settings.CASCADE_SIMULATOR_PORT = urlsplit(running.url).port
        switch()
        version = ConfigVersion.current()
        assert f"http://{providers.find_simulator_port()}" == running.url
    assert simulator().base_url == running.url
    assert ConfigVersion.current() == version


def test_something_that_speaks_no_http_is_no_simulator(settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_answer_nonsense, args=(listener,))
        answering.start()
        settings.CASCADE_SIMULATOR_PORT = listener.getsockname()[1]
        switch()
        taken = f"127.0.0.1:{settings.CASCADE_SIMULATOR_PORT}"
        assert providers.find_simulator_port() != taken
        answering.join()


def _answer_nonsense(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"SSH-2.0-nonsense\r\n")


def test_no_port_is_looked_for_without_a_simulator():
    assert providers.find_simulator_port() == ""


def test_a_simulator_elsewhere_is_not_ours_to_start():
    switch()
    Provider.objects.filter(name="simulator").update(base_url="http://10.0.0.1:1")
    assert providers.find_simulator_port() == ""


def test_knows_whether_it_may_listen():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not providers.can_listen("127.0.0.1", listener.getsockname()[1])
    assert providers.can_listen("127.0.0.1", 0)
    assert not providers.can_listen("192.0.2.1", 0)
