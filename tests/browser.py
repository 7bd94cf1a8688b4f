"""A headless Chromium: how a page looks at the width of a phone or of a desk, and what it says there.

As a program it takes a picture: ``python tests/browser.py PAGE.html PICTURE.png [WIDTH_PX [HEIGHT_PX]]``.
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PHONE_PX, DESK_PX = 390, 1280
_HEIGHT_PX = 844
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe"
).split()
_READS, _WRITES = 3, 4  # the descriptors by which the browser is told, and answers
_FREE = 10  # the first descriptor that is none of these
# How far the page can be pushed sideways, and what sticks out of it without a box of its own that scrolls.
_OVERFLOW = """(() => {
  const width = document.documentElement.clientWidth, found = [];
  const scrolls = element => element && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.width && box.right > width + 1 && !scrolls(element.parentElement))
      found.push(element.tagName + "." + element.className + ": " + element.textContent.trim().slice(0, 40));
  }
  const pushed = document.documentElement.scrollWidth - width;
  return pushed > 0 ? [pushed + " px too wide", ...found.slice(0, 5)] : found.slice(0, 5);
})()"""


def find_browser() -> str | None:
    """Where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page at a time. What its scripts complain of is in ``complaints``."""

    def __init__(self, asked: int, answers: int) -> None:
        """Args: descriptors, to write to the browser and to read from it."""
        self.complaints: list[str] = []
        self._asked, self._answers, self._received, self._count = asked, answers, b"", 0
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = ""
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def show(self, page: Path, width_px: int = DESK_PX, *, is_dark: bool = False) -> None:
        """Load a page as a phone of that width shows it, or a desk."""
        self.resize(width_px)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])
        self._ask("Page.navigate", url=page.resolve().as_uri())
        self._wait("Page.loadEventFired")

    def resize(self, width_px: int, height_px: int = _HEIGHT_PX) -> None:
        """Another width for the page that is shown."""
        is_phone = width_px < DESK_PX
        metrics = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": is_phone}
        self._ask("Emulation.setDeviceMetricsOverride", **metrics)

    def evaluate(self, expression: str) -> Any:
        """What JavaScript gives."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def overflow(self) -> list[str]:
        """What sticks out of the page sideways; nothing where all fits, or scrolls in a box of its own."""
        found: list[str] = self.evaluate(_OVERFLOW)
        return found

    def picture(self, path: Path, height_px: int | None = None) -> None:
        """A PNG of the page: all of it, or from its top so far down."""
        whole = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": whole["width"], "height": height_px or whole["height"], "scale": 1}
        content = self._ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(content))

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if getattr(self, "_session", ""):
            message["sessionId"] = self._session
        with os.fdopen(os.dup(self._asked), "wb") as pipe:
            pipe.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _wait(self, event: str) -> None:
        while self._next().get("method") != event:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            piece = os.read(self._answers, 1 << 20)
            assert piece, "the browser has ended"
            self._received += piece
        text, _, self._received = self._received.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(message["params"]))
        return message


@contextlib.contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """A browser that ends with the block, with a profile of its own."""
    asks, asked = os.pipe()
    answers, answered = os.pipe()

    def take_descriptors() -> None:
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, _FREE) for end in (asks, answered)]
        for end, number in zip(ends, (_READS, _WRITES), strict=True):
            os.dup2(end, number)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [executable, *_FLAGS, f"--user-data-dir={profile}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=take_descriptors,
        )
        os.close(asks)
        os.close(answered)
        try:
            yield Browser(asked, answers)
        finally:
            os.close(asked)  # which ends it
            os.close(answers)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main(page: str, picture: str, width_px: str = str(DESK_PX), height_px: str = "") -> None:
    """Take a picture of a page."""
    executable = find_browser()
    if executable is None:
        sys.exit("chromium is not installed; install it with: apt-get install chromium")
    with browser(executable) as found:
        found.show(Path(page), int(width_px))
        found.picture(Path(picture), int(height_px) if height_px else None)


if __name__ == "__main__":
    main(*sys.argv[1:])
