"""A microphone of this computer, by the package sounddevice (PortAudio)."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.live.sources import Resampler
from train.core.errors import UserError

_PIECE_MS = 50
_KEPT_PIECES = 200  # ten seconds that the computer may be busy with something else
_SILENT_S = 5.0  # a microphone that gives nothing for so long is gone
_INSTEAD = "take sound from elsewhere, with --wav FILE, --raw - or --port PORT"


class Microphone:
    """See ``Source``. It is recorded in a thread of PortAudio's, at the model's rate or converted to it."""

    def __init__(self, device: str | None, rate_hz: int) -> None:
        """Find it.

        Args:
            device: number or part of the name, as ``--list-devices`` shows them; None: the system's choice.
            rate_hz: to be given out.
        Raises:
            UserError: no such device, none at all, or a package or library is missing.
        """
        self.overruns = 0
        self._sound = _sounddevice()
        about = self._find(device)
        self.name = str(about["name"])
        self._index, self._channels, self._rate_hz = self._format(about, rate_hz)
        self._resampler = Resampler(self._rate_hz, rate_hz, f"the rate of {self.name}")
        self._queue: queue.Queue[NDArray[np.int16]] = queue.Queue(_KEPT_PIECES)

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """See ``Source.pieces``."""
        try:
            with self._sound.InputStream(
                device=self._index,
                samplerate=self._rate_hz,
                channels=self._channels,
                dtype="int16",
                blocksize=self._rate_hz * _PIECE_MS // 1000,
                callback=self._take,
            ):
                while True:
                    yield self._resampler.push(self._queue.get(timeout=_SILENT_S))
        except queue.Empty:
            raise UserError(f"{self.name}: gave no sound for {_SILENT_S:g} s; was it unplugged?") from None
        except self._sound.PortAudioError as error:
            raise UserError(f"{self.name}: cannot be opened ({_reason(error)}); {_INSTEAD}") from error

    def _take(self, samples: NDArray[np.int16], frames: int, time: object, status: Any) -> None:
        """Called by PortAudio, which waits for nobody."""
        self.overruns += bool(status.input_overflow)
        mono = samples[:, 0] if samples.shape[1] == 1 else np.rint(samples.mean(axis=1)).astype(np.int16)
        try:
            self._queue.put_nowait(mono.copy())
        except queue.Full:
            self.overruns += 1

    def _find(self, device: str | None) -> dict[str, Any]:
        wanted = int(device) if device is not None and device.isdecimal() else device
        try:
            return dict(self._sound.query_devices(wanted, "input"))
        except (ValueError, self._sound.PortAudioError) as error:
            names = [f"{about['index']}: {about['name']}" for about in _inputs(self._sound)]
            if not names:
                raise UserError(
                    f"no microphone was found on this computer; connect one, or {_INSTEAD}"
                ) from error
            what = "the system names no microphone" if device is None else f"--device {device}: {error}"
            raise UserError(f"{what}; choose one with --device: {'; '.join(names)}") from error

    def _format(self, about: dict[str, Any], rate_hz: int) -> tuple[int, int, int]:
        """Index, channels and rate in Hz of a format that the device has, the best one for us."""
        own_hz = round(about["default_samplerate"])
        many = int(about["max_input_channels"])
        reason = "no format fits"
        for hz, channels in ((rate_hz, 1), (own_hz, 1), (rate_hz, many), (own_hz, many)):
            try:
                self._sound.check_input_settings(about["index"], channels, "int16", samplerate=hz)
            except self._sound.PortAudioError as error:
                reason = _reason(error)
            else:
                return int(about["index"]), channels, hz
        raise UserError(f"{self.name}: cannot be recorded from ({reason}); choose another with --device")


def device_lines() -> list[str]:
    """What ``--list-devices`` shows: number, name, channels and rate of every microphone.

    Raises:
        UserError: a package or library is missing.
    """
    sound = _sounddevice()
    lines = [
        f"{about['index']:3}  {about['name']}, {about['max_input_channels']} channels, "
        f"{about['default_samplerate']:.0f} Hz"
        for about in _inputs(sound)
    ]
    return lines or ["no microphone was found on this computer"]


def _inputs(sound: Any) -> list[dict[str, Any]]:
    return [dict(about) for about in sound.query_devices() if about["max_input_channels"] > 0]


def _sounddevice() -> Any:
    try:
        import sounddevice  # type: ignore[import-untyped]
    except ImportError as error:
        raise UserError(
            f"the package sounddevice, for a microphone, cannot be imported ({error}); install it with: "
            f"pip install 'earshot-kws[live]'; or {_INSTEAD}"
        ) from error
    except OSError as error:  # its wheels for Linux bring no PortAudio
        raise UserError(
            f"a microphone needs the library PortAudio, which is missing ({error}); on Debian or Ubuntu: "
            f"sudo apt-get install libportaudio2; or {_INSTEAD}"
        ) from error
    return sounddevice


def _reason(error: Exception) -> str:
    """PortAudio's words, without the number that stands beside them."""
    return str(error.args[0] if error.args else error)
