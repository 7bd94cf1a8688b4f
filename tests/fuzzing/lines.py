"""Conversations with firmware over a line that does whatever a seed says, to both ends, and needs no time.

The firmware is a real one, on this computer. Behind whatever it is sent comes a question that marks the end,
so that it has answered everything when that is answered; waits are over at once, by a clock of their own.
"""

import random
import select
import subprocess
from collections.abc import Sequence

from hil.link.link import LinkError
from hil.protocol import framing
from hil.protocol.framing import Decoder, Frame
from hil.protocol.messages import Status, StatusRequest

_DELIMITER = b"\0"
_MARK_SEQUENCE = 255
_MARK = _DELIMITER + framing.encode(Frame(StatusRequest.TYPE, _MARK_SEQUENCE, b""))
_MARK_WAIT_S = 2.0  # beyond which the firmware restarted, and the question is lost
_LONGEST_S = 3600.0
_ROUND_TRIP_S = 0.001
_KEPT = 200


class Clock:
    """Stands for the module ``time``."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        assert self.now_s < _LONGEST_S, "a conversation without end"


class Damage:
    """What happens to the frames of one direction."""

    def __init__(self, chance: random.Random, share: float, forges: bool) -> None:
        self._chance, self._share, self._forges = chance, share, forges
        self._rest = self._late = b""
        self._seen: list[bytes] = []

    def of(self, data: bytes) -> bytes:
        """What is left of some bytes, behind what was held back before."""
        *frames, self._rest = (self._rest + data).split(_DELIMITER)
        return b"".join(map(self._of_frame, frames))

    def _of_frame(self, frame: bytes) -> bytes:
        chance, whole = self._chance, frame + _DELIMITER
        late, self._late = self._late, b""
        if len(self._seen) < _KEPT:
            self._seen.append(whole)
        if not frame or chance.random() >= self._share:
            return whole + late
        match chance.randrange(11):
            case 0:
                return late
            case 1:
                return whole * chance.choice((2, 2, 30)) + late
            case 2:  # after the next one
                self._late = whole
                return late
            case 3:
                return chance.choice(self._seen) + late + whole
            case 4:
                return whole[: chance.randrange(len(whole))] + late
            case 5:
                return chance.randbytes(chance.choice((1, 30, 3000))) + whole + late
            case 6:
                return b"\x1b[2J hello\r\n" + whole + late
            case 7:
                return whole.replace(_DELIMITER, b"") + late
            case 8 if self._forges:
                return self._forged(whole) + late
            case 9:
                return _DELIMITER * chance.choice((1, 2000)) + whole + late
        changed = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3))):
            changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
        return bytes(changed) + late

    def _forged(self, whole: bytes) -> bytes:
        """Another content, its CRC right: of a board that lies."""
        chance = self._chance
        for item in Decoder().feed(_DELIMITER + whole):
            if isinstance(item, Frame):
                payload = bytearray(item.payload)
                for _ in range(chance.choice((1, 2, 4))):
                    if payload:
                        payload[chance.randrange(len(payload))] = chance.choice((0, 1, 127, 128, 255))
                if chance.random() < 0.2:
                    payload = payload[: chance.randrange(len(payload) + 1)]
                kind = item.type if chance.random() < 0.8 else chance.choice(sorted(framing._TYPES))
                sequence = item.sequence if chance.random() < 0.9 else chance.randrange(256)
                return framing.encode(Frame(kind, sequence, bytes(payload)))
        return whole


class WildLink:
    """A ``Link`` to a firmware that was started for it."""

    name = "wild line"

    def __init__(self, command: Sequence[object], clock: Clock, to_board: Damage, to_host: Damage) -> None:
        # ASan reserves more addresses than the limit of this process has.
        self._process = subprocess.Popen(
            ["prlimit", "--as=unlimited", *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._clock, self._to_board, self._to_host = clock, to_board, to_host
        self._received = b""

    def send(self, data: bytes) -> None:
        """See ``Link.send``; the answer is there when this ends."""
        self._received += self._to_host.of(self._exchanged(self._to_board.of(data)))

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        self._clock.sleep(_ROUND_TRIP_S if self._received else max(timeout_s, _ROUND_TRIP_S))
        taken, self._received = self._received, b""
        return taken

    def close(self) -> None:
        """End the firmware, which must end as its input does."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        status = self._process.wait(30)
        assert status == 0, f"the firmware ended with {status}"

    def _exchanged(self, data: bytes) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        said, waiting, marks = b"", data + _MARK, 0
        while True:
            readable, writable, _ = select.select([stdout], [stdin] if waiting else [], [], _MARK_WAIT_S)
            if writable:
                written = stdin.write(waiting[:512])
                waiting = waiting[written or 0 :]
            if readable:
                more = stdout.read(65536)
                if not more:
                    raise LinkError("the firmware ended")
                said += more
                if (end := _marked(said)) is not None:
                    return said[:end]
            if not readable and not writable:
                marks += 1
                assert marks < 5, "the firmware answers nothing any more"
                waiting = _MARK


def _marked(said: bytes) -> int | None:
    """Where the answer to the mark begins."""
    end = len(said)
    while (start := said.rfind(_DELIMITER, 0, max(0, end - 1))) >= -1:
        for item in Decoder().feed(_DELIMITER + said[start + 1 : end]):
            if isinstance(item, Frame) and (item.type, item.sequence) == (Status.TYPE, _MARK_SEQUENCE):
                return start + 1
        if start < 0:
            return None
        end = start + 1
    return None
