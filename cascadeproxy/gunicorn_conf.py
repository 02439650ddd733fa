"""gunicorn's configuration: `gunicorn -c cascadeproxy/gunicorn_conf.py` serves.

The arbiter imports the settings and no Django: a gevent worker patches the standard
library after its fork, before it loads the application, and what is imported here
stays unpatched.
"""

from __future__ import annotations

import gc
import importlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascadeproxy.children import Children, Program, ask_for_simulator
from cascadeproxy.environment import use_settings
from routing import allowed, hosts

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter

settings: Any = importlib.import_module(use_settings())

wsgi_app = "cascadeproxy.wsgi:application"
bind = f"{hosts.in_url(settings.CASCADE_HOST)}:{settings.CASCADE_PORT}"
workers = settings.CASCADE_WORKERS
worker_class = {
    "gevent": "cascadeproxy.workers.GeventWorker",
    "gthread": "cascadeproxy.workers.ThreadWorker",
}.get(settings.CASCADE_WORKER_CLASS, settings.CASCADE_WORKER_CLASS)
worker_connections = settings.CASCADE_WORKER_CONNECTIONS
threads = settings.CASCADE_THREADS
timeout = settings.CASCADE_WORKER_TIMEOUT_S
graceful_timeout = settings.CASCADE_GRACEFUL_TIMEOUT_S
keepalive = settings.CASCADE_KEEPALIVE_S
loglevel = settings.CASCADE_LOG_LEVEL.lower()
preload_app = False
accesslog = None
control_socket_disable = True
# No header of a request changes the address we take it to be for.
forwarder_headers = ""
# What is written, the database above all, is for our own user.
umask = 0o077

# Metrics of all workers meet in files here; one directory for each port that is served.
metrics_directory = settings.CASCADE_METRICS_DIR / f"port-{settings.CASCADE_PORT}"
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={metrics_directory}"]


def on_starting(arbiter: Arbiter) -> None:
    """Refuse a role that serves nobody, and to serve everybody without keys.

    Raises RuntimeError, which gunicorn prints as its last word.
    """
    if settings.ROLE == "keeper":
        raise RuntimeError("The role keeper serves nobody: run manage.py keeper.")
    mode, allow_open = settings.CASCADE_AUTH_MODE, settings.CASCADE_ALLOW_OPEN
    for address in arbiter.cfg.address:
        if not isinstance(address, tuple):
            continue
        danger = allowed.danger(mode, address[0], allow_open=allow_open)
        if danger:
            raise RuntimeError(f"{danger} {allowed.WHAT_TO_DO_IF_OPEN}")


def when_ready(arbiter: Arbiter) -> None:
    """Empty the metrics of the last run and start the processes beside the workers."""
    if not arbiter.master_pid:
        shutil.rmtree(metrics_directory, ignore_errors=True)
    _make_metrics_directory()
    environment = _environment()
    programs = _programs(environment)
    arbiter.children = Children(programs, environment, arbiter.log.warning)
    arbiter.children.start()


def post_fork(arbiter: Arbiter, _worker: Any) -> None:
    """Let go, in a new worker, of what belongs to the arbiter alone.

    Nor can it boot without its directory, which systemd-logind removes when it tidies
    up after a user who logs out.
    """
    arbiter.children.release()
    _make_metrics_directory()


def post_worker_init(_worker: Any) -> None:
    """Keep what the application is made of out of every later garbage collection."""
    gc.collect()
    gc.freeze()


def child_exit(_arbiter: Arbiter, worker: Any) -> None:
    """Forget the gauges of a worker that is gone.

    Source: prometheus_client.multiprocess.mark_process_dead, not imported because the
    library chooses its storage when it is imported, before `raw_env` holds.
    """
    for path in metrics_directory.glob(f"gauge_live*_{worker.pid}.db"):
        path.unlink(missing_ok=True)


def on_exit(arbiter: Arbiter) -> None:
    """Stop the processes beside the workers, which have stopped by now.

    During an upgrade (USR2) another arbiter's workers go on with the metrics.
    """
    arbiter.children.stop()
    if not (arbiter.master_pid or arbiter.reexec_pid):
        shutil.rmtree(metrics_directory, ignore_errors=True)


def _make_metrics_directory() -> None:
    """Make what is missing of it, ours alone: others can write beside it.

    Raises RuntimeError when somebody else made its parent first.
    """
    directory: Path = metrics_directory.parent
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        raise RuntimeError(
            f"{directory} belongs to somebody else. Set CASCADE_METRICS_DIR."
        )
    metrics_directory.mkdir(mode=0o700, exist_ok=True)


def _environment() -> dict[str, str]:
    inherited = os.environ  # noqa: TID251  handed on to programs, not read
    path = os.pathsep.join([str(settings.BASE_DIR), inherited.get("PYTHONPATH", "")])
    return {**inherited, "PYTHONPATH": path.rstrip(os.pathsep)}


def _programs(environment: dict[str, str]) -> list[Program]:
    programs = []
    if settings.ROLE == "all":  # else it is a process of its own, on every host
        keeper = ("django", "keeper", "--wait")
        programs.append(Program(name="keeper", arguments=keeper))
    serves_api = settings.ROLE in {"all", "api"}
    address = _simulator_address(environment) if serves_api else ""
    if address:
        host, _, port = address.rpartition(":")
        simulator = ("routing.simulator", "--wait", "--host", host, "--port", port)
        programs.append(Program(name="simulator", arguments=simulator, quiet=True))
    return programs


def _simulator_address(environment: dict[str, str]) -> str:
    if settings.CASCADE_SIMULATOR == "off":
        return ""
    if settings.CASCADE_SIMULATOR == "auto":
        return ask_for_simulator(environment)
    return str(settings.CASCADE_SIMULATOR)
