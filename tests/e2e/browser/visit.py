"""A look at a page, by a browser of which nothing is hidden."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

STATUS = re.compile(r"status of (\d+)")
NOBODY = "net::ERR_"

WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@contextmanager
def visit(
    browser: Browser, url: str, refused: Sequence[int] = (), alone: bool = False, **options: Any
) -> Iterator[Page]:
    """
    A page in a context of its own, whose links start at *url*.

    Fails at the end of the block if the page has written an error to the console, thrown one, asked another
    origin for anything, or tried what its policy forbids.

    Args:
        refused: Statuses of answers that belong to the story.
        alone: Nobody answers for a while in the story.
        options: Of Playwright's `new_context`: `viewport`, `color_scheme`, …
    """
    wrong: list[str] = []

    def expected(text: str) -> bool:
        if alone and NOBODY in text:
            return True
        status = STATUS.search(text)
        return status is not None and int(status[1]) in refused

    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(30_000)
    context.add_init_script(WATCH_POLICY)
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(f"thrown: {error}"))
    page.on(
        "console",
        lambda message: (
            wrong.append(f"{message.type}: {message.text}")
            if message.type in ("error", "warning") and not expected(message.text)
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((url, "blob:")) else wrong.append(f"elsewhere: {request.url}")
        ),
    )
    try:
        yield page
        assert page.evaluate("window.violations") == []
        assert wrong == []
    finally:
        context.close()
