import http.client
import urllib.parse

import pytest

from routing.simulator import Simulator


def get(simulator, path="/health", headers=None):
    netloc = urllib.parse.urlsplit(simulator.url).netloc
    connection = http.client.HTTPConnection(netloc, timeout=5)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_records_what_came(simulator):
    get(simulator, "/health?a=b", {"X-Key": "acme"})
    (request,) = simulator.requests
    assert (request.method, request.path, request.query) == ("GET", "/health", "a=b")
    assert ("X-Key", "acme") in request.headers


def test_scripted_answers_come_first(simulator):
    simulator.script([{"status": 418, "body": b"teapot", "headers": {"a": "b"}}])
    assert get(simulator) == (418, b"teapot")
    assert get(simulator)[0] == 200


def test_two_simulators_run_side_by_side(simulator):
    with Simulator(api_key="globex") as other:
        assert get(other, "/v1/models")[0] == 401
        assert get(simulator, "/v1/models")[0] == 200


def test_waiting_ends_without_what_was_waited_for(simulator):
    assert not simulator.wait_for_requests(1, timeout_s=0)
    get(simulator)
    assert simulator.wait_for_requests(1)


def test_closing_frees_the_port_and_may_be_repeated():
    with Simulator() as running:
        pass
    running.close()
    with pytest.raises(ConnectionRefusedError):
        get(running)


def test_a_misspelt_fault_is_loud_at_once():
    with pytest.raises(ValueError, match="no fault"):
        Simulator(fault="nonsense")
