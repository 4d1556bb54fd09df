"""
A real browser, Debian's Chromium, in front of a real `detectscale up`.

    browser     the browser, for the tests of a file
    shot        keeps a picture of a page in `build/screenshots`
    accessible  fails with what axe-core finds on a page
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("there is no browser: apt-get install chromium")
    with sync_playwright() as playwright:
        # Root, as CI is, cannot have Chromium's sandbox.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def shot(pytestconfig: pytest.Config) -> Callable[[Page, str], Path]:
    folder = pytestconfig.rootpath / "build" / "screenshots"

    def shoot(page: Page, name: str) -> Path:
        file = folder / f"{name}.png"
        page.screenshot(path=file, full_page=True)
        return file

    return shoot


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()

    return check


def fits(page: Page) -> bool:
    """Whether nothing lies beside the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
