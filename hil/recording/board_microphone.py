"""A board's own microphone, over its serial line: RECORD of docs/PROTOCOL.md."""

import secrets
import time
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hil.link.link import Link
from hil.link.patience import PATIENCE, Patience
from hil.protocol.board_microphone import MOST_RESTARTS, MicrophoneLine
from hil.protocol.connection import Conversation
from hil.protocol.faster_line import MOST_BAUD, FasterLine
from hil.protocol.messages import Info, InfoRequest, Record, Recorded
from train.core.console import warn
from train.core.results.boards import LinkStatistics

_WAIT_S = 0.01  # before more is asked for, where there was little
_LITTLE_SAMPLES = 160
_LARGEST_ID = 2**32
_LINE_BITS = 20.6  # of a sample, frames and their start and stop bits included
_LAST_SAMPLE = 2**32 - 2**20  # samples are counted in 32 bits: three days


class BoardMicrophone:
    """16-bit mono at the rate of the board's model.

    Attributes:
        name: of the board and its port.
        rate_hz: of the samples that ``pieces`` gives.
        overruns: how often samples were lost, because the line or this computer was too slow.
        lost_samples: how many.
    """

    def __init__(self, link: Link, patience: Patience = PATIENCE, most_baud: int = MOST_BAUD) -> None:
        """Ask the board what it is.

        Args:
            link: an open line to the firmware `proof`; ``close`` closes it.
            most_baud: see ``FasterLine``.
        Raises:
            LinkError, FirmwareError: nobody answers, or another program.
            FirmwareError: the board has no microphone.
        """
        self._conversation = Conversation(link, LinkStatistics(), patience)
        self._microphone = MicrophoneLine(self._conversation, patience, "record")
        self.overruns = self.lost_samples = 0
        self._id = self._next = 0
        try:
            info = self._conversation.ask(InfoRequest(), Info)
            self.name, self.rate_hz = f"{info.board_id} at {link.name}", info.sample_rate_hz
            self._faster = FasterLine(self._conversation, link, patience, most_baud)
            self._warn_of_a_slow_line()
            self._start()
        except BaseException:
            self._conversation.close()
            raise

    @classmethod
    def open(cls, port: str, baud: int, patience: Patience = PATIENCE, most_baud: int = MOST_BAUD) -> Self:
        """The board at a port; see ``SerialLink``."""
        from hil.link.serial_link import SerialLink

        return cls(SerialLink(port, baud), patience, most_baud)

    def close(self) -> None:
        """Give the line back."""
        self._conversation.close()

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """Samples as they come: (samples,) int16, at most 508; the line is given back at the end.

        Raises:
            LinkError: the board fell silent.
            FirmwareError: its microphone did, or what it tells cannot be.
        """
        try:
            self._start()  # what was heard before is nobody's
            while True:
                yield self._read()
        finally:
            self.close()

    def _read(self) -> NDArray[np.int16]:
        deadline, restarts = self._microphone.deadline(), 0
        while not deadline.is_over and restarts < MOST_RESTARTS:
            answer = self._ask(self._next)
            if answer is None or self._next >= _LAST_SAMPLE:  # the board has restarted, or shall
                self.overruns += 1
                restarts += 1
                self._start()
                continue
            if answer.first_sample < self._next or len(answer.samples) % 2:
                raise self._microphone.refused(
                    f"tells {len(answer.samples)} bytes from sample {answer.first_sample:,} on, expected "
                    f"16-bit samples from {self._next:,} on"
                )
            if answer.first_sample > self._next:
                self.overruns += 1
                self.lost_samples += answer.first_sample - self._next
            samples = np.frombuffer(answer.samples, "<i2").astype(np.int16)
            self._next = answer.first_sample + len(samples)
            if len(samples) < _LITTLE_SAMPLES:
                time.sleep(_WAIT_S)
            if len(samples):
                return samples
        if restarts:
            raise self._microphone.refused(
                f"restarted {restarts} times, and gave no sample; is its power weak?"
            )
        raise self._microphone.gives_nothing()

    def _warn_of_a_slow_line(self) -> None:
        needed_baud = round(_LINE_BITS * self.rate_hz)
        if 0 < self._faster.baud < needed_baud:
            warn(
                f"{self._conversation.name}: {self._faster.baud:,} baud are too few for {self.rate_hz:,} "
                f"samples a second, which take {needed_baud:,}: some will be lost, and takes asked for again"
            )

    def _start(self) -> None:
        self._id, self._next = secrets.randbelow(_LARGEST_ID), 0
        answer = self._ask(0)
        if answer is not None:
            self._next = answer.first_sample  # what came with it is fetched with what follows

    def _ask(self, next_sample: int) -> Recorded | None:
        """What the board has from a sample on; None where it knows no such recording."""
        return self._microphone.ask(
            Record(self._id, next_sample), Recorded, lambda answer: answer.recording_id == self._id
        )
