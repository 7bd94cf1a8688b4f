"""Boards that misbehave, each a process at a port of its own; tests/fake_boards.py asks for them.

BEHAVIOURS are from the first byte on. LATER ones introduce themselves as the board that is expected and
misbehave then. The program reads lines, [behaviour, fields of Info, labels] in JSON; for each it starts a
process, ends the one before, and tells the port.
"""

import contextlib
import json
import os
import signal
import sys
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hil.protocol import codec, framing
from hil.protocol import messages as m
from hil.protocol.framing import Decoder, Frame
from hil.protocol.line_messages import LineRequest
from hil.protocol.payload import Message

Answers = Callable[[Message, int], bytes]
HUGE = 2**32 - 1
_CHUNK_BYTES = 16_384


def write(data: bytes) -> None:
    """All of it, or the end: whoever listened is gone."""
    while data:
        try:
            data = data[os.write(1, data) :]
        except BrokenPipeError:
            sys.exit()


def requests() -> Iterator[tuple[Message, int]]:
    """What is asked, until nobody asks any more."""
    decoder = Decoder()
    while data := os.read(0, 65_536):
        for item in decoder.feed(data):
            if isinstance(item, Frame):
                yield codec.decode_request(item), item.sequence


def flood(piece: bytes) -> None:
    """Write the same for ever."""
    piece *= -(-_CHUNK_BYTES // len(piece))
    while True:
        write(piece)


def answer(answers: Answers) -> None:
    """Answer each request."""
    for request, sequence in requests():
        write(answers(request, sequence))


def drip(data: bytes) -> None:
    """A byte now and then."""
    for byte in data * 1000:
        write(bytes([byte]))
        time.sleep(0.03)


def dies(last: bytes) -> None:
    """Nothing but this comes of the first question."""
    next(requests())
    write(last)


def ack(status: m.AckStatus, next_sample: int = 0, detections: int = 0) -> Answers:
    """The same answer to everything that belongs to a clip or stream."""

    def made(request: Message, sequence: int) -> bytes:
        transfer_id = next(iter(vars(request).values()), 0)
        return codec.encode(m.Ack(transfer_id, next_sample, status, detections), sequence)

    return made


def error(code: m.ErrorCode) -> Answers:
    """No, to everything."""
    return lambda request, sequence: codec.encode(m.Error(code, request.TYPE, "no"), sequence)


def stale(request: Message, sequence: int) -> bytes:
    """The answer to another question, again and again."""
    return codec.encode(m.Status(1, 2, 3, 4, 5), sequence % 255 + 1) * 50


def lying_result(request: Message, sequence: int) -> bytes:
    """All audio is taken; the result is of as many scores as fit."""
    if isinstance(request, m.ResultRequest):
        result = m.Result(request.clip_id, m.ResultStatus.VALID, 0, 0, 0, 0, 0, 0, bytes(900))
        return codec.encode(result, sequence)
    if isinstance(request, m.StreamResultRequest):
        result = m.StreamResult(
            request.stream_id, m.ResultStatus.VALID, 0, request.sample_count, 0, HUGE, 0, HUGE
        )
        return codec.encode(result, sequence)
    if isinstance(request, m.Audio):
        end = request.first_sample + len(request.samples) // 2
        return codec.encode(m.Ack(request.transfer_id, end, m.AckStatus.ACCEPTED, HUGE), sequence)
    return ack(m.AckStatus.ACCEPTED)(request, sequence)


def detections(request: Message, sequence: int) -> bytes:
    """Words without end in each piece of audio, of labels that there are not."""
    if not isinstance(request, m.Audio):
        return ack(m.AckStatus.ACCEPTED)(request, sequence)
    found = (m.Detection(request.transfer_id, index, 0, 2, 0) for index in range(2000))
    return b"".join(codec.encode(detection, sequence) for detection in found)


def label_200(request: Message, sequence: int) -> bytes:
    if not isinstance(request, m.Audio):
        return ack(m.AckStatus.ACCEPTED)(request, sequence)
    end = request.first_sample + len(request.samples) // 2
    heard = codec.encode(m.Detection(request.transfer_id, 0, 0, 200, 0), sequence)
    return heard + codec.encode(m.Ack(request.transfer_id, end, m.AckStatus.ACCEPTED, 1), sequence)


def recorded(size: int, step: int) -> Answers:
    """Samples, or bytes that are none; ``step``: from the sample asked for to the one told."""

    def made(request: Message, sequence: int) -> bytes:
        if isinstance(request, m.Record):
            first = max(0, request.next_sample + step)
            return codec.encode(m.Recorded(request.recording_id, first, bytes(size)), sequence)
        return codec.encode(m.Status(1, 2, 3, 4, 5), sequence)

    return made


HELLO = codec.encode(m.Hello(1), 0)
LOG = codec.encode(m.Log("the same again"), 0)
STATUS = codec.encode(m.Status(1, 2, 3, 4, 5), 7)
TEXT = b"hello, I am another program\n"
RANDOM = bytes((i * 181 + i // 7 * 29) % 255 + 1 for i in range(4096))

BEHAVIOURS: dict[str, Callable[[], None]] = {
    "mute": lambda: answer(lambda *_: b""),
    "flood of text": lambda: flood(TEXT),
    "flood of text without an end": lambda: flood(b"words "),
    "flood of bytes": lambda: flood(RANDOM),
    "flood of zeros": lambda: flood(b"\0"),
    "flood of frames": lambda: flood(STATUS),
    "flood of half frames": lambda: flood(STATUS[: len(STATUS) // 2] + b"\0"),
    "flood of frames that are too long": lambda: flood(b"\1" * 5000 + b"\0"),
    "flood of logs": lambda: flood(LOG),
    "restarts for ever": lambda: flood(HELLO),
    "restarts now and then": lambda: drip(HELLO),
    "one byte a second": lambda: drip(STATUS),
    "answers of earlier": lambda: answer(stale),
    "no to everything": lambda: answer(error(m.ErrorCode.VALUE)),
    "busy for ever": lambda: answer(error(m.ErrorCode.ENGINE)),
    "frames that are no message": lambda: flood(framing.encode(Frame(m.Info.TYPE, 1, b"\1"))),
    "dies": lambda: dies(b""),
    "dies in the middle of a frame": lambda: dies(STATUS[:7]),
}

LATER: dict[str, Answers] = {
    "mute later": lambda *_: b"",
    "not there": error(m.ErrorCode.NOT_THERE),
    "refused": error(m.ErrorCode.VALUE),
    "gap for ever": ack(m.AckStatus.GAP),
    "incomplete for ever": ack(m.AckStatus.INCOMPLETE),
    "had it already, for ever": ack(m.AckStatus.DUPLICATE),
    "ahead of the audio": ack(m.AckStatus.ACCEPTED, HUGE),
    "ahead of the audio by a lot": ack(m.AckStatus.ACCEPTED, 500 * 4_000_000),
    "told of too many words": ack(m.AckStatus.ACCEPTED, 0, HUGE),
    "results that lie": lying_result,
    "words without end": detections,
    "a label that is not there": label_200,
    "restarts at each request": lambda *_: HELLO,
    "logs for each request": lambda *_: LOG * 200,
    "frames for each request": lambda *_: STATUS * 200,
    "answers of earlier, later": stale,
    "odd bytes of sound": recorded(7, 0),
    "sound of before": recorded(8, -1000),
    "sound of nothing": recorded(0, 0),
}


def introduced(answers: Answers, info: m.Info, labels: tuple[str, ...]) -> Answers:
    """Another's answers behind those that tell who this is."""

    def made(request: Message, sequence: int) -> bytes:
        if isinstance(request, m.InfoRequest):
            return codec.encode(info, sequence)
        if isinstance(request, m.LabelsRequest):
            return codec.encode(m.Labels(request.first, labels[request.first :]), sequence)
        if isinstance(request, LineRequest):  # as firmware of before it
            return codec.encode(m.Error(m.ErrorCode.UNKNOWN_TYPE, request.TYPE, "no such request"), sequence)
        return answers(request, sequence)

    return made


def run(behaviour: str, info: m.Info, labels: tuple[str, ...]) -> None:
    """Be that board until the end."""
    if behaviour in BEHAVIOURS:
        BEHAVIOURS[behaviour]()
    else:
        answer(introduced(LATER[behaviour], info, labels))


def start(behaviour: str, info: m.Info, labels: tuple[str, ...]) -> tuple[int, str]:
    """A process that is that board, and its port."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = os.ttyname(theirs)
    child = os.fork()
    if child:
        os.close(ours)
        os.close(theirs)
        return child, port
    try:  # which keeps both ends open, so that the port is there as long as the process
        os.dup2(ours, 0)
        os.dup2(ours, 1)
        run(behaviour, info, labels)
    finally:
        os._exit(0)


def main() -> None:
    child = 0
    for line in sys.stdin:
        end(child)
        behaviour, info, labels = json.loads(line)
        child, port = start(behaviour, m.Info(*info), tuple(labels))
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
    end(child)


def end(child: int) -> None:
    """End a process of ``start``."""
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
