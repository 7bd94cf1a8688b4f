"""Where sound comes from, in pieces of int16 at the model's rate: a microphone, a recording, raw samples."""

import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from hil.link.raw_audio import silence_behind, with_silence
from hil.live.microphone import Microphone
from hil.live.resampler import Resampler
from train.audio.recording import read_recording
from train.core.console import warn
from train.core.errors import UserError

STANDARD_INPUT = "-"
_PIECE_MS = 50
_FAST_PIECE_MS = 500  # where nobody waits for it
_RAW_PIECE_BYTES = 4096
_HEADERS = (b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS")


class Source(Protocol):
    """Something to listen to.

    Attributes:
        name: for people.
    """

    name: str

    @property
    def overruns(self) -> int:
        """How often sound was lost because it was not fetched in time."""

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """Yield the sound, (n,) at the rate asked for, as it comes.

        Raises:
            UserError: it cannot be had, or not any more.
        """


class WavSource:
    """A recording of any kind, and a second of silence behind it, as ``earshot run`` plays it."""

    overruns = 0

    def __init__(self, path: Path, rate_hz: int, in_real_time: bool) -> None:
        """Read it.

        Args:
            in_real_time: take as long as it lasts; else as fast as it goes.
        Raises:
            WavError: it cannot be read.
        """
        self.name = path.name
        self._samples = with_silence(read_recording(path, rate_hz).samples, rate_hz)
        self._rate_hz, self._in_real_time = rate_hz, in_real_time

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """See ``Source.pieces``."""
        length = self._rate_hz * (_PIECE_MS if self._in_real_time else _FAST_PIECE_MS) // 1000
        start_s = time.monotonic()
        for place in range(0, len(self._samples), length):
            piece = self._samples[place : place + length]
            if self._in_real_time:
                time.sleep(max(0.0, start_s + (place + len(piece)) / self._rate_hz - time.monotonic()))
            yield piece


class MicrophoneSource:
    """A microphone of this computer, until it is gone."""

    def __init__(self, device: str | None, rate_hz: int) -> None:
        """Find and open it; see ``Microphone``."""
        self._microphone = Microphone(rate_hz, device)
        self.name = self._microphone.name

    @property
    def overruns(self) -> int:
        """See ``Source``."""
        return self._microphone.overruns

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """See ``Source.pieces``."""
        with self._microphone as microphone:
            while True:
                yield microphone.read()


class RawSource:
    """Samples without a header, 16 bits, little-endian, one channel: from a pipe, a device or a file."""

    overruns = 0

    def __init__(self, place: str, rate_hz: int, raw_rate_hz: int | None) -> None:
        """Look at what there is.

        Args:
            place: a file, or ``STANDARD_INPUT``.
            rate_hz: to be given out.
            raw_rate_hz: that the samples have; None: the same.
        Raises:
            UserError: no such file, or one with a header; standard input is a keyboard; a strange rate; or
                soxr is missing.
        """
        self.name = "standard input" if place == STANDARD_INPUT else place
        self._place, self._rate_hz = place, rate_hz
        if place == STANDARD_INPUT and sys.stdin.isatty():
            raise UserError(
                f"--raw {place}: standard input is a keyboard; pipe samples into it, such as: "
                f"arecord -t raw -f S16_LE -c 1 -r {rate_hz} | earshot listen RUN --raw -"
            )
        self._resampler = Resampler(rate_hz if raw_rate_hz is None else raw_rate_hz, rate_hz, "--raw-rate-hz")
        if place != STANDARD_INPUT:
            _check_raw(Path(place))

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """See ``Source.pieces``. At the end comes a second of silence, so that all is decided upon."""
        odd, given = b"", 0
        with ExitStack() as stack:
            file: BinaryIO
            if self._place == STANDARD_INPUT:
                file = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
            else:
                file = stack.enter_context(Path(self._place).open("rb", buffering=0))
            while data := file.read(_RAW_PIECE_BYTES):
                data = odd + data
                odd = data[len(data) & ~1 :]
                piece = self._resampler.push(np.frombuffer(data, "<i2", len(data) // 2).astype(np.int16))
                given += len(piece)
                yield piece
        rest = self._resampler.finish()
        if given + len(rest) == 0:
            raise UserError(
                f"{self.name}: held no sample; expected 16-bit little-endian samples, one channel"
            )
        if odd:
            warn(f"{self.name}: ends within a sample: are these 16-bit little-endian samples of one channel?")
        yield np.append(rest, silence_behind(given + len(rest), self._rate_hz))


def _check_raw(path: Path) -> None:
    """That a file is there, and is no recording with a header, whose samples may be anything.

    A pipe is left alone: what is read of it is gone.
    """
    try:
        if path.is_dir():
            raise UserError(f"--raw {path}: is a folder; expected a file of 16-bit samples, a pipe, or -")
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                if file.read(4) in _HEADERS:
                    raise UserError(f"--raw {path}: is a recording with a header; take --wav {path}")
    except OSError as error:
        raise UserError(f"--raw {path}: cannot be read: {error.strerror}") from error
