"""`python -m tests.browser.shots DIRECTORY [--all]`: the screenshots of the docs.

Each page as `NAME-SCHEME-WIDTH.png`, light and dark, at 1280 and 400 pixels: those that
a page of the docs shows, or all, to look at. `NAME` is that of its address, so a page
that is new has one; of admin, some are shown.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests.browser import provision

if TYPE_CHECKING:
    from tests.browser.chromium import Browser
    from tests.stack import Stack

ROOT = Path(__file__).parents[2]
MOST_HEIGHT = 2_700
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


def main(directory: Path, *, every: bool) -> int:
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
    wanted = None if every else shown_in_docs()
    with tempfile.TemporaryDirectory() as name, Simulator() as simulator:
        there = Path(name)
        template = Template(
            there / "template", simulator.url, provision=provision.__name__
        )
        with (
            Stack(template, there / "stack", {}) as site,
            chromium.browser(there / "profile") as browser,
        ):
            browser.sign_in(site.base_url)
            for route in filter(_shown, addresses.pages()):
                for path in addresses.addresses(route, site)[:1]:
                    browser.open(site.base_url + _at_its_best(path, site))
                    if route.name == "routing:try_rule":
                        browser.fill_in("prompt", "What is 2+2?")
                    _take(browser, directory, _name(route.name), wanted)
    return 0


def shown_in_docs() -> set[str]:
    """Return the names of the files that the documentation shows or leads to."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    texts = "".join(page.read_text() for page in pages)
    return set(re.findall(r"screenshots/([\w-]+\.png)", texts))


def _shown(route) -> bool:
    return route.name in NAMES or not route.name.startswith("admin:")


def _at_its_best(path: str, site: Stack) -> str:
    """Made-up money is shown when asked for; of decisions, one with its texts."""
    if path.endswith("/reports/"):
        return f"{path}?simulated=1"
    if path.startswith("/rules/"):  # one that is new, as a reader's own is
        (row,) = site.query(
            "SELECT id FROM routing_cascaderule WHERE name = ?", provision.RULES[1]
        )
        return f"/rules/{row['id']}/try/"
    if "/upstreammodel/" in path:
        (row,) = site.query(
            "SELECT id FROM routing_upstreammodel WHERE name = ?", provision.KNOWN_MODEL
        )
        return f"/admin/routing/upstreammodel/{row['id']}/change/"
    if path.startswith("/d/"):
        kept = site.query(
            "SELECT decision_id FROM metrics_kepttext WHERE verifier IS NOT NULL"
        )
        return f"/d/{kept[0]['decision_id']}"
    return path


def _name(name: str) -> str:
    return NAMES.get(name, name.partition(":")[2].replace("_", "-"))


def _take(
    browser: Browser, directory: Path, name: str, wanted: set[str] | None
) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            path = directory / f"{name}-{scheme}-{width}.png"
            if wanted is not None and path.name not in wanted:
                continue
            browser.look(scheme=scheme, width=width)
            height = min(MOST_HEIGHT, browser.content_height())
            browser.look(scheme=scheme, width=width, height=height)
            path.write_bytes(base64.b64decode(browser.picture()))
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), every="--all" in sys.argv[2:]))
