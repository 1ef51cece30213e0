"""The page of ``telemetry inspect`` in a real browser: Chromium, driven by Playwright."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from collecting import EVENT, event, post

from telemetry_core.collector import Collector

pytestmark = pytest.mark.once

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
if not CHROMIUM:
    pytest.skip("needs Chromium: apt-get install chromium", allow_module_level=True)

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MARKUP = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='in'</script>"
CONTRAST = """() => {
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const found = colour(getComputedStyle(node).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    if (!Array.from(node.childNodes).some((c) => c.nodeType === 3 && c.data.trim())) continue;
    if (!node.checkVisibility()) continue;
    const [a, b] = [light(colour(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push([node.tagName, node.className, node.textContent.slice(0, 20), ratio]);
  }
  return bad;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def page(browser: Any, collector: Collector) -> Iterator[Any]:
    """The page, loaded and live; fails the test when the browser complains of something."""
    complaints: list[str] = []
    opened = browser.new_page(viewport={"width": 1200, "height": 800})
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(collector.url)
    opened.locator("#live .on").wait_for()
    yield opened
    opened.close()
    assert complaints == []


def _message(text: str) -> bytes:
    return event({**EVENT, "message": text})


def test_items_come_in_while_one_is_read(page: Any, collector: Collector) -> None:
    """The empty page says what to do; new items are announced, and what is open stays open."""
    assert "TELEMETRY_DSN" in page.locator("#empty").inner_text()
    post(collector, _message("the first"))
    page.get_by_text("the first", exact=True).wait_for()
    assert page.locator("#empty").inner_text() == ""
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Item 1.0", exact=True).wait_for()
    for number in range(60):
        post(collector, _message(f"number {number}."))
    page.get_by_text("number 59.", exact=True).wait_for()
    page.get_by_text("61 items", exact=True).wait_for()
    assert "number 59." in page.locator("#list > li").first.inner_text()
    # One page of them, and the one that is open.
    assert page.locator("#list > li").count() == 51
    assert page.locator("details[open]").count() == 1
    assert "new item" in page.locator("#news").inner_text()
    assert "Page 1 of 2" in page.locator("#pages").inner_text()


def test_what_is_paused_stands_still_and_goes_on(page: Any, collector: Collector) -> None:
    """WCAG 2.2.2: whatever moves by itself can be stopped."""
    page.get_by_role("button", name="Pause").click()
    post(collector, _message("meanwhile"))
    page.locator("#live .off").wait_for()
    page.wait_for_timeout(300)
    assert page.get_by_text("meanwhile").count() == 0
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("meanwhile").first.wait_for()


def test_forgetting_everything_empties_the_page(page: Any, collector: Collector) -> None:
    """Another page that is open is emptied, too."""
    post(collector, _message("soon gone"))
    page.get_by_text("soon gone").first.wait_for()
    collector.clear()
    page.get_by_text("Nothing has come in yet").wait_for()
    assert page.locator("#list > li").count() == 0


def test_nothing_that_was_received_runs(page: Any, collector: Collector) -> None:
    """Markup stays text, in what is loaded and in what is added while the page is open."""
    payload = {"message": MARKUP, "level": MARKUP, "environment": MARKUP, MARKUP: MARKUP}
    post(collector, event(payload), {"User-Agent": MARKUP})
    page.locator("summary").first.click()
    page.reload()
    page.locator("#live .on").wait_for()
    page.locator("summary").first.click()
    assert page.locator("img").count() == 0
    assert page.title() == "1 item – telemetry inspect"
    assert (
        json.dumps(MARKUP)[1:20]
        in page.get_by_role("region", name="Item 1.0", exact=True).inner_text()
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_everything_can_be_read(page: Any, collector: Collector, scheme: str, width: int) -> None:
    """Contrast of 4.5 and more (WCAG 2.2, AA), and nothing to be scrolled for sideways."""
    remarked = {
        "message": "to [EMAIL]",
        "level": "error",
        "_meta": {"message": {"": {"rem": [["email", "s", 3, 10]]}}},
    }
    for payload in (remarked, {"level": "warning", "message": "x" * 190}):
        post(collector, event(payload))
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    page.reload()
    for summary in page.locator("summary").all():
        summary.click()
    assert page.locator("mark").count() >= 2
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_is_read_and_filtered_without_javascript(
    browser: Any, collector: Collector
) -> None:
    """The form is a plain GET, rows open by themselves, and refreshing is a choice."""
    post(collector, _message("no such voucher"))
    post(collector, _message("another thing"))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(collector.url)
    page.get_by_label("Text").fill("VOUCHER")
    page.get_by_label("Text").press("Enter")
    page.wait_for_url("**text=VOUCHER**")
    assert page.locator("#list > li").count() == 1
    page.locator("summary").click()
    assert "no such voucher" in page.get_by_role("region", name="Item 1.0", exact=True).inner_text()
    # Playwright finds no text in <noscript>.
    page.locator("noscript a").click()
    page.wait_for_url("**refresh=5**")
    assert "Stop refreshing" in page.locator("noscript a").inner_text()
    assert page.get_by_label("Text").input_value() == "VOUCHER"
    context.close()
