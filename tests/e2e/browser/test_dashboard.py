"""The dashboard, while a fleet goes from nothing to work and back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from autoscaler.decision import Memory
from autoscaler.journal import Entry, Journal
from autoscaler.observation import Observation
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from frames.store import StoreCamera
from tests.e2e.browser.conftest import PHONE, WIDE, fits
from tests.e2e.browser.site import Site, site
from tests.e2e.browser.visit import visit

CAMERAS = ("entrance", "tills", "aisle-3")
EACH = 40
"""Frames of each camera."""

WATCH_COUNT = """
window.counts = [];
new MutationObserver(() => {
  const shown = document.getElementById("replicas").textContent;
  if (shown !== window.counts.at(-1)) window.counts.push(shown);
}).observe(document.getElementById("replicas"), { childList: true, characterData: true, subtree: true });
"""
"""Keeps each number that the page has shown."""

HEIGHTS = """
path => [...path.getAttribute("d").matchAll(/[ML][\\d.]+,([\\d.]+)/g)].map((point) => Number(point[1]))
"""
"""How far down each point of a line is, pixels."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Frames by camera."""
    folder = tmp_path_factory.mktemp("pictures")
    made: dict[str, list[Path]] = {}
    for seed, camera in enumerate(CAMERAS, 9005):
        shop = StoreCamera(seed)
        files = [folder / f"{camera}-{n}.jpg" for n in range(4)]
        for n, file in enumerate(files):
            file.write_bytes(shop.jpeg(3.0 + n)[0])
        made[camera] = [files[n % len(files)] for n in range(EACH)]
    return made


def test_it_shows_the_way_from_zero_workers_to_some_and_back(browser, up, pictures, shot, accessible):
    up.await_rest()

    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/")
        expect(page.locator("#state")).to_have_text("live, at rest")
        expect(page.locator("#replicas")).to_have_text("0")
        expect(page.locator("#tiles")).to_have_attribute("aria-label", "0 ready · 0 starting")
        page.evaluate(WATCH_COUNT)

        for camera, files in pictures.items():
            up.run("publish", *files, "--camera", camera)
        page.wait_for_function("window.counts.some((count) => count !== '0')")
        expect(page.locator("#tiles .ready").first).to_be_visible()
        shot(page, "dashboard-busy")
        expect(page.locator("#replicas")).to_have_text("0", timeout=60_000)
        expect(page.locator("#state")).to_have_text("live, at rest")

        with page.expect_response("**/v1/fleet?minutes=15") as asked:
            pass
        fleet = asked.value.json()
        expect(page.locator("#cost")).to_contain_text(f"About {fleet['cost']['frames']} frames")
        shown = page.locator("#changes > li")
        expect(shown).to_have_count(len(fleet["changes"]))
        for n, change in enumerate(fleet["changes"]):
            expect(shown.nth(n)).to_contain_text(f"{change['before']} → {change['replicas']}")
            expect(shown.nth(n)).to_contain_text(change["words"])
        peak = max(point["replicas"] for point in fleet["history"])
        assert 1 <= max(map(int, page.evaluate("window.counts"))) <= peak
        assert len(set(page.locator("#workers-chart .line.replicas").evaluate(HEIGHTS))) == peak + 1
        assert min(page.locator("#workers-chart .area.arrivals").evaluate(HEIGHTS)) < 150
        assert len(set(page.locator("#age-chart .line.age").evaluate(HEIGHTS))) > 1
        expect(page.locator("#workers-readout")).to_contain_text(f"In 15 minutes at most {peak} wanted")
        expect(page.locator("#age-chart .goal-words")).to_have_text("goal 2 s")
        for phase in fleet["cold_start"]["phases"]:
            name = phase["name"].replace("_", "-")
            expect(page.locator("#cold").get_by_role("rowheader", name=name)).to_be_attached()

        show_all(page)
        for camera in CAMERAS:
            result = up.get(f"/v1/cameras/{camera}/latest")
            card = page.locator(".camera", has=page.get_by_role("heading", name=camera))
            expect(card.locator(".box")).to_have_count(len(result["detections"]))
            assert card.locator("img").evaluate("image => image.naturalWidth") == result["width"]
        shot(page, "dashboard")
        accessible(page)


def test_a_change_opens_into_its_numbers_by_keyboard_and_stays_open(browser, up, pictures):
    up.run("publish", *pictures["tills"][:4], "--camera", "tills")
    up.await_rest()

    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/")
        first = page.locator("#changes details").first
        first.locator("summary").focus()
        page.keyboard.press("Enter")

        expect(first.locator("dl")).to_be_visible()
        expect(first.locator("dl")).to_contain_text("cheapest foreseen")
        with page.expect_response("**/v1/fleet?*"):
            pass
        expect(first.locator("dl")).to_be_visible()


def test_another_time_is_chosen_by_keyboard_and_kept_in_the_address(browser, up):
    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/")
        page.locator("#minutes input:checked").focus()

        with page.expect_response("**/v1/fleet?minutes=60"):
            page.keyboard.press("ArrowRight")

        page.reload()
        expect(page.get_by_role("radio", name="60 min")).to_be_checked()
        expect(page.locator("#workers-readout")).to_contain_text("In 60 minutes")


def test_it_says_for_how_long_nothing_was_decided(browser, up, pictures):
    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/")
        up.run("publish", *pictures["tills"][:4], "--camera", "tills")
        expect(page.locator("#replicas")).not_to_have_text("0")

        with up.held():
            expect(page.locator("#state")).to_contain_text("no decision for")
            expect(page.locator("#state")).to_have_class("state stale")
        expect(page.locator("#state")).to_have_class("state live")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_all_without_a_scroll_sideways(browser, up, scheme, shot, accessible):
    options = {"viewport": PHONE, "color_scheme": scheme, "has_touch": True, "is_mobile": True}
    with visit(browser, up.url, reduced_motion="reduce", **options) as page:
        page.goto("/")
        expect(page.locator("#state")).to_contain_text("live")
        show_all(page)

        assert fits(page)
        shot(page, f"dashboard-phone-{scheme}")
        accessible(page)


def test_it_can_be_read_in_the_dark(browser, up, shot, accessible):
    with visit(browser, up.url, viewport=WIDE, color_scheme="dark") as page:
        page.goto("/")
        expect(page.locator("#state")).to_contain_text("live")
        show_all(page)

        shot(page, "dashboard-dark")
        accessible(page)


def test_one_of_several_targets_is_chosen_and_kept_in_the_address(browser, up):
    journal = Journal(up.settings.kafka, up.settings.topics.decisions, "other")
    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/")
        for waiting in (0, 7):
            journal.append(decided(waiting))
        expect(page.get_by_label("Target")).to_have_value("frames")

        page.get_by_label("Target").select_option("other")

        expect(page.locator("#facts")).to_contain_text("7 frames")
        expect(page.locator("#changes > li")).to_have_count(1)
        page.reload()
        expect(page.get_by_label("Target")).to_have_value("other")
        expect(page.locator("#facts")).to_contain_text("7 frames")
    journal.close()


def decided(waiting: int) -> Entry:
    """A step of an autoscaler that has seen so many frames wait."""
    seen = Observation(
        at=time.time(),
        lag=(waiting,),
        arrival_rate=None,
        oldest_age=0.5 if waiting else None,
        ready=0,
        starting=(),
        draining=0,
        in_flight=0,
        idle_for=None,
        service_time=None,
        cold_start=None,
    )
    params = PolicySettings()
    decision, _ = decide(seen, Memory(), params)
    return Entry(seen, Memory(), decision, params)


def test_what_a_camera_calls_itself_is_text(browser, up, pictures):
    name = "<img src=x onerror=alert(1)>"
    up.run("publish", pictures["tills"][0], "--camera", name)

    with visit(browser, up.url, viewport=WIDE) as page:
        page.goto("/")

        card = page.locator(".camera", has_text=name)
        expect(card.get_by_role("heading")).to_have_text(name)
        card.scroll_into_view_if_needed()
        expect(card.locator(".box").first).to_be_visible()


def show_all(page: Page) -> None:
    """Let each camera's picture come."""
    cards = page.locator(".camera")
    expect(cards.first).to_be_visible()
    for n in range(cards.count()):
        cards.nth(n).scroll_into_view_if_needed()
        expect(cards.nth(n).locator("img")).to_be_visible()
    page.evaluate("window.scrollTo(0, 0)")
