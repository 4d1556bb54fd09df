"""The playground: a picture in, its boxes over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from frames.store import StoreCamera, Truth
from tests.e2e.browser.conftest import PHONE, WIDE, fits
from tests.e2e.browser.site import Site, site
from tests.e2e.browser.visit import visit

Box = tuple[float, float, float, float]

BOXES_ON_THE_PICTURE = """
() => {
  const shown = document.getElementById("shown");
  const picture = shown.getBoundingClientRect();
  const scale = shown.naturalWidth / picture.width;
  return [...document.querySelectorAll("#boxes .box")].map((box) => {
    const { left, top, right, bottom } = box.getBoundingClientRect();
    const place = [left - picture.left, top - picture.top, right - picture.left, bottom - picture.top];
    return [box.textContent.split(" ")[0], place.map((pixels) => pixels * scale)];
  });
}
"""
DROP = """
([bytes, name, type]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
  const target = document.getElementById("drop");
  target.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("playground")) as running:
        yield running


@pytest.fixture(scope="module")
def shop() -> tuple[bytes, list[Truth]]:
    """A frame, and what it shows."""
    return StoreCamera(9005).jpeg(3.0)


@pytest.fixture
def picture(tmp_path: Path, shop: tuple[bytes, list[Truth]]) -> Path:
    file = tmp_path / "shop.jpg"
    file.write_bytes(shop[0])
    return file


def test_a_chosen_picture_gets_its_boxes_from_zero_workers(browser, up, picture, shop, shot, accessible):
    up.await_rest()

    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/playground")
        page.set_input_files("#file", picture)

        expect(page.locator("#words")).to_contain_text("waking a worker")
        expect(page.locator("#boxes .box").first).to_be_visible()
        expect(page.locator("#words")).to_have_text(f"{page.locator('#rows tr').count()} objects")
        shot(page, "playground")
        accessible(page)

        found = page.evaluate(BOXES_ON_THE_PICTURE)
        large = [truth for truth in shop[1] if area(truth.box) > 5000]
        assert {truth.label for truth in large} == {"person", "cart"}
        for truth in large:
            assert max(overlap(truth.box, box) for label, box in found if label == truth.label) > 0.5
        assert page.locator("#rows th").all_text_contents() == [label for label, _ in found]
        expect(page.locator("#times")).to_contain_text("in all, from here")


def test_the_example_is_on_the_page_and_works_on_a_phone_in_the_dark(browser, up, shot, accessible):
    with visit(browser, up.url, viewport=PHONE, color_scheme="dark", has_touch=True, is_mobile=True) as page:
        page.goto("/playground")
        page.get_by_role("button", name="Try an example").click()

        expect(page.locator("#boxes .box").first).to_be_visible()
        expect(page.locator("#summary")).to_contain_text("person")
        assert fits(page)
        shot(page, "playground-phone-dark")
        accessible(page)


def test_a_dropped_picture_is_sent_and_shown_with_its_curl(browser, up, shop):
    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/playground")

        page.evaluate(DROP, [list(shop[0]), "o'clock.jpg", "image/jpeg"])

        expect(page.locator("#boxes .box").first).to_be_visible()
        expect(page.locator("#curl")).to_contain_text(r"--data-binary @'o'\''clock.jpg'")
        expect(page.locator("#curl")).to_contain_text(f"{up.url}/v1/detect")


def test_what_is_no_picture_is_refused_in_the_gateways_words(browser, up, tmp_path, accessible):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"<b>not a picture</b>")

    with visit(browser, up.url, viewport=WIDE, refused=[415, 422]) as page:
        page.goto("/playground")
        page.set_input_files("#file", broken)

        expect(page.locator("#problem")).to_contain_text("neither JPEG nor PNG")
        expect(page.locator("#summary")).to_have_text("No result.")
        accessible(page)


def test_it_is_all_done_by_keyboard(browser, up):
    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/playground")

        tab_to(page, "#example")
        page.keyboard.press("Enter")

        expect(page.locator("#boxes .box").first).to_be_visible()
        tab_to(page, "#copy")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until *selector* has the focus, and see that this can be seen."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    pytest.fail(f"{selector} is not reached by Tab")


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (area(one) + area(other) - shared)
