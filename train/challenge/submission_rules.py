"""Which files a submission scores, and as which variants of each.

The Raspberry Pi runs this file, too (``hil/pi/remote/submission.py``), by Python 2.7 and up: so types are in
comments.
"""

import hashlib
import os

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Array = np.ndarray[Any, Any]

_SHIFT_SAMPLES, _GAIN = 1500, 1.2  # of test-time augmentation; SEMANTICS.md C


def list_clips(folder):
    # type: (bytes) -> list[bytes]
    """Names of the WAV files in a folder, hidden ones aside, sorted byte by byte."""
    return sorted(
        name for name in os.listdir(folder) if name.lower().endswith(b".wav") and not name.startswith(b".")
    )


def digest_of(names):
    # type: (list[bytes]) -> str
    """Hex SHA-256 that stands for a list of files, to know it again."""
    return hashlib.sha256(b"\0".join(names)).hexdigest()


def variants(audio, with_tta):
    # type: (Array, bool) -> list[Array]
    """The versions of clips whose scores are averaged.

    Args:
        audio: (..., samples) float32.
        with_tta: the clip, the clip rolled to the left (what leaves it comes in again at its end) and the
            clip amplified (not clipped); else the clip alone.
    """
    if not with_tta:
        return [audio]
    return [audio, np.roll(audio, -_SHIFT_SAMPLES, axis=-1), audio * np.float32(_GAIN)]
