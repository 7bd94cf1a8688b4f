"""Audio for the microphone of an emulated board, and what the board says while it hears it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.boards.board import Board
from hil.boards.emulator import figures_of
from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from train.core import runfolder

_SLOWEST = 100.0  # seconds of this computer that a second of audio may take
_AUDIO = "microphone.s16"


@dataclass(frozen=True)
class EmulatedRun:
    """What an emulator counted until the audio was over.

    Attributes:
        seconds: of the board's time.
        busy_cycles: of its core, in which it did not sleep, as the emulator counts cycles.
        core_hz: of the core.
        conversions: of the microphone, each of which is a sample.
        overruns: samples that came when the one before was not yet taken.
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


def as_heard(board: Board, samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """The samples with as many bits as the board's microphone has: (n,) int16.

    Args:
        samples: (n,) int16.
    """
    assert board.emulator is not None
    lost_bits = 16 - board.emulator.microphone_bits
    return samples >> lost_bits << lost_bits


class EmulatedMicrophone:
    """A board in an emulator that hears a recording from its first sample on.

    Attributes:
        result: when ``lines`` has ended.
    """

    def __init__(self, board: Board, firmware: Path, samples: NDArray[np.int16], patience: Patience) -> None:
        """Args:
        firmware: the program `earshot`, as an ELF file.
        samples: (n,) int16, at the rate of the model's front end.
        """
        self._audio = firmware.with_name(_AUDIO)
        runfolder.write_bytes(self._audio, samples.astype("<i2").tobytes())
        self._command = board.command(firmware, audio=self._audio)
        seconds = len(samples) / 16_000
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
