"""A headless Chromium that is told what to prefer and says what it did not like."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.browser.provision import PASSWORD, USER

CHECKS = Path(__file__).with_name("checks.js").read_text()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)
# Told of before anything of the page runs.
LISTENER = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
// A colour on its way from one scheme to the other is neither.
const still = new CSSStyleSheet();
still.replaceSync("*, ::before, ::after { transition: none !important; }");
document.adoptedStyleSheets = [still];
"""
HEIGHT = 900


def available() -> bool:
    """Whether there are a browser and its driver."""
    return bool(_browser() and shutil.which(DRIVER))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Yield a browser with a fresh profile; it is ended afterwards."""
    options = ChromeOptions()
    options.binary_location = _browser() or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    driver = Chrome(options=options, service=Service(shutil.which(DRIVER)))
    try:
        driver.set_page_load_timeout(30)
        driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": LISTENER}
        )
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """What the walk and the screenshots do with it."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def sign_in(self, base_url: str) -> None:
        """Fill in the login form as a person does."""
        self.open(f"{base_url}/admin/login/?next=/admin/")
        self.driver.find_element(By.NAME, "username").send_keys(USER)
        self.driver.find_element(By.NAME, "password").send_keys(PASSWORD)
        self.driver.find_element(By.CSS_SELECTOR, "[type=submit]").click()

    def fill_in(self, name: str, text: str) -> None:
        """Write `text` into the field `name` and send its form."""
        field = self.driver.find_element(By.NAME, name)
        field.send_keys(text)
        field.submit()

    def open(self, url: str) -> None:
        """Go to a page; what was logged before is forgotten."""
        self.driver.get_log("browser")
        self.driver.get(url)

    def look(self, *, scheme: str, width: int, height: int = HEIGHT) -> None:
        """Lay the page out anew for a colour scheme and a width in pixels."""
        preferred = {"name": "prefers-color-scheme", "value": scheme}
        self._told("Emulation.setEmulatedMedia", {"features": [preferred]})
        self._told(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": False,
            },
        )

    def problems(self, *, focus: bool) -> list[str]:
        """Return what is wrong with the page as it is laid out now.

        With `focus`, each kind of link and control is focused too, which takes longer.
        """
        script = f"{CHECKS}\nreturn allProblems(arguments[0]);"
        return list(self.driver.execute_script(script, focus))

    def complaints(self) -> list[str]:
        """Return what the console and the policy said since the page was opened."""
        logged = [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]
        return logged + list(self.driver.execute_script("return window.violations"))

    def status(self) -> int:
        """Return the status the page was answered with."""
        script = "return performance.getEntriesByType('navigation')[0].responseStatus"
        return int(self.driver.execute_script(script))

    def kind(self) -> str:
        """Return the content type of the page."""
        return str(self.driver.execute_script("return document.contentType"))

    def content_height(self) -> int:
        """Return how high the page is."""
        script = "return document.scrollingElement.scrollHeight"
        return int(self.driver.execute_script(script))

    def picture(self) -> str:
        """Return what is seen, as a PNG in base64."""
        return str(self.driver.get_screenshot_as_base64())

    def _told(self, command: str, parameters: dict[str, Any]) -> None:
        self.driver.execute_cdp_cmd(command, parameters)


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)
