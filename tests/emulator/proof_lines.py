"""For the tests of ``hil test``: lines with something wrong about them, one over the network, and checks."""

import socket
import threading
from collections.abc import Callable

import numpy as np

from hil.link.link import Link, LinkError
from hil.proof.expected_clips import ClipSet
from hil.proof.proof import verdict
from hil.protocol.framing import Decoder, Frame
from hil.protocol.framing import encode as encode_frame
from hil.protocol.messages import Result
from hil.protocol.payload import Message
from train.core.results.boards import ProofResult


def check_all_right(result: ProofResult, clip_set: ClipSet) -> None:
    """All clips scored, and what Python computes."""
    assert result.clips == result.clips_asked == len(clip_set)
    assert result.failed == 0
    assert (result.features_compared, result.scores_compared) == (
        len(clip_set) * 49 * 43,
        len(clip_set) * 4,
    )
    assert result.scores_differing == 0
    assert result.features_max_difference <= 1
    assert result.features_differing <= 3
    expected = np.mean(clip_set.scores.argmax(axis=1) == clip_set.truth)
    assert result.accuracy == result.int8_accuracy == expected
    verdict(result, None)


def accept_anything(*_: object) -> None:
    pass


class EndingLink:
    """A link that ends, in one way or another, after so many bytes received."""

    def __init__(self, open_link: Callable[[], Link], bytes_left: int, end: BaseException) -> None:
        self.name = "ending line"
        self._link, self._left, self._end = open_link(), bytes_left, end

    def send(self, data: bytes) -> None:
        self._link.send(data)

    def receive(self, timeout_s: float) -> bytes:
        if self._left <= 0:
            raise self._end
        data = self._link.receive(timeout_s)
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._link.close()


class Cutter:
    """Opens a line that breaks when a certain question is asked, so many times."""

    def __init__(self, open_link: Callable[[], Link], question: type[Message], cuts: int) -> None:
        self._open_link, self.question, self.cuts_left = open_link, question, cuts

    def open(self) -> Link:
        """The line, until it breaks."""
        return _CutLink(self._open_link(), self)


class _CutLink:
    def __init__(self, link: Link, cutter: Cutter) -> None:
        self.name = "cut line"
        self._link, self._cutter, self._decoder = link, cutter, Decoder()

    def send(self, data: bytes) -> None:
        asks = any(
            isinstance(item, Frame) and item.type == self._cutter.question.TYPE
            for item in self._decoder.feed(data)
        )
        if asks and self._cutter.cuts_left:
            self._cutter.cuts_left -= 1
            raise LinkError("cut on purpose")
        self._link.send(data)

    def receive(self, timeout_s: float) -> bytes:
        return self._link.receive(timeout_s)

    def close(self) -> None:
        self._link.close()


class StaleLink:
    """A link that gives every third result again in place of the next one, its CRC right."""

    def __init__(self, link: Link) -> None:
        self.name = "stale line"
        self._link, self._decoder = link, Decoder()
        self._last = b""
        self.results = self.replaced = 0

    def send(self, data: bytes) -> None:
        self._link.send(data)

    def receive(self, timeout_s: float) -> bytes:
        frames = self._decoder.feed(self._link.receive(timeout_s))
        return b"".join(encode_frame(self._changed(item)) for item in frames if isinstance(item, Frame))

    def close(self) -> None:
        self._link.close()

    def _changed(self, frame: Frame) -> Frame:
        if frame.type != Result.TYPE:
            return frame
        self.results += 1
        if self.results % 3 == 0 and self._last != frame.payload:
            self.replaced += 1
            return Frame(frame.type, frame.sequence, self._last)
        self._last = frame.payload
        return frame


class Bridge:
    """A firmware behind a TCP port, as a terminal server or an emulator offers it; for one client."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._is_open = True
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._is_open = False
        self._server.close()
        self._thread.join(10)
        self._link.close()

    def _run(self) -> None:
        self._server.settimeout(0.1)
        client = None
        while self._is_open and client is None:
            try:
                client, _ = self._server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
        if client is None:
            return
        client.settimeout(0.001)
        with client:
            while self._is_open:
                try:
                    data = client.recv(4096)
                    if not data:
                        return
                    self._link.send(data)
                except TimeoutError:
                    pass
                except OSError:
                    return
                try:
                    if reply := self._link.receive(0.001):
                        client.sendall(reply)
                except (LinkError, OSError):
                    return
