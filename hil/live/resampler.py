"""Sound that comes in pieces, to another rate."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.audio.recording import QUALITY
from train.audio.wav import to_int16
from train.core.errors import UserError

_LOWEST_HZ, _HIGHEST_HZ = 1000, 768_000


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
