"""Audio to firmware over its serial line, as firmware/boards/common/audio_serial.c takes it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hil.link.link import LinkError
from hil.link.patience import Deadline
from hil.link.process import ProcessLink

_ACK = b"\x06"
_ACKNOWLEDGED_BYTES = 1024
_WINDOW_BYTES = 4096  # what the receive ring of a board holds
_MOST_SAID_BYTES = 50_000  # by a board on so little audio
_LONGEST_LINE_BYTES = 1000
SILENCE_MS = 1000


def with_silence(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    """A recording and a second of nothing behind it, so that a word at its end is decided upon.

    It is as long as ``stream_audio`` sends it: with the zeros of the last block.
    """
    return np.append(samples, silence_behind(len(samples), rate_hz))


def silence_behind(sample_count: int, rate_hz: int) -> NDArray[np.int16]:
    """What ``with_silence`` puts behind so many samples."""
    count = sample_count + rate_hz * SILENCE_MS // 1000
    block = _ACKNOWLEDGED_BYTES // np.dtype(np.int16).itemsize
    return np.zeros(-(-count // block) * block - sample_count, np.int16)


def stream_audio(link: ProcessLink, samples: NDArray[np.int16]) -> Iterator[str]:
    """Send audio as fast as the board takes it, and give the lines that it says on the way.

    All that the samples led to is said when this ends. They are continued with zeros to a
    whole number of acknowledged blocks.

    Args:
        samples: (n,) int16, at the rate of the model's front end.
    Raises:
        LinkError: the board falls silent, ends, or talks in place of listening.
    """
    data = samples.astype("<i2").tobytes()
    data += bytes(-len(data) % _ACKNOWLEDGED_BYTES)
    acknowledged = sent = 0
    line = bytearray()
    said_bytes = 0  # since the last acknowledgement
    progress = Deadline(link.timeout_s)
    while True:
        window = data[sent : acknowledged + _WINDOW_BYTES]
        link.send(window)
        sent += len(window)
        if acknowledged == len(data):
            return
        byte = link.read(1)
        if byte == _ACK:
            acknowledged += _ACKNOWLEDGED_BYTES
            said_bytes = 0
            progress.restart()
            continue
        said_bytes += 1
        if said_bytes > _MOST_SAID_BYTES or progress.is_over:
            raise LinkError(
                f"{link.name}: talks, but takes no audio ({said_bytes:,} bytes, no acknowledgement); is "
                "that the program earshot?"
            )
        if byte == b"\n":
            yield line.decode("utf-8", errors="replace")
            line.clear()
            progress.restart()  # whoever took the line may have taken long
        elif len(line) < _LONGEST_LINE_BYTES:
            line += byte
