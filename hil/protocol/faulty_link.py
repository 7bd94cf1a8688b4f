"""A bad line, for tests: it loses, spoils, repeats, delays, splits and cuts frames, and resets the board."""

import dataclasses
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hil.link.link import Link, LinkError, RatedLink
from hil.protocol.codec import encode
from hil.protocol.messages import Reset
from train.core.errors import UserError

_DELIMITER = b"\0"
_PAUSE = b""  # between two pieces of a frame
_PIECE_S = 0.005
_DELAY_S = 0.05
_STALL_S = 1.5  # longer than a session waits for one
_RESET_SEQUENCE = 255


@dataclass(frozen=True)
class Faults:
    """How often each fault strikes, as a share of the frames of both directions.

    ``disconnect`` and ``restart`` come at even distances (0.001: with every 1000th frame), so that a run of
    known length has a known number of them; all others come at random.
    """

    drop: float = 0.0
    corrupt: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    split: float = 0.0
    stall: float = 0.0
    disconnect: float = 0.0
    restart: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in KINDS:
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"--faults {name}={getattr(self, name):g}, expected a share of 0 to 1")

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """Faults of ``drop=0.01,corrupt=0.01,seed=1``.

        Raises:
            UserError: a name that is not known, no number, or a share outside of 0 to 1.
        """
        known = {field.name: field.type for field in dataclasses.fields(cls)}
        values: dict[str, float] = {}
        for item in text.split(","):
            name, _, value = (part.strip() for part in item.partition("="))
            if name not in known:
                raise UserError(f"--faults {text!r}: {name!r} is not known, expected {', '.join(known)}")
            try:
                values[name] = int(value) if name == "seed" else float(value)
            except ValueError as error:
                raise UserError(f"--faults {text!r}: {item.strip()!r}, expected a number behind =") from error
        return cls(**values)  # type: ignore[arg-type]


KINDS = tuple(field.name for field in dataclasses.fields(Faults) if field.name != "seed")


class FaultSource:
    """Decides what goes wrong next, and counts it; it outlives the links that it disturbs.

    Attributes:
        counts: what was done so far, by the names of ``Faults``.
        frames: frames seen, both directions.
    """

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.counts = dict.fromkeys(KINDS, 0)
        self.frames = 0
        self._generator = random.Random(faults.seed)

    def happens(self, kind: str) -> bool:
        """Whether this fault strikes now."""
        return self._count(kind, self._generator.random() < getattr(self.faults, kind))

    def is_due(self, kind: str) -> bool:
        """Whether a fault that comes at even distances strikes now."""
        share = getattr(self.faults, kind)
        return self._count(kind, int(self.frames * share) > self.counts[kind])

    def _count(self, kind: str, strikes: bool) -> bool:
        self.counts[kind] += strikes
        return strikes

    def below(self, limit: int) -> int:
        """Draw a number from 0 to limit - 1."""
        return self._generator.randrange(limit)


class FaultyLink:
    """A link that disturbs another one. Frames are late, but in order, as on a real line."""

    def __init__(self, link: Link, source: FaultSource) -> None:
        """``link`` is closed with this one; see ``FaultSource``."""
        self.name = f"{link.name} with faults"
        self._link, self._source = link, source
        self._outgoing = self._incoming = b""  # a frame of which the end is still to come
        self._outbox: deque[bytes] = deque()  # pieces that go on, and _PAUSE between them
        self._inbox: deque[bytes] = deque()
        self._silent_until_s = 0.0
        self._is_cut = False

    def send(self, data: bytes) -> None:
        """See ``Link.send``."""
        *frames, self._outgoing = (self._outgoing + data).split(_DELIMITER)
        for frame in frames:
            self._outbox += self._disturbed(frame)
        self._post()

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        deadline_s = time.monotonic() + timeout_s
        if not self._inbox:
            self._fetch(deadline_s)
        self._post()
        return _take(self._inbox)

    def close(self) -> None:
        """Close the link behind."""
        self._link.close()

    @property
    def baud(self) -> int:
        """See ``RatedLink``; 0 where that behind has none."""
        return self._link.baud if isinstance(self._link, RatedLink) else 0

    def settable(self, rates: Sequence[int]) -> list[int]:
        """See ``RatedLink.settable``."""
        return self._link.settable(rates) if isinstance(self._link, RatedLink) else []

    def set_baud(self, baud: int) -> None:
        """See ``RatedLink.set_baud``; what was sent before is late no longer."""
        assert isinstance(self._link, RatedLink)
        self._link.set_baud(baud)

    def _fetch(self, deadline_s: float) -> None:
        """Fill the inbox with what arrives before ``deadline_s``."""
        pause_s = min(self._silent_until_s, deadline_s) - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        self._post()
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            return
        data = self._link.receive(min(left_s, _PIECE_S) if self._outbox else left_s)
        if data:
            *frames, self._incoming = (self._incoming + data).split(_DELIMITER)
            for frame in frames:
                self._inbox += self._disturbed(frame)
        elif self._incoming:  # text between frames, which must not wait for the next
            self._inbox.append(self._incoming)
            self._incoming = b""

    def _post(self) -> None:
        if time.monotonic() >= self._silent_until_s and (data := _take(self._outbox)):
            self._link.send(data)

    def _disturbed(self, frame: bytes) -> list[bytes]:
        """Return what is left of a frame, its delimiter included."""
        if not frame:
            return [_DELIMITER]
        source = self._source
        source.frames += 1
        if source.is_due("disconnect"):
            self._is_cut = True
        if self._is_cut:
            raise LinkError(f"{self.name}: cut on purpose")
        if source.is_due("restart"):
            self._outbox.append(encode(Reset(), _RESET_SEQUENCE))
        if source.happens("stall"):
            self._silent_until_s = time.monotonic() + _STALL_S
        elif source.happens("delay"):
            self._silent_until_s = time.monotonic() + _DELAY_S
        if source.happens("drop"):
            return []
        if source.happens("corrupt"):
            place, bit = source.below(len(frame)), 1 << source.below(8)
            frame = frame[:place] + bytes([frame[place] ^ bit]) + frame[place + 1 :]
        whole = frame + _DELIMITER
        if source.happens("duplicate"):
            return [whole, whole]
        if source.happens("split"):
            place = source.below(len(frame))
            return [whole[:place], _PAUSE, whole[place:]]
        return [whole]


def _take(pieces: deque[bytes]) -> bytes:
    """Remove the pieces before the next pause, and the pause; return the pieces."""
    taken = []
    while pieces and (piece := pieces.popleft()) != _PAUSE:
        taken.append(piece)
    return b"".join(taken)
