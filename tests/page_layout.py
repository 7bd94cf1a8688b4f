"""How a page is laid out in a browser: what sticks out of it, what can be reached, how it looks.

As a program it takes a picture: ``python tests/page_layout.py PAGE.html PICTURE.png [WIDTH_PX [HEIGHT_PX]]``.
"""

import base64
import sys
import tempfile
from pathlib import Path
from typing import Any

from browser import Browser

PHONE_PX, DESK_PX = 390, 1280
LEAST_TARGET_PX = 24  # high, of what a finger is to hit (WCAG 2.2, 2.5.8)
_MOST_FOUND = 5
# Widths in pixels and elements that are not within the page, unless a box that scrolls holds them.
_OVERFLOW = """(() => {
  const width = document.documentElement.clientWidth, found = [];
  const scrolls = box => box && (getComputedStyle(box).overflowX !== "visible" || scrolls(box.parentElement));
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.width && box.right > width + 1 && !scrolls(element.parentElement))
      found.push(element.tagName + ": " + element.textContent.trim().slice(0, 40));
  }
  const pushed = document.documentElement.scrollWidth - width;
  return pushed > 0 ? [pushed + " px too wide", ...found] : found;
})()"""
# Tables in boxes that do not end with their last column, pushed as far as they go.
_CUT_TABLES = """[...document.querySelectorAll(".scroll")].filter(box => {
  box.scrollLeft = box.scrollWidth;
  const ends = [...box.querySelectorAll("th:last-child, td:last-child")];
  return ends.some(end => end.getBoundingClientRect().right > box.getBoundingClientRect().right + 1);
}).map(box => box.getAttribute("aria-label"))"""
_LOW_TARGETS = """[...document.querySelectorAll("a, button, summary")].filter(target => {
  const height = target.getBoundingClientRect().height;
  return height && height < LEAST;
}).map(target => target.textContent || target.getAttribute("aria-label"))"""
_UNFOLD = "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"


def check_phone(shown: Browser, page: Path) -> None:
    """Open a page as a phone does: nothing sticks out, all columns can be reached, links can be hit."""
    shown.open(page, PHONE_PX, 844)
    _assert_none(shown, "beside the page", _OVERFLOW)
    _assert_none(shown, "too low to be hit", _LOW_TARGETS.replace("LEAST", str(LEAST_TARGET_PX)))
    shown.run(_UNFOLD)
    _assert_none(shown, "beside the page, with everything unfolded", _OVERFLOW)
    _assert_none(shown, "cut off", _CUT_TABLES)


def _assert_none(shown: Browser, what: str, script: str) -> None:
    found: list[Any] = shown.run(script)
    assert not found, f"{what}: {found[:_MOST_FOUND]}"


def take_picture(
    page: Path, picture: Path, width_px: int = DESK_PX, height_px: int | None = None, is_dark: bool = False
) -> None:
    """A PNG of a page: all of it, or from its top so far down."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        Browser(Path(profile), "--hide-scrollbars") as shown,
    ):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        shown.call("Emulation.setEmulatedMedia", features=[scheme])
        shown.open(page.resolve(), width_px)
        whole = shown.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": whole["width"], "height": height_px or whole["height"], "scale": 1}
        shot = shown.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        picture.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    page, picture, *sides_px = sys.argv[1:]
    take_picture(Path(page), Path(picture), *map(int, sides_px))
