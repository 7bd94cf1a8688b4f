"""A microphone of this computer, by PortAudio (the package sounddevice, in the extra ``live``)."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import to_int16
from train.core.errors import UserError

_BLOCK_MS = 50
_WAIT_S = 3.0  # no microphone is silent for so long
_QUALITY = "HQ"  # of soxr, as recordings are converted


class Microphone:
    """16-bit mono at the rate that is asked for, whatever the device has.

    Attributes:
        name: of the device.
        overruns: how often samples were lost because nobody read.
    """

    def __init__(self, device: str | None, rate_hz: int) -> None:
        """Find and open it.

        Args:
            device: its number, or a part of its name; None: the system's default.
            rate_hz: of the samples that ``pieces`` gives.
        Raises:
            UserError: the package is not installed, there is no such device, or it cannot be opened.
        """
        self.overruns = 0
        self._rate_hz = rate_hz
        self._blocks: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()
        self._sound = _sounddevice()
        found = self._find(device)
        self.name = str(found["name"])
        self._stream, device_rate_hz = self._open(found)
        self._resampler: Any = None
        if device_rate_hz != rate_hz:
            import soxr  # type: ignore[import-untyped]

            self._resampler = soxr.ResampleStream(device_rate_hz, rate_hz, 1, "float32", quality=_QUALITY)

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """Samples as they come: (samples,) int16, about 50 ms of them; the device is given back at the end.

        Raises:
            UserError: none come any more.
        """
        try:
            self._stream.start()
            while True:
                yield self._read()
        finally:
            self._stream.close()

    def _read(self) -> NDArray[np.int16]:
        try:
            block = self._blocks.get(timeout=_WAIT_S)
        except queue.Empty:
            raise UserError(
                f"microphone {self.name}: nothing came for {_WAIT_S:g} s; was it unplugged, or has another "
                "program taken it?"
            ) from None
        if self._resampler is not None:
            block = np.asarray(self._resampler.resample_chunk(block), np.float32)
        return to_int16(block)

    def _find(self, device: str | None) -> dict[str, Any]:
        inputs = [found for found in self._sound.query_devices() if found["max_input_channels"] > 0]
        if not inputs:
            raise UserError(
                "there is no microphone: this computer tells of no device to record from; plug one in, or "
                "record elsewhere and cut the takes with --wav FILE"
            )
        if device is None:
            default = self._sound.default.device[0]
            return next((found for found in inputs if found["index"] == default), inputs[0])
        if device.isdecimal():
            chosen = [found for found in inputs if found["index"] == int(device)]
        else:
            chosen = [found for found in inputs if device.lower() in found["name"].lower()]
            chosen = [found for found in chosen if found["name"].lower() == device.lower()] or chosen
        if len(chosen) == 1:
            return dict(chosen[0])
        known = ", ".join(f"{found['index']} ({found['name']})" for found in chosen or inputs)
        what = f"{len(chosen)} microphones are called so" if chosen else "there is no such microphone"
        raise UserError(f"--device {device}: {what}; expected one of {known}")

    def _open(self, found: dict[str, Any]) -> tuple[Any, int]:
        """The stream, and its rate: the one asked for if the device has it, else the device's own.

        Some devices give two channels or none.
        """
        rates_hz = dict.fromkeys((self._rate_hz, round(found["default_samplerate"])))
        channels = dict.fromkeys((1, min(2, int(found["max_input_channels"]))))
        faults = []
        for rate_hz in rates_hz:
            for count in channels:
                try:
                    stream = self._sound.InputStream(
                        samplerate=rate_hz,
                        channels=count,
                        device=found["index"],
                        dtype="float32",
                        blocksize=rate_hz * _BLOCK_MS // 1000,
                        callback=self._take,
                    )
                except self._sound.PortAudioError as error:
                    faults.append(str(error))
                else:
                    return stream, rate_hz
        raise UserError(
            f"microphone {self.name}: cannot be opened ({faults[-1]}); does another program have it, and may "
            "this one use it? Choose another with --device"
        )

    def _take(self, block: NDArray[np.float32], _count: int, _time: object, status: Any) -> None:
        """PortAudio's thread hands over a block: (samples, channels) float32."""
        if status.input_overflow:
            self.overruns += 1
        self._blocks.put(block.mean(axis=1, dtype=np.float32))


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise UserError(
            f"a microphone needs the package sounddevice ({error}); install it with: "
            "pip install 'earshot-kws[live]'"
        ) from error
    except OSError as error:  # sounddevice is there, PortAudio is not
        raise UserError(
            f"a microphone needs the library PortAudio ({error}); on Debian or Ubuntu: "
            "sudo apt-get install libportaudio2"
        ) from error
    return sounddevice
