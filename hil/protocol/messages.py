"""The messages of docs/PROTOCOL.md, one class each; firmware/app/proof.c is the other end.

``codec`` turns them into bytes and back.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from hil.protocol import framing
from hil.protocol.payload import Message, MessageError

PROTOCOL_VERSION = 1
MAX_AUDIO_SAMPLES = (framing.MAX_PAYLOAD_BYTES - 8) // 2
UNASKED = 0  # sequence of what answers no request; requests have 1 to 255


class AckStatus(IntEnum):
    """What became of the request that an Ack answers."""

    ACCEPTED = 0
    DUPLICATE = 1  # was there already; nothing changed
    GAP = 2  # audio from before is missing; nothing changed: go back to next_sample
    INCOMPLETE = 3  # a result was asked for, but audio is missing


class ResultStatus(IntEnum):
    """What the figures of a result are worth."""

    VALID = 0
    AUDIO_CRC = 1  # the audio is not that which was announced; nothing was scored
    ENGINE = 2  # the model failed, see ``error``


class ErrorCode(IntEnum):
    """Why the device refused a request."""

    UNKNOWN_TYPE = 1
    LENGTH = 2
    VALUE = 3
    NOT_THERE = 4  # no such clip, stream, row, detection: not begun, given up, or before a restart
    ENGINE = 5
    NOT_SUPPORTED = 6  # this board cannot do that


# Requests: host to device


@dataclass(frozen=True)
class InfoRequest(Message):
    """Answered by Info."""

    TYPE = 0x01


@dataclass(frozen=True)
class LabelsRequest(Message):
    """Answered by Labels, from ``first`` on, as many as fit."""

    TYPE, LAYOUT = 0x02, "B"
    first: int


@dataclass(frozen=True)
class StatusRequest(Message):
    """Answered by Status."""

    TYPE = 0x03


@dataclass(frozen=True)
class ClipBegin(Message):
    """Announces a clip. Answered by Ack; the same again changes nothing.

    ``audio_crc`` is the CRC-32 of all its samples, int16 little endian.
    """

    TYPE, LAYOUT = 0x04, "III"
    clip_id: int
    sample_count: int
    audio_crc: int


@dataclass(frozen=True)
class Audio(Message):
    """Samples of a clip or stream. Answered by Ack; taken only at the offset that is next.

    ``samples``: int16 little endian, 1 to MAX_AUDIO_SAMPLES of them.
    """

    TYPE, LAYOUT = 0x05, "II"
    transfer_id: int
    first_sample: int
    samples: bytes

    @property
    def sample_count(self) -> int:
        return len(self.samples) // 2


@dataclass(frozen=True)
class ResultRequest(Message):
    """Answered by Result, or by Ack with INCOMPLETE."""

    TYPE, LAYOUT = 0x06, "I"
    clip_id: int


@dataclass(frozen=True)
class FeaturesRequest(Message):
    """Answered by Features."""

    TYPE, LAYOUT = 0x07, "IHH"
    clip_id: int
    first_row: int
    row_count: int


@dataclass(frozen=True)
class StreamBegin(Message):
    """Starts listening. Answered by Ack; the same again changes nothing."""

    TYPE, LAYOUT = 0x08, "IB"
    stream_id: int
    inference_stride_rows: int


@dataclass(frozen=True)
class StreamResultRequest(Message):
    """Answered by StreamResult if so many samples have arrived, else by Ack with INCOMPLETE."""

    TYPE, LAYOUT = 0x0B, "II"
    stream_id: int
    sample_count: int


@dataclass(frozen=True)
class DetectionRequest(Message):
    """Answered by Detection: one of the last 16 of the stream, once more."""

    TYPE, LAYOUT = 0x0C, "II"
    stream_id: int
    index: int


@dataclass(frozen=True)
class BenchRequest(Message):
    """Answered by Bench, after that many inferences (1 to 1000). Gives up the clip or stream."""

    TYPE, LAYOUT = 0x0E, "H"
    inference_count: int


@dataclass(frozen=True)
class Reset(Message):
    """Restarts the board. Answered by its Hello."""

    TYPE = 0x0F


@dataclass(frozen=True)
class ClipFile(Message):
    """A whole clip in a file on the host, for emulated boards, which can read it. Answered by Result.

    Attributes:
        first_sample, sample_count: of the file, int16 little endian.
        audio_crc: as in ClipBegin.
    """

    TYPE, LAYOUT = 0x1D, "IIII"
    clip_id: int
    first_sample: int
    sample_count: int
    audio_crc: int
    path: str


@dataclass(frozen=True)
class Record(Message):
    """What the board's microphone heard. Answered by Recorded, with what there is from ``next_sample`` on.

    ``next_sample`` 0 starts a recording, and the board forgets what is before any other.
    """

    TYPE, LAYOUT = 0x1E, "II"
    recording_id: int
    next_sample: int


# Replies and news: device to host


@dataclass(frozen=True)
class Hello(Message):
    """The board has started. One that neither Reset nor the opening of the link explains is a crash."""

    TYPE, LAYOUT = 0x10, "B"
    protocol_version: int


@dataclass(frozen=True)
class Info(Message):
    """What is running.

    Attributes:
        clock_hz: ticks per second; 0 where the board counts none.
        receive_window_bytes: encoded bytes that may be under way to the device at a time.
        model_sha256, front_end_sha256: hex, those of spec.json.
    """

    TYPE, LAYOUT = 0x11, "BBIHHIIIIb"
    protocol_version: int
    label_count: int
    sample_rate_hz: int
    row_count: int
    bin_count: int
    input_bytes: int
    arena_bytes: int
    receive_window_bytes: int
    clock_hz: int
    input_zero_point: int
    board_id: str
    build_id: str
    engine: str
    model_sha256: str
    front_end_sha256: str

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """The message of a payload; see ``Message.unpack``.

        Raises:
            MessageError: also where the board speaks another version of the protocol.
        """
        if payload[:1] not in (b"", bytes([PROTOCOL_VERSION])):
            raise MessageError(
                f"the board speaks version {payload[0]} of the protocol, expected {PROTOCOL_VERSION}: build "
                "and flash its firmware with this version of Earshot"
            )
        return super().unpack(payload)


@dataclass(frozen=True)
class Labels(Message):
    """Labels in the order of the scores, from ``first`` on."""

    TYPE, LAYOUT = 0x12, "B"
    first: int
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Status(Message):
    """Counters since the start, which wrap around.

    Attributes:
        accepted: frames received whole.
        dropped: stretches between delimiters that were no frame.
        lost: losses of the UART and its ring (kws_hal_serial_lost).
        unsent: frames given up because the line took nothing for a second.
    """

    TYPE, LAYOUT = 0x13, "IIIII"
    uptime_ms: int
    accepted: int
    dropped: int
    lost: int
    unsent: int


@dataclass(frozen=True)
class Ack(Message):
    """Where a clip or stream stands.

    Attributes:
        next_sample: the offset at which audio is taken.
        detections: how many the stream has had; 0 for a clip.
    """

    TYPE, LAYOUT = 0x14, "IIBI"
    transfer_id: int
    next_sample: int
    status: AckStatus
    detections: int


@dataclass(frozen=True)
class Result(Message):
    """A clip's scores, with what they were computed from.

    Attributes:
        error: of the model; 0 unless ``status`` is ENGINE.
        audio_crc: CRC-32 of the samples received, int16 little endian.
        features_crc: CRC-32 of what the model was given, row by row, int8.
        scores_crc: CRC-32 of what the model gave, int8.
        features_ticks, inference_ticks: what they took; 0 where the board counts none.
        scores: int8, one byte per label; none unless ``status`` is VALID.
    """

    TYPE, LAYOUT = 0x15, "IBbIIIII"
    clip_id: int
    status: ResultStatus
    error: int
    audio_crc: int
    features_crc: int
    scores_crc: int
    features_ticks: int
    inference_ticks: int
    scores: bytes


@dataclass(frozen=True)
class Features(Message):
    """Rows of the model's input, int8, one byte per bin."""

    TYPE, LAYOUT = 0x16, "IH"
    clip_id: int
    first_row: int
    rows: bytes


@dataclass(frozen=True)
class StreamResult(Message):
    """A stream as a whole. ``scores_crc`` is over the scores of all its inferences, one after the other."""

    TYPE, LAYOUT = 0x17, "IBbIIIII"
    stream_id: int
    status: ResultStatus
    error: int
    sample_count: int
    audio_crc: int
    inference_count: int
    scores_crc: int
    detections: int


@dataclass(frozen=True)
class Detection(Message):
    """A word heard, the ``index``-th of the stream; ``score`` is the mean of 0 to 255, as in ``Heard``."""

    TYPE, LAYOUT = 0x18, "IIIBB"
    stream_id: int
    index: int
    time_ms: int
    label: int
    score: int


@dataclass(frozen=True)
class Bench(Message):
    """Ticks of the fastest and the slowest inference, window of a stream, and row of features.

    A window is what a listener does every few rows: an inference of what is new, and smoothing. All are 0
    where the board counts none.
    """

    TYPE, LAYOUT = 0x19, "HIIIIII"
    inference_count: int
    inference_ticks_min: int
    inference_ticks_max: int
    window_ticks_min: int
    window_ticks_max: int
    row_ticks_min: int
    row_ticks_max: int


@dataclass(frozen=True)
class Error(Message):
    """A request refused; it changed nothing."""

    TYPE, LAYOUT = 0x1A, "BB"
    code: ErrorCode
    request_type: int
    text: str


@dataclass(frozen=True)
class Log(Message):
    """Something for people, of no consequence. Unasked."""

    TYPE = 0x1C
    text: str


@dataclass(frozen=True)
class Recorded(Message):
    """Samples of the board's microphone, int16 little endian, maybe none.

    ``first_sample`` is beyond the one that was asked for where the board could not keep it so long.
    """

    TYPE, LAYOUT = 0x1F, "II"
    recording_id: int
    first_sample: int
    samples: bytes
