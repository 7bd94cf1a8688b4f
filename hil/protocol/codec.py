"""Messages to the bytes on the line, and back."""

from collections.abc import Mapping

from hil.protocol import framing
from hil.protocol.framing import Frame
from hil.protocol.line_messages import (
    Check,
    CheckRequest,
    Line,
    LineRequest,
    PackedAudio,
    Rate,
    RateRequest,
)
from hil.protocol.messages import (
    Ack,
    Audio,
    Bench,
    BenchRequest,
    ClipBegin,
    ClipFile,
    Detection,
    DetectionRequest,
    Error,
    Features,
    FeaturesRequest,
    Hello,
    Info,
    InfoRequest,
    Labels,
    LabelsRequest,
    Log,
    Record,
    Recorded,
    Reset,
    Result,
    ResultRequest,
    Status,
    StatusRequest,
    StreamBegin,
    StreamResult,
    StreamResultRequest,
)
from hil.protocol.microphone_messages import Listened, ListenRequest
from hil.protocol.payload import Message, MessageError

REQUESTS: tuple[type[Message], ...] = (
    InfoRequest, LabelsRequest, StatusRequest, ClipBegin, Audio, ResultRequest, FeaturesRequest, StreamBegin,
    StreamResultRequest, DetectionRequest, BenchRequest, Reset, ClipFile, Record,
    LineRequest, RateRequest, CheckRequest, PackedAudio, ListenRequest,
)  # fmt: skip
REPLIES: tuple[type[Message], ...] = (
    Hello, Info, Labels, Status, Ack, Result, Features, StreamResult, Detection, Bench, Error, Log, Recorded,
    Line, Rate, Check, Listened,
)  # fmt: skip
_REQUESTS = {message.TYPE: message for message in REQUESTS}
_REPLIES = {message.TYPE: message for message in REPLIES}


def encode(message: Message, sequence: int) -> bytes:
    """The bytes on the line. ``sequence`` is 1 to 255 for a request; its answers repeat it."""
    return framing.encode(Frame(message.TYPE, sequence, message.pack()))


def decode(frame: Frame) -> Message:
    """What a frame from a board says.

    Raises:
        MessageError: no such type, or not of this type.
    """
    return _decode(frame, _REPLIES)


def decode_request(frame: Frame) -> Message:
    """What a frame to a board says; see ``decode``."""
    return _decode(frame, _REQUESTS)


def _decode(frame: Frame, by_type: Mapping[int, type[Message]]) -> Message:
    kind = by_type.get(frame.type)
    if kind is None:
        known = ", ".join(f"{number:02x}" for number in by_type)
        raise MessageError(f"frame of type {frame.type:02x}, expected one of {known}")
    return kind.unpack(frame.payload)
