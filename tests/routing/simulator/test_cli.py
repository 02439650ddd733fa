import argparse
import http.client
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command

from routing.simulator import cli


def options(*argv):
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return parser.parse_args(argv)


def test_options_become_a_behaviour():
    parsed = options(
        "--seed",
        "3",
        "--latency-ms",
        "500",
        "--token-ms",
        "20",
        "--fault",
        "draft:stall",
    )
    behaviour = cli.behaviour_of(parsed)
    assert (behaviour.seed, behaviour.latency_s, behaviour.token_s) == (3, 0.5, 0.02)
    assert behaviour.fault == "draft:stall"
    assert (parsed.host, parsed.port) == ("127.0.0.1", 18400)


@pytest.mark.parametrize(
    "argv",
    [
        ("--port", "70000"),
        ("--latency-ms", "-1"),
        ("--token-ms", "inf"),
        ("--fault", "nonsense"),
    ],
)
def test_a_senseless_option_is_refused(argv, capsys):
    with pytest.raises(SystemExit):
        options(*argv)
    assert argv[0] in capsys.readouterr().err


def test_serves_from_the_command_line_until_it_is_told_to_stop():
    command = [sys.executable, "-m", "routing.simulator", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline().strip()
            assert line.startswith("listening on http://127.0.0.1:")
            url = line.removeprefix("listening on ")
            address = url.removeprefix("http://")
            connection = http.client.HTTPConnection(address, timeout=5)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            connection.close()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stdout.read() == ""


@contextmanager
def waiting_for(url: str):
    """A simulator that stands by while somebody has the address."""
    port = url.rpartition(":")[2]
    command = [sys.executable, "-m", "routing.simulator", "--wait", "--port", port]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout.readline() == f"waiting for {url}\n"
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stdout.read() == ""


def test_one_that_waits_takes_over_and_says_no_more_than_that(simulator):
    with waiting_for(simulator.url) as second:
        simulator.close()
        assert second.stdout.readline() == f"listening on {simulator.url}\n"


def test_one_that_waits_can_be_told_to_stop(simulator):
    with waiting_for(simulator.url):
        pass


def test_one_that_waits_still_says_what_will_never_do(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--wait", "--host", "192.0.2.1", "--port", "1"])
    assert "cannot listen" in capsys.readouterr().err


def test_does_not_load_django():
    code = "import sys, routing.simulator; sys.exit('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603 - our own code
    assert done.returncode == 0


def test_a_taken_port_is_a_plain_error(simulator, capsys):
    port = simulator.url.rpartition(":")[2]
    with pytest.raises(SystemExit):
        cli.main(["--port", port])
    assert "cannot listen" in capsys.readouterr().err
    with pytest.raises(CommandError, match="cannot listen"):
        call_command("fakeupstream", port=int(port))
