"""What the dashboard says when the gateway is gone."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.browser.conftest import WIDE
from tests.e2e.browser.site import site
from tests.e2e.browser.visit import visit


def test_a_lost_connection_is_said_and_comes_back(browser, tmp_path: Path):
    with site(tmp_path) as up, visit(browser, up.url, alone=True, viewport=WIDE) as page:
        page.goto("/")
        expect(page.locator("#state")).to_have_text("live, at rest")

        with up.without_gateway():
            expect(page.locator("#state")).to_contain_text("connection lost, trying again")
            expect(page.locator("#problem")).to_have_text("The gateway does not answer.")

        expect(page.locator("#state")).to_have_text("live, at rest")
        expect(page.locator("#problem")).to_be_hidden()
