"""The requests that send a stream, made when they are needed: one of hours takes much memory."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hil.protocol.line_messages import AnyAudio
from hil.protocol.messages import DetectionRequest, StreamBegin, StreamResultRequest
from hil.protocol.payload import Message
from hil.protocol.transfers.transfer import FRAME_SAMPLES, Requests, audio_request


class StreamRequests(Requests):
    """STREAM_BEGIN, the audio, STREAM_RESULT, and between them the detections that are asked for again."""

    def __init__(self, stream_id: int, samples: NDArray[np.int16], stride_rows: int, packs: bool) -> None:
        """``samples``: (n,), maybe of a file; read when they are sent; ``packs``: into fewer bytes."""
        self._id, self._samples, self._stride_rows, self._packs = stream_id, samples, stride_rows, packs
        self._frames = -(-len(samples) // FRAME_SAMPLES)
        self._newest: AnyAudio | None = None
        self._asked: dict[int, DetectionRequest] = {}  # by place
        self._places: list[int] = []  # of those, sorted

    def __len__(self) -> int:
        return 1 + self._frames + 1 + len(self._places)

    def _at(self, place: int) -> Message:
        if place in self._asked:
            return self._asked[place]
        step = place - bisect_left(self._places, place)
        if step == 0:
            return StreamBegin(self._id, self._stride_rows)
        if step > self._frames:
            return StreamResultRequest(self._id, len(self._samples))
        return self._audio(FRAME_SAMPLES * (step - 1))

    def _audio(self, first: int) -> AnyAudio:
        """Made once, however often it is asked for before the line has room for it."""
        if self._newest is None or self._newest.first_sample != first:
            samples = self._samples[first : first + FRAME_SAMPLES].astype("<i2").tobytes()
            self._newest = audio_request(self._id, first, samples, self._packs)
        return self._newest

    def place_of(self, sample: int) -> int:
        """Where the audio from a sample on is, or the result where there is none behind it."""
        step = place = 1 - (-sample // FRAME_SAMPLES)
        while (behind := step + bisect_right(self._places, place)) > place:
            place = behind
        return place

    def ask(self, place: int, indices: Sequence[int]) -> None:
        """Put requests for detections at a place."""
        count = len(indices)
        asked = {at + (count if at >= place else 0): request for at, request in self._asked.items()}
        asked |= {place + number: DetectionRequest(self._id, index) for number, index in enumerate(indices)}
        self._asked, self._places = asked, sorted(asked)

    def asked_from(self, place: int) -> Iterator[int]:
        """Indices of the detections that are asked for at a place or behind it."""
        return (self._asked[at].index for at in self._places[bisect_left(self._places, place) :])
