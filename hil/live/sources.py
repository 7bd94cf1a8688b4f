"""Where sound comes from, as pieces of int16 at the model's rate: a recording, or raw samples."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from hil.link.raw_audio import with_silence
from train.audio.recording import QUALITY, read_recording
from train.audio.wav import to_int16
from train.core.errors import UserError

STANDARD_INPUT = "-"
_PIECE_MS = 50
_FAST_PIECE_MS = 500  # where nobody waits for it
_RAW_PIECE_BYTES = 4096
_LOWEST_HZ, _HIGHEST_HZ = 1000, 768_000


class Source(Protocol):
    """Something to listen to.

    Attributes:
        name: for people.
        overruns: how often sound was lost because it was not fetched in time.
    """

    name: str
    overruns: int

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
            UserError: standard input is a keyboard, a strange rate, or soxr is missing.
        """
        self.name = "standard input" if place == STANDARD_INPUT else place
        self._place, self._rate_hz = place, rate_hz
        if place == STANDARD_INPUT and sys.stdin.isatty():
            raise UserError(
                f"--raw {place}: standard input is a keyboard; pipe samples into it, such as: "
                f"arecord -t raw -f S16_LE -c 1 -r {rate_hz} | earshot listen RUN --raw -"
            )
        self._resampler = Resampler(raw_rate_hz or rate_hz, rate_hz, "--raw-rate-hz")

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
        whole = with_silence(np.zeros(given + len(rest), np.int16), self._rate_hz)
        whole[given : given + len(rest)] = rest
        yield whole[given:]


class Resampler:
    """Samples in pieces to another rate; nothing is done where the rates are the same."""

    def __init__(self, from_hz: int, to_hz: int, what: str) -> None:
        """Prepare.

        Args:
            what: has the rate, used in messages.
        Raises:
            UserError: a strange rate, or the package soxr is missing.
        """
        if not _LOWEST_HZ <= from_hz <= _HIGHEST_HZ:
            raise UserError(f"{what} is {from_hz}, expected {_LOWEST_HZ} to {_HIGHEST_HZ}")
        self._stream: Any = None
        if from_hz == to_hz:
            return
        try:
            import soxr  # type: ignore[import-untyped]
        except ImportError as error:
            raise UserError(
                f"{what} is {from_hz}, the model needs {to_hz}, and soxr, which converts it, "
                f"cannot be imported ({error}); install it with: pip install 'earshot-kws[live]'"
            ) from error
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=QUALITY)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """Take in (n,) samples; return those that are ready."""
        return samples if self._stream is None else self._resampled(samples, is_last=False)

    def finish(self) -> NDArray[np.int16]:
        """Return what is left."""
        nothing = np.zeros(0, np.int16)
        return nothing if self._stream is None else self._resampled(nothing, is_last=True)

    def _resampled(self, samples: NDArray[np.int16], is_last: bool) -> NDArray[np.int16]:
        audio = samples.astype(np.float32) / 32768
        return to_int16(np.asarray(self._stream.resample_chunk(audio, last=is_last), np.float32))
