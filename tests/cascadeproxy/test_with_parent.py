import os
import select
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-m", "cascadeproxy.with_parent", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_program_ends_when_its_input_does():
    with run("http.server", "0", "--bind", "127.0.0.1") as process:
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_the_program_sees_its_own_arguments():
    with run("base64", "-t") as process:
        assert "Aladdin" in process.stdout.read()
        assert process.wait(timeout=10) == 0


def test_the_program_ends_with_a_parent_that_was_killed(tmp_path):
    pid_file = tmp_path / "pid"
    parent = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'cascadeproxy.with_parent',"
        "'http.server', '0', '--bind', '127.0.0.1'], stdin=subprocess.PIPE)\n"
        f"open({str(pid_file)!r}, 'w').write(str(p.pid))\n"
        "print('started', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "started\n"
        descriptor = os.pidfd_open(int(pid_file.read_text()))
        process.kill()
    with open(descriptor) as handle:
        assert select.select([handle], [], [], 10)[0]
