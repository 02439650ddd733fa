"""One server and one browser for all tests here."""
# ruff: noqa: F811  pytest hands fixtures over by name

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import chromium
from tests.browser.chromium import Browser
from tests.fixtures import simulator  # noqa: F401  found by its name here
from tests.stack import Stack, Template


@pytest.fixture(scope="session")
def site(simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack that has something to show."""
    directory = tmp_path_factory.mktemp("browser-template")
    template = Template(directory, simulator.url, provision="tests.browser.provision")
    with Stack(template, tmp_path_factory.mktemp("browser"), {}) as stack:
        yield stack


@pytest.fixture(scope="session")
def browser(site: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that is signed in there."""
    if not chromium.available():
        pytest.skip("there is no Chromium with its driver here")
    with chromium.browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.sign_in(site.base_url)
        yield browser
