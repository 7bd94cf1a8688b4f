"""One stream: the requests that send it, and the words that the board hears in it."""

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hil.protocol.messages import (
    Ack,
    Audio,
    Detection,
    DetectionRequest,
    ResultStatus,
    StreamBegin,
    StreamResult,
    StreamResultRequest,
)
from hil.protocol.payload import Message
from hil.protocol.transfer import FRAME_SAMPLES, Transfer


class StreamTransfer(Transfer):
    """A stream as a ``Transfer``; its fields may be read while it goes on.

    Attributes:
        detections: by their index.
        heard_samples: what the board has taken.
        outcome: a text where the stream failed.
    """

    outcome: StreamResult | str | None = None
    requests: list[Message]

    def __init__(self, samples: NDArray[np.int16], stride_rows: int, on_heard: Callable[[int], None]) -> None:
        """``on_heard`` is told how many more samples were taken; the number falls after a fresh start."""
        super().__init__()
        self.heard_samples = 0
        self.detections: dict[int, Detection] = {}
        self._audio = samples.astype("<i2").tobytes()
        self._sample_count, self._stride_rows = len(samples), stride_rows
        self._on_heard = on_heard

    def begin(self, transfer_id: int) -> None:
        """See ``Transfer``."""
        super().begin(transfer_id)
        self._note_heard(0)
        self.detections = {}
        self._result: StreamResult | None = None
        self.requests = [StreamBegin(self.id, self._stride_rows)]
        for first in range(0, self._sample_count, FRAME_SAMPLES):
            self.requests.append(Audio(self.id, first, self._audio[2 * first : 2 * (first + FRAME_SAMPLES)]))
        self.requests.append(StreamResultRequest(self.id, self._sample_count))

    def advance(self, step: int) -> None:
        """See ``Transfer``. A long stream meets many faults, so retries count at one place alone."""
        if step > self.done:
            self.retries = 0
        super().advance(step)

    def step_at(self, next_sample: int) -> int | None:
        """See ``Transfer``."""
        is_end = next_sample == self._sample_count
        if next_sample > self._sample_count or (next_sample % FRAME_SAMPLES and not is_end):
            return None
        step = 1 - (-next_sample // FRAME_SAMPLES)
        while isinstance(self.requests[step], DetectionRequest) or (
            isinstance(found := self.requests[step], Audio) and found.first_sample < next_sample
        ):
            step += 1  # behind detections that were asked for
        return step

    def take_ack(self, ack: Ack, step: int) -> None:
        """See ``Transfer``."""
        self.advance(step)
        self._note_heard(ack.next_sample)
        self._ask_for_missing(ack.detections)

    def take(self, message: Message, request: Message, step: int) -> str:
        """See ``Transfer``."""
        if isinstance(message, Detection) and message.stream_id == self.id:
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
        crc = zlib.crc32(self._audio)
        if result.audio_crc != crc:
            return f"the board has audio with CRC {result.audio_crc:08x}, expected {crc:08x}"
        self._result = result
        self.advance(step + 1)
        self._note_heard(result.sample_count)
        self._ask_for_missing(result.detections)
        self._end()
        return ""

    def _ask_for_missing(self, count: int) -> None:
        """Ask for detections that got lost on the line; the board keeps the last few."""
        missing = [index for index in range(count) if index not in self.detections]
        if not missing:
            return
        asked = {
            request.index for request in self.requests[self.done :] if isinstance(request, DetectionRequest)
        }
        self.requests[self.next : self.next] = [
            DetectionRequest(self.id, index) for index in missing if index not in asked
        ]

    def _note_heard(self, samples: int) -> None:
        self._on_heard(samples - self.heard_samples)
        self.heard_samples = samples

    def _end(self) -> None:
        if self._result and len(self.detections) >= self._result.detections:
            self.outcome = self._result
