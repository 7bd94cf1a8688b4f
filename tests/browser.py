"""A page in headless Chromium, driven through DevTools on a pipe: no driver, no port."""

import base64
import fcntl
import json
import os
import select
import shutil
from pathlib import Path
from typing import Any, Self

import pytest

from train.core.processes.children import DEVNULL, Child

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --mute-audio --remote-debugging-pipe "
    "--autoplay-policy=no-user-gesture-required"
)


def microphone_of(wav: Path) -> tuple[str, ...]:
    """Flags that make a WAV the microphone, over and over, which everybody may use."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}",
    )


_TIMEOUT_S = 90  # without a word


class Browser:
    """One page. ``complaints`` are uncaught exceptions, failed assertions and what a policy refused."""

    def __init__(self, profile: Path, *flags: str) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            pytest.skip("chromium is not installed")
        self.complaints: list[str] = []
        self._count = 0
        its_input, self._input = os.pipe()
        self._output, its_output = os.pipe()

        def inherit() -> None:  # it reads from 3 and writes to 4
            away = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (its_input, its_output)]
            for end, place in zip(away, (3, 4), strict=True):
                os.dup2(end, place)

        self._process = Child(
            [program, *_FLAGS.split(), *flags, f"--user-data-dir={profile}", "about:blank"],
            stderr=DEVNULL,
            close_fds=False,
            preexec_fn=inherit,
        )
        os.close(its_input)
        os.close(its_output)
        self._unread = b""
        self._session = None
        (target,) = [each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._input)
        os.close(self._output)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A request of the DevTools protocol and its answer."""
        number = self._send(method, **parameters)
        while (message := self._read()).get("id") != number:
            self._note(message)
        assert "error" not in message, (method, message)
        return dict(message["result"])

    def _send(self, method: str, **parameters: Any) -> int:
        self._count += 1
        request = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        content = memoryview(json.dumps(request).encode() + b"\0")
        while content:
            content = content[os.write(self._input, content) :]
        return self._count

    def open(self, page: Path, width: int = 1280, height: int = 900) -> None:
        """Open a file and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call("Page.navigate", url=page.as_uri())
        self.run("new Promise(done => document.readyState === 'complete' ? done() : onload = done)")

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is waited for."""
        done = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait_for(self, condition: str, seconds: float = 60) -> Any:
        """The value of an expression, once it is true."""
        complaint = json.dumps(f"not true in time: {condition}")
        return self.run(
            f"new Promise((done, fail) => {{ const look = () => {{ const value = {condition}; "
            "if (value) done(value); else setTimeout(look, 20); }; look(); "
            f"setTimeout(fail, {1000 * seconds}, new Error({complaint})) }})"
        )

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file as a user does."""
        element = self.call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self.call("DOM.setFileInputFiles", files=[str(file)], objectId=element["result"]["objectId"])

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            readable, _, _ = select.select([self._output], [], [], _TIMEOUT_S)
            assert readable, "the browser says nothing"
            piece = os.read(self._output, 1 << 16)
            assert piece, "the browser is gone"
            self._unread += piece
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(parameters["entry"]["text"])
        if event.get("method") == "Page.javascriptDialogOpening":  # it asks whether to leave
            self._send("Page.handleJavaScriptDialog", accept=True)
