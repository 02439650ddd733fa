"""`python -m tests.browser.shots DIRECTORY`: the screenshots of the documentation.

Each page as `NAME-SCHEME-WIDTH.png`, light and dark, at 1280 and 400 pixels. `NAME` is
that of its address, so a page that is new has one; of admin, some are shown.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from pathlib import Path

import django

MOST_HEIGHT = 2_400
WIDTHS = (1280, 400)
SCHEMES = ("light", "dark")
# Of admin, these are shown, by names that people would give them.
NAMES = {
    "admin:index": "admin",
    "admin:metrics_routingdecision_changelist": "decisions",
    "admin:metrics_modelprice_changelist": "prices",
    "admin:routing_cascaderule_changelist": "rules",
    "admin:routing_cascaderule_change": "rule",
    "admin:routing_clientkey_changelist": "keys",
    "admin:routing_provider_changelist": "providers",
    "admin:routing_upstreammodel_change": "model",
    "admin:routing_controls_change": "controls",
    "routing:try_rule": "try",
}


def main(directory: Path) -> int:
    """Write the screenshots; the exit status comes back."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")  # noqa: TID251
    django.setup()
    from routing.simulator import Simulator  # noqa: PLC0415  after setup
    from tests.browser import addresses, chromium  # noqa: PLC0415
    from tests.stack import Stack, Template  # noqa: PLC0415

    if not chromium.available():
        sys.stderr.write("There is no Chromium with its driver here.\n")
        return 1
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, Simulator() as simulator:
        there = Path(name)
        provision = "tests.browser.provision"
        template = Template(there / "template", simulator.url, provision=provision)
        with (
            Stack(template, there / "stack", {}) as site,
            chromium.browser(there / "profile") as browser,
        ):
            browser.sign_in(site.base_url)
            for route in filter(_shown, addresses.pages()):
                for path in addresses.addresses(route, site)[:1]:
                    browser.open(site.base_url + _with_money(path))
                    _take(browser, directory, _name(route.name))
    return 0


def _shown(route) -> bool:
    return route.name in NAMES or not route.name.startswith("admin:")


def _with_money(path: str) -> str:
    """The made-up money is simulated, and reports show that only when asked to."""
    return f"{path}?simulated=1" if path.endswith("/reports/") else path


def _name(name: str) -> str:
    return NAMES.get(name, name.partition(":")[2].replace("_", "-"))


def _take(browser, directory: Path, name: str) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            browser.look(scheme=scheme, width=width)
            height = min(MOST_HEIGHT, browser.content_height())
            browser.look(scheme=scheme, width=width, height=height)
            path = directory / f"{name}-{scheme}-{width}.png"
            path.write_bytes(base64.b64decode(browser.picture()))
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
