"""Audio for the microphone of an emulated board, and what the board says while it hears it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.boards.board import Board
from hil.boards.emulator import PDM, figures_of
from hil.boards.microphones.pdm import decimate, modulate
from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from train.core import runfolder

_SLOWEST = 100.0  # seconds of this computer that a second of audio may take
_AUDIO = "microphone.raw"
_LOST_BITS = 4  # of 16, in the 12 of the RP2040's ADC


@dataclass(frozen=True)
class EmulatedRun:
    """What an emulator counted until the audio was over.

    Attributes:
        seconds: of the board's time.
        busy_cycles: of its core, in which it did not sleep, as the emulator counts cycles.
        core_hz: of the core.
        conversions: of the microphone, each of which is a sample.
        overruns: how often one came when there was no room for it.
    """

    seconds: float
    busy_cycles: int
    instructions: int
    conversions: int
    overruns: int
    core_hz: float

    @property
    def share_of_core(self) -> float:
        """Of its time, in which the core was busy, 0 to 1."""
        return self.busy_cycles / (self.seconds * self.core_hz)


@dataclass(frozen=True)
class Played:
    """A recording, as it is played to the microphone of an emulated board.

    Attributes:
        heard: (n,) int16 samples, as the firmware gets them.
        data: for the emulator: 16-bit samples, low byte first, or the bits of a PDM microphone.
    """

    heard: NDArray[np.int16]
    data: bytes


def play(board: Board, samples: NDArray[np.int16]) -> Played:
    """What the board's microphone makes of a recording.

    Args:
        samples: (n,) int16, at the rate of the model's front end.
    """
    assert board.emulator is not None
    if board.emulator.microphone == PDM:
        bits = modulate(samples)
        return Played(decimate(bits), bits)
    heard = samples >> _LOST_BITS << _LOST_BITS
    return Played(heard, heard.astype("<i2").tobytes())


class EmulatedMicrophone:
    """A board in an emulator that hears a recording from its first sample on.

    Attributes:
        result: when ``lines`` has ended.
    """

    def __init__(self, board: Board, firmware: Path, played: Played, patience: Patience) -> None:
        """Args:
        firmware: the program `earshot`, as an ELF file.
        """
        self._audio = firmware.with_name(_AUDIO)
        runfolder.write_bytes(self._audio, played.data)
        self._command = board.command(firmware, audio=self._audio)
        seconds = len(played.heard) / 16_000
        self._limit_s = patience.answer_s + _SLOWEST * seconds
        self.result: EmulatedRun | None = None

    def lines(self) -> Iterator[str]:
        """What the board says, until the audio is over.

        Raises:
            LinkError: the emulator fell silent or failed.
        """
        figures = figures_of(self._audio)
        figures.unlink(missing_ok=True)
        with ProcessLink(self._command, self._limit_s) as link:
            while (line := link.line_or_end()) is not None:
                yield line.decode(errors="replace")
            code = link.process.wait(self._limit_s)
            if code or not figures.is_file():
                raise LinkError(f"{link.name}: ended with {code} before the audio was over")
        self.result = EmulatedRun(**json.loads(figures.read_text(encoding="utf-8")))


def about(result: EmulatedRun) -> str:
    """What a run cost, in a line. The cycles are the emulator's, whose memory never makes the core wait."""
    return (
        f"emulated {result.seconds:.1f} s: {result.busy_cycles / result.seconds / 1e6:.1f} million cycles a "
        f"second (counted by the emulator), {100 * result.share_of_core:.1f} % of the core; "
        f"{result.overruns} overruns of the microphone"
    )
