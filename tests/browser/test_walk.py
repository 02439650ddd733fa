"""Every page, light and dark, wide and narrow, in a real browser."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser import addresses
from tests.browser.addresses import NO_PAGES, Route

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 400)]
FINE = {200, 404}


def refused(name: str) -> bool:
    """Whether admin lets nobody add or delete these, not even superusers."""
    model = addresses.model_of(name)
    verb = name.rpartition("_")[2]
    if model is None or verb not in ("add", "delete"):
        return False
    request = HttpRequest()
    request.user = User(is_superuser=True, is_staff=True)
    return not getattr(admin.site._registry[model], f"has_{verb}_permission")(request)


REFUSED = [route for route in addresses.pages() if refused(route.name)]
SHOWN = [route for route in addresses.pages() if not refused(route.name)]


def test_what_is_said_to_be_no_page_is_there():
    assert set(NO_PAGES) - {route.known_as for route in addresses.routes()} == set()


@pytest.mark.parametrize("route", SHOWN, ids=lambda route: route.known_as)
def test_a_page_is_sound(site, browser, route: Route):
    for path in addresses.addresses(route, site):
        browser.look(scheme="light", width=1280)
        browser.open(site.base_url + path)
        wrong = [] if browser.status() in FINE else [f"status {browser.status()}"]
        assert browser.kind() == "text/html", f"{path}: say in NO_PAGES why"
        for scheme, width in LOOKS:
            browser.look(scheme=scheme, width=width)
            wrong += [
                f"{scheme} {width}: {each}"
                for each in browser.problems(focus=width == 1280)
            ]
        wrong += [c for c in browser.complaints() if not is_the_404(c, path)]
        assert not wrong, "\n".join([path, *dict.fromkeys(wrong)])


@pytest.mark.parametrize("route", REFUSED, ids=lambda route: route.known_as)
def test_what_admin_lets_nobody_do_has_no_page(site, browser, route: Route):
    for path in addresses.addresses(route, site):
        browser.open(site.base_url + path)
        assert browser.status() == 403
    browser.complaints()  # that it was refused is what was asked for


def is_the_404(complaint: str, path: str) -> bool:
    """Whether the console only says that a decision nobody has is not there."""
    return "404" in complaint and path.endswith("0" * 22) and path in complaint


def test_there_is_a_row_of_all_that_admin_lists(site):
    """Or the form of it is walked by nobody: make one in tests.browser.provision."""
    missing = [
        model._meta.label
        for model in admin.site._registry
        if addresses.first_id(model, site) is None
    ]
    assert missing == []


def test_the_keyboard_gets_to_the_period_and_to_the_figures(site, browser):
    browser.look(scheme="light", width=1280)
    browser.open(f"{site.base_url}/reports/?simulated=1")
    reached = [press_tab(browser) for _ in range(40)]
    assert reached[0] == "Skip to main content"
    assert len(set(reached)) > 15
    assert any("30 days" in text for text in reached)
    assert any("show the decisions" in text for text in reached)


def press_tab(browser) -> str:
    """Go on to the next element; what it is called."""
    ActionChains(browser.driver).send_keys(Keys.TAB).perform()
    script = (
        "const e = document.activeElement;"
        "return e.ariaLabel || e.textContent.trim() || e.id"
    )
    return str(browser.driver.execute_script(script))
