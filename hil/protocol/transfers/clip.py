"""One clip: the requests that send it, and the result that the board gives."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hil.protocol.framing import MAX_PAYLOAD_BYTES
from hil.protocol.messages import (
    ClipBegin,
    ClipFile,
    Features,
    FeaturesRequest,
    Info,
    Result,
    ResultRequest,
    ResultStatus,
)
from hil.protocol.payload import Message
from hil.protocol.transfers.transfer import FRAME_SAMPLES, MadeOnce, Transfer, audio_request

_FEATURES_HEADER_BYTES = 6


@dataclass(frozen=True)
class FilePlace:
    """Where the samples of a clip are in a file that the emulated board can read, int16 little endian."""

    path: str
    first_sample: int


@dataclass(frozen=True)
class ClipToScore:
    """One recording to be scored.

    Attributes:
        samples: int16 little endian.
        features_crc: CRC-32 of the model's input that Python computes; where the board has another,
            all of its features are fetched.
        place: where the board finds the samples itself; None: they go over the line.
    """

    samples: bytes
    features_crc: int
    place: FilePlace | None = None

    @property
    def sample_count(self) -> int:
        return len(self.samples) // 2

    @property
    def audio_crc(self) -> int:
        return zlib.crc32(self.samples)


@dataclass(frozen=True)
class ClipResult:
    """What the board made of one clip.

    Attributes:
        scores: (labels,) int8; None where the clip failed.
        features: (frames, bins) int8, the model's input, where it is not what Python made.
        features_ticks, inference_ticks: see ``Info.clock_hz``.
        failure: why there are no scores.
    """

    scores: NDArray[np.int8] | None
    features: NDArray[np.int8] | None = None
    features_ticks: int = 0
    inference_ticks: int = 0
    failure: str = ""


OTHER_FEATURES = "other features than Python computes: the clip is sent again, and they are fetched"


class ClipTransfer(Transfer):
    """One clip on its way; see ``Transfer``."""

    outcome: ClipResult | None = None

    def __init__(self, clip: ClipToScore, info: Info, clip_id: int, packs: bool = False) -> None:
        """``packs``: whether the board takes packed audio."""
        super().__init__()
        self.clip = clip
        self._info, self._packs = info, packs
        self._fetches_features = False
        self.begin(clip_id)

    def begin(self, transfer_id: int) -> None:
        """See ``Transfer``."""
        super().begin(transfer_id)
        self._result: Result | None = None
        self._rows: dict[int, bytes] = {}
        self.requests = self._requests()

    def _requests(self) -> MadeOnce:
        clip, id_ = self.clip, self.id
        requests: list[Callable[[], Message]] = []
        if place := clip.place:
            requests.append(
                partial(ClipFile, id_, place.first_sample, clip.sample_count, clip.audio_crc, place.path)
            )
        else:
            requests.append(partial(ClipBegin, id_, clip.sample_count, clip.audio_crc))
            for first in range(0, clip.sample_count, FRAME_SAMPLES):
                samples = clip.samples[2 * first : 2 * (first + FRAME_SAMPLES)]
                requests.append(partial(audio_request, id_, first, samples, self._packs))
            requests.append(partial(ResultRequest, id_))
        if self._fetches_features:
            rows_per_frame = (MAX_PAYLOAD_BYTES - _FEATURES_HEADER_BYTES) // self._info.bin_count
            for row in range(0, self._info.row_count, rows_per_frame):
                count = min(rows_per_frame, self._info.row_count - row)
                requests.append(partial(FeaturesRequest, id_, row, count))
        return MadeOnce(requests)

    @property
    def is_exclusive(self) -> bool:
        """See ``Transfer``: the next clip would replace the features."""
        return self._fetches_features

    @property
    def failure(self) -> str:
        """See ``Transfer``."""
        return self.outcome.failure if self.outcome else ""

    def completes_clip(self, step: int) -> bool:
        """See ``Transfer``."""
        return self.clip.place is None and step + 1 == self.step_at(self.clip.sample_count)

    def step_at(self, next_sample: int) -> int | None:
        """See ``Transfer``."""
        if next_sample == self.clip.sample_count:
            return -(-self.clip.sample_count // FRAME_SAMPLES) + 1
        if next_sample > self.clip.sample_count or next_sample % FRAME_SAMPLES:
            return None
        return next_sample // FRAME_SAMPLES + 1

    def take(self, message: Message, request: Message, step: int) -> str:
        """See ``Transfer``."""
        if isinstance(message, Result):
            return self._take_result(message, step)
        if isinstance(message, Features) and isinstance(request, FeaturesRequest):
            self._take_features(message, request, step)
        return ""

    def _take_result(self, result: Result, step: int) -> str:
        if result.clip_id != self.id:
            return f"a result of clip {result.clip_id}, expected {self.id}"
        if result.status == ResultStatus.ENGINE:
            self.fail(f"the model failed with {result.error}")
            return ""
        if result.status == ResultStatus.AUDIO_CRC or result.audio_crc != self.clip.audio_crc:
            return f"the board has audio with CRC {result.audio_crc:08x}, expected {self.clip.audio_crc:08x}"
        if result.scores_crc != zlib.crc32(result.scores) or len(result.scores) != self._info.label_count:
            return f"{len(result.scores)} scores that do not belong to CRC {result.scores_crc:08x}"
        self._result = result
        if result.features_crc != self.clip.features_crc and not self._fetches_features:
            self._fetches_features = True
            return OTHER_FEATURES
        self.advance(step + 1)
        self._end()
        return ""

    def _take_features(self, features: Features, request: FeaturesRequest, step: int) -> None:
        """Keep rows of features if they are those that were asked for."""
        expected_bytes = request.row_count * self._info.bin_count
        if (features.clip_id, features.first_row) != (self.id, request.first_row):
            return
        if len(features.rows) == expected_bytes:
            self._rows[request.first_row] = features.rows
            self.advance(step + 1)
            self._end()

    def fail(self, reason: str) -> None:
        """See ``Transfer``."""
        self.outcome = ClipResult(None, failure=reason)

    def _end(self) -> None:
        """Set the outcome once everything is there."""
        result = self._result
        if result is None or self.done < len(self.requests):
            return
        features = None
        if self._fetches_features:
            rows = b"".join(self._rows[row] for row in sorted(self._rows))
            if zlib.crc32(rows) != result.features_crc:
                self.fail(
                    f"the features fetched have CRC {zlib.crc32(rows):08x}, not {result.features_crc:08x}"
                )
                return
            features = np.frombuffer(rows, np.int8).reshape(self._info.row_count, self._info.bin_count)
        self.outcome = ClipResult(
            np.frombuffer(result.scores, np.int8), features, result.features_ticks, result.inference_ticks
        )
