"""One stream: the requests that send it, and the words that the board hears in it."""

import zlib
from collections.abc import Callable
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hil.protocol.messages import (
    Ack,
    Detection,
    DetectionRequest,
    ResultStatus,
    StreamResult,
)
from hil.protocol.payload import Message
from hil.protocol.transfers.stream_requests import StreamRequests
from hil.protocol.transfers.transfer import FRAME_SAMPLES, Transfer

_KEPT_DETECTIONS = 16  # by the board: what is older cannot be asked for
_MOST_AHEAD = 256  # detections before an Ack counts them; a frame of audio gives a few
_CRC_SAMPLES = 1 << 20  # at a time


class StreamTransfer(Transfer):
    """A stream as a ``Transfer``; its fields may be read while it goes on.

    Attributes:
        detections: by their index.
        heard_samples: what the board has taken.
        packs: whether the board takes packed audio; ``begin`` looks at it.
        outcome: a text where the stream failed.
    """

    outcome: StreamResult | str | None = None
    requests: StreamRequests

    def __init__(
        self,
        samples: NDArray[np.int16],
        stride_rows: int,
        label_count: int,
        on_heard: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Prepare it.

        Args:
            samples: (n,), maybe of a file.
            on_heard: is told how many more samples were taken; the number falls after a fresh start.
        """
        super().__init__()
        self.heard_samples = 0
        self.packs = False
        self.detections: dict[int, Detection] = {}
        self._samples, self._stride_rows, self._label_count = samples, stride_rows, label_count
        self._on_heard = on_heard

    @property
    def failure(self) -> str:
        """See ``Transfer``."""
        return self.outcome if isinstance(self.outcome, str) else ""

    def begin(self, transfer_id: int) -> None:
        """See ``Transfer``."""
        super().begin(transfer_id)
        self._note_heard(0)
        self.detections = {}
        self._known = 0  # detections: all before it were told
        self._result: StreamResult | None = None
        self.requests = StreamRequests(self.id, self._samples, self._stride_rows, self.packs)

    def advance(self, step: int) -> None:
        """See ``Transfer``. A long stream meets many faults, so retries count at one place alone."""
        if step > self.done:
            self.retries = 0
        super().advance(step)

    def step_at(self, next_sample: int) -> int | None:
        """See ``Transfer``."""
        is_end = next_sample == len(self._samples)
        if next_sample > len(self._samples) or (next_sample % FRAME_SAMPLES and not is_end):
            return None
        return self.requests.place_of(next_sample)  # behind detections that were asked for

    def take_ack(self, ack: Ack, step: int) -> str:
        """See ``Transfer``."""
        self.advance(step)
        self._note_heard(ack.next_sample)
        return self._ask_for_missing(ack.detections)

    def take(self, message: Message, request: Message, step: int) -> str:
        """See ``Transfer``."""
        if isinstance(message, Detection) and message.stream_id == self.id:
            if message.label >= self._label_count:
                return f"the board heard label {message.label}, but has {self._label_count}"
            if message.index < self._known + _MOST_AHEAD:
                self.detections[message.index] = message
            if isinstance(request, DetectionRequest):
                self.advance(step + 1)
            self._end()
        elif isinstance(message, StreamResult) and message.stream_id == self.id:
            return self._take_result(message, step)
        return ""

    def fail(self, reason: str) -> None:
        """See ``Transfer``."""
        self.outcome = reason

    def _take_result(self, result: StreamResult, step: int) -> str:
        if result.status == ResultStatus.ENGINE:
            self.fail(f"the model failed with {result.error}")
            return ""
        crc = self._audio_crc()
        if result.audio_crc != crc or result.sample_count != len(self._samples):
            return (
                f"the board has {result.sample_count} samples with CRC {result.audio_crc:08x}, expected "
                f"{len(self._samples)} with {crc:08x}"
            )
        self._result = result
        self.advance(step + 1)
        self._note_heard(result.sample_count)
        fault = self._ask_for_missing(result.detections)
        self._end()
        return fault

    def _audio_crc(self) -> int:
        crc = 0
        for first in range(0, len(self._samples), _CRC_SAMPLES):
            crc = zlib.crc32(self._samples[first : first + _CRC_SAMPLES].astype("<i2").tobytes(), crc)
        return crc

    def _ask_for_missing(self, count: int) -> str:
        """Ask for detections that got lost on the line, of ``count``; return a text where that is in vain."""
        while self._known < count and self._known in self.detections:
            self._known += 1
        lacking = (index for index in range(self._known, count) if index not in self.detections)
        missing = list(islice(lacking, _KEPT_DETECTIONS + 1))
        if len(missing) > _KEPT_DETECTIONS:
            return f"the board heard {count} words, but told only {len(self.detections)} of them"
        if missing:
            asked = set(self.requests.asked_from(self.done))
            self.requests.ask(self.next, [index for index in missing if index not in asked])
        return ""

    def _note_heard(self, samples: int) -> None:
        self._on_heard(samples - self.heard_samples)
        self.heard_samples = samples

    def _end(self) -> None:
        if self._result and len(self.detections) >= self._result.detections:
            self.outcome = self._result
