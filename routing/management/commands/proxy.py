"""`manage.py proxy`: write an example file, start, or set everything up and start."""

from __future__ import annotations

import io
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from routing import allowed, defaults
from routing.models import CascadeRule
from routing.rules_file.document import RulesFile
from routing.startup import files, installation, keyed, providers
from routing.startup.serving import Server, serve


class Command(BaseCommand):
    """`proxy init`, `proxy start`, `proxy run`."""

    help = "Write an example configuration, or serve."
    requires_system_checks = ["cascade"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        actions = parser.add_subparsers(dest="action", required=True)
        init = actions.add_parser("init", help="write an example file of rules")
        init.add_argument("path", nargs="?", default="cascade.yaml", type=Path)
        start = actions.add_parser(
            "start", help="serve what a file or the database says"
        )
        start.add_argument("--config", type=Path, help="a file of rules to load first")
        run = actions.add_parser("run", help="set up what is missing, then serve")
        for serving in (start, run):
            _add_server_arguments(serving)
        actions.add_parser("simulator", help="print where a simulator is wanted")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked."""
        actions = {
            "init": self._init,
            "start": self._start,
            "run": self._run,
            "simulator": self._simulator,
        }
        actions[options["action"]](options)

    def _init(self, options: dict[str, Any]) -> None:
        path = options["path"]
        files.write_example(path)
        self._say(f"Wrote {path}. Edit it, then: manage.py proxy start --config {path}")

    def _run(self, options: dict[str, Any]) -> None:
        server = _server(options, None)
        server.refuse_if_open()
        server.refuse_if_taken()
        self._prepare(server.auth_mode, rules=True)
        password = installation.create_admin()
        if password:
            self._say(f"Admin user admin, password shown this once: {password}")
        client_key = installation.create_demo_key(self._say)
        providers.switch_simulator(server.auth_mode, may_start=True)
        if not providers.simulating():
            self._tell_lacking(server)
        serve(server, client_key)

    def _start(self, options: dict[str, Any]) -> None:
        document = files.read(options["config"]) if options["config"] else None
        server = _server(options, document)
        server.refuse_if_open()
        server.refuse_if_taken()
        self._prepare(server.auth_mode, rules=document is None)
        if document:
            for note in files.store(document).notes:
                self._say(note)
        providers.switch_simulator(server.auth_mode, may_start=False)
        self._tell_state(server)
        serve(server, settings.CASCADE_DEMO_KEY)

    def _prepare(self, auth_mode: str, *, rules: bool) -> None:
        if installation.migrate():
            self._say("Database is up to date.")
        call_command("load_prices", verbosity=0, stdout=io.StringIO())
        defaults.load_once(rules=rules)
        for made in keyed.switch_on(auth_mode):
            self._tell_switched(made)

    def _tell_switched(self, made: keyed.SwitchedOn) -> None:
        name = made.provider
        self._say(f"Provider {name} is switched on, and its rules: it has a key.")
        if made.asking:
            rules = " and ".join(made.asking)
            self._say(
                f"From now on {name} also gets prompts of {rules}, for second opinions "
                "on their drafts. Their field second_when ends that: off."
            )

    def _tell_state(self, server: Server) -> None:
        enabled = CascadeRule.objects.filter(enabled=True).count()
        self._say(f"Rules: {enabled} enabled. Auth: {server.auth_mode}.")
        self._tell_lacking(server)
        for line in installation.lacking(server.auth_mode):
            self._say(line)

    def _tell_lacking(self, server: Server) -> None:
        for line in providers.lacking(server.auth_mode):
            self._say(line)

    def _simulator(self, _options: dict[str, Any]) -> None:
        self._say(providers.find_simulator_port())

    def _say(self, line: str) -> None:
        self.stdout.write(line)


def _add_server_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host")
    parser.add_argument("--port", type=_between(*allowed.PORTS))
    parser.add_argument("--workers", type=_between(*allowed.WORKERS))
    parser.add_argument("--log-level", choices=allowed.LOG_LEVELS)
    parser.add_argument(
        "--allow-open",
        action="store_true",
        help="serve without keys on a public address",
    )


def _between(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ArgumentTypeError(f"{text!r} is no number from {low} to {high}")
        return int(text)

    return number


def _server(options: dict[str, Any], document: RulesFile | None) -> Server:
    # The command line before the file, the file before the settings.
    file = document.server if document else {}

    def first(name: str, setting: Any) -> Any:
        given = (options[name], file.get(name), setting)
        return next(value for value in given if value is not None)

    auth_mode = document.auth_mode if document else None
    return Server(
        host=first("host", settings.CASCADE_HOST),
        port=first("port", settings.CASCADE_PORT),
        workers=first("workers", settings.CASCADE_WORKERS),
        log_level=first("log_level", settings.CASCADE_LOG_LEVEL.lower()),
        auth_mode=auth_mode or settings.CASCADE_AUTH_MODE,
        allow_open=options["allow_open"] or settings.CASCADE_ALLOW_OPEN,
    )
