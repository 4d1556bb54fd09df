"""Dead letters on the dashboard: an operator puts them back, a tenant cannot."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from frames.clients import producer
from frames.event import Frame, encode_frame
from frames.gateway.api_keys import new_key
from frames.store import StoreCamera
from tests.e2e.browser.conftest import WIDE
from tests.e2e.browser.site import Site, site
from tests.e2e.browser.visit import visit
from tests.waiting import until

ORDER = {"reason": "corrupt-image", "camera": None, "dry_run": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("letters")


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, str]:
    """Of an operator and of two tenants, one of which has dead letters."""
    made = {tenant: new_key(tenant) for tenant in ("head-office", "shop-1", "shop-2")}
    lines = [line + (" operator" if name == "head-office" else "") for name, (_, line) in made.items()]
    (folder / "keys").write_text("".join(f"{line}\n" for line in lines))
    return {tenant: key for tenant, (key, _) in made.items()}


@pytest.fixture(scope="module")
def claims(folder: Path) -> Path:
    """Where large frames lie."""
    claims = folder / "claims"
    claims.mkdir()
    return claims


@pytest.fixture(scope="module")
def up(folder: Path, keys: dict[str, str], claims: Path) -> Iterator[Site]:
    settings = {
        "DETECTSCALE_GATEWAY__KEYS_FILE": str(folder / "keys"),
        "DETECTSCALE_CLAIM_CHECKS__ROOTS": f'["{claims}"]',
    }
    with site(folder, settings) as running:
        yield running


@pytest.fixture(scope="module")
def corrupt(up: Site, folder: Path, keys: dict[str, str]) -> int:
    """So many frames of shop-1 that no decoder can read."""
    broken = folder / "broken.jpg"
    image = StoreCamera(9005).jpeg(3.0)[0]
    broken.write_bytes(image[:2000])
    up.run("publish", "--as-is", broken, broken, "--camera", "shop-1/door")
    until(lambda: counted(up, keys["head-office"], "corrupt-image") == 2)
    return 2


@pytest.fixture(scope="module")
def missing(up: Site, claims: Path, keys: dict[str, str]) -> Path:
    """A picture that is not where its frame says, and so ends as a dead letter."""
    file = claims / "late.jpg"
    frame = Frame("f-late", "shop-1/till", "/t", time.time(), "image/jpeg", b"", dataref=file.as_uri())
    message = encode_frame(frame)
    client = producer(up.settings.kafka)
    client.send(
        up.settings.topics.frames, key=message.key, value=message.value, headers=list(message.headers)
    ).get(30)
    client.close()
    until(lambda: counted(up, keys["head-office"], "dataref-not-found") == 1)
    return file


def test_a_letter_whose_cause_is_mended_is_put_back_and_found(browser, up, keys, missing, shot, accessible):
    missing.write_bytes(StoreCamera(9005).jpeg(3.0)[0])

    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        enter(page, keys["head-office"])
        expect(page.locator("#who")).to_contain_text("head-office, operator")
        tab_to(page, "Redrive dataref-not-found")
        page.keyboard.press("Enter")

        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 letter would be put back into frames, each at most once.")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        shot(page, "redrive")
        accessible(page)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.locator("#redriven")).to_have_text("dataref-not-found: 1 letter put back.")
        expect(page.get_by_role("rowheader", name="dataref-not-found")).to_have_count(0)
    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        enter(page, keys["shop-1"])
        till = page.locator(".camera", has=page.get_by_role("heading", name="till"))
        till.scroll_into_view_if_needed()
        expect(till.locator(".box").first).to_be_visible()


def test_what_is_put_back_and_still_broken_is_dead_again_and_counted(browser, up, keys, corrupt):
    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        enter(page, keys["head-office"])
        page.get_by_role("button", name="Redrive corrupt-image").click()
        page.get_by_role("button", name=f"Put back {corrupt}").click()

        expect(page.locator("#redriven")).to_have_text(f"corrupt-image: {corrupt} letters put back.")
        row = page.get_by_role("row", name="corrupt-image").first
        expect(row.get_by_role("cell").first).to_have_text(str(corrupt))
        page.get_by_text("The newest ones").click()
        states = page.locator("#letter-list tr", has_text="corrupt-image").locator("td:last-child")
        expect(states).to_have_text(["dead"] * corrupt + ["put back"] * corrupt)


def test_escape_puts_nothing_back_and_gives_the_focus_back(browser, up, keys, corrupt):
    before = counted(up, keys["head-office"], "corrupt-image")

    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        enter(page, keys["head-office"])
        button = page.get_by_role("button", name="Redrive corrupt-image")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")

        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(button).to_be_focused()
    assert counted(up, keys["head-office"], "corrupt-image") == before


def test_a_tenant_sees_its_own_letters_and_no_button(browser, up, keys, corrupt):
    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        enter(page, keys["shop-1"])

        expect(page.get_by_role("rowheader", name="corrupt-image")).to_be_visible()
        expect(page.get_by_role("button", name="Redrive")).to_have_count(0)
        expect(page.locator("#who")).to_contain_text("shop-1")
    refused = httpx.post(
        f"{up.url}/v1/dead-letters/redrive",
        json=ORDER,
        headers={"authorization": f"Bearer {keys['shop-1']}"},
        trust_env=False,
    )
    assert (refused.status_code, refused.json()["reason"]) == (403, "not-an-operator")


def test_another_tenant_sees_none(browser, up, keys, corrupt):
    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        enter(page, keys["shop-2"])

        expect(page.locator("#no-letters")).to_have_text("None: every frame could be processed.")
        expect(page.locator("#letters")).to_be_hidden()
        expect(page.locator(".camera")).to_have_count(0)


def test_a_wrong_key_is_asked_for_again_and_the_right_one_forgotten_on_leaving(browser, up, keys):
    with visit(browser, up.url, viewport=WIDE, refused=[401]) as page:
        page.goto("/playground")
        page.get_by_label("Key", exact=True).fill("ds_wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="Refused")).to_be_visible()
        page.get_by_label("Key", exact=True).fill(keys["shop-2"])
        page.keyboard.press("Enter")

        expect(page.locator("#curl")).to_contain_text('authorization: Bearer $KEY"')
        expect(page.locator("#curl")).not_to_contain_text(keys["shop-2"])
        page.get_by_role("button", name="Other key").click()
        expect(page.get_by_role("dialog")).to_be_visible()


def enter(page: Page, key: str) -> None:
    """Open the dashboard with a key."""
    page.goto("/")
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")
    expect(page.locator("#who")).not_to_be_empty()
    expect(page.locator("#state")).to_contain_text("live")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the button called *name* has the focus."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            return
    pytest.fail(f"{name} is not reached by Tab")


def counted(up: Site, key: str, reason: str) -> int:
    counts: dict[str, int] = up.get("/v1/dead-letters", key)["counts"]
    return counts.get(reason, 0)
