"""Audio to firmware over its serial line, as firmware/boards/common/audio_serial.c takes it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hil.link.process import ProcessLink

_ACK = b"\x06"
_ACKNOWLEDGED_BYTES = 1024
_WINDOW_BYTES = 4096  # what the receive ring of a board holds
SILENCE_MS = 1000


def with_silence(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    """A recording and a second of nothing behind it, so that a word at its end is decided upon.

    It is as long as ``stream_audio`` sends it: with the zeros of the last block.
    """
    count = len(samples) + rate_hz * SILENCE_MS // 1000
    block = _ACKNOWLEDGED_BYTES // samples.itemsize
    return np.pad(samples, (0, -(-count // block) * block - len(samples)))


def stream_audio(link: ProcessLink, samples: NDArray[np.int16]) -> Iterator[str]:
    """Send audio as fast as the board takes it, and give the lines that it says on the way.

    All that the samples led to is said when this ends. They are continued with zeros to a
    whole number of acknowledged blocks.

    Args:
        samples: (n,) int16, at the rate of the model's front end.
    Raises:
        LinkError: the board falls silent, or ends.
    """
    data = samples.astype("<i2").tobytes()
    data += bytes(-len(data) % _ACKNOWLEDGED_BYTES)
    acknowledged = sent = 0
    line = bytearray()
    while True:
        window = data[sent : acknowledged + _WINDOW_BYTES]
        link.send(window)
        sent += len(window)
        if acknowledged == len(data):
            return
        byte = link.read(1)
        if byte == _ACK:
            acknowledged += _ACKNOWLEDGED_BYTES
        elif byte == b"\n":
            yield line.decode("utf-8", errors="replace")
            line.clear()
        else:
            line += byte
