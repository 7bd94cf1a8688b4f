"""A board's own microphone, over its serial line: RECORD of docs/PROTOCOL.md."""

import secrets
import time
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hil.link.link import Link
from hil.protocol.connection import Conversation, FirmwareError
from hil.protocol.messages import Error, ErrorCode, Info, InfoRequest, Record, Recorded
from hil.protocol.payload import Message
from train.core.results.boards import LinkStatistics

_WAIT_S = 0.01  # before more is asked for, where there was little
_LITTLE_SAMPLES = 160
_MOST_EMPTY = 300  # answers in a row: three seconds without a sample
_LARGEST_ID = 2**32


class BoardMicrophone:
    """16-bit mono at the rate of the board's model.

    Attributes:
        name: of the board and its port.
        rate_hz: of the samples that ``pieces`` gives.
        overruns: how often samples were lost, because the line or this computer was too slow.
        lost_samples: how many.
    """

    def __init__(self, link: Link) -> None:
        """Ask the board what it is.

        Args:
            link: an open line to the firmware `proof`; ``close`` closes it.
        Raises:
            LinkError, FirmwareError: nobody answers, or another program.
            FirmwareError: the board has no microphone.
        """
        self._conversation = Conversation(link, LinkStatistics())
        self.overruns = self.lost_samples = 0
        self._id = self._next = 0
        try:
            info = self._conversation.ask(InfoRequest(), Info)
            self.name, self.rate_hz = f"{info.board_id} at {link.name}", info.sample_rate_hz
            self._start()
        except BaseException:
            self._conversation.close()
            raise

    @classmethod
    def open(cls, port: str, baud: int) -> Self:
        """The board at a port; see ``SerialLink``."""
        from hil.link.serial_link import SerialLink

        return cls(SerialLink(port, baud))

    def close(self) -> None:
        """Give the line back."""
        self._conversation.close()

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """Samples as they come: (samples,) int16, at most 508; the line is given back at the end.

        Raises:
            LinkError: the board fell silent.
            FirmwareError: its microphone did.
        """
        try:
            self._start()  # what was heard before is nobody's
            while True:
                yield self._read()
        finally:
            self.close()

    def _read(self) -> NDArray[np.int16]:
        for _ in range(_MOST_EMPTY):
            answer = self._ask(self._next)
            if answer is None:  # the board has restarted
                self.overruns += 1
                self._start()
                continue
            if answer.first_sample > self._next:
                self.overruns += 1
                self.lost_samples += answer.first_sample - self._next
            samples = np.frombuffer(answer.samples, "<i2").astype(np.int16)
            self._next = answer.first_sample + len(samples)
            if len(samples) < _LITTLE_SAMPLES:
                time.sleep(_WAIT_S)
            if len(samples):
                return samples
        raise FirmwareError(self._conversation.complaint("the microphone gives no samples"))

    def _start(self) -> None:
        self._id, self._next = secrets.randbelow(_LARGEST_ID), 0
        answer = self._ask(0)
        if answer is not None:
            self._next = answer.first_sample  # what came with it is fetched with what follows

    def _ask(self, next_sample: int) -> Recorded | None:
        """What the board has from a sample on; None where it knows no such recording."""
        answer = self._conversation.ask(Record(self._id, next_sample), Message)
        if isinstance(answer, Recorded) and answer.recording_id == self._id:
            return answer
        if isinstance(answer, Error):
            if answer.code == ErrorCode.NOT_THERE:
                return None
            if answer.code in (ErrorCode.NOT_SUPPORTED, ErrorCode.UNKNOWN_TYPE):
                raise FirmwareError(
                    f"{self._conversation.name}: its firmware has no microphone to record from "
                    f"({answer.text}); record with this computer's, without --port"
                )
        raise FirmwareError(self._conversation.complaint(f"an answer that cannot be, {answer}"))
