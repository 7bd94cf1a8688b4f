"""Writes front_ends.npz: the features of one synthetic clip by every front end, so that a change is noticed.

Run it after a definition in train/audio/frontend.py has changed on purpose, and raise _BANK_VERSION in
train/data/feature_cache.py then: python tests/golden/make_front_ends.py. The clip is whole numbers
throughout, and so the same on every machine.
"""

from pathlib import Path

import numpy as np

from train.audio.frontend import wav_features
from train.audio.wav import to_float
from train.core.spec import FRONT_ENDS, MICRO, FrontEnd

PATH = Path(__file__).with_name("front_ends.npz")


BLOCKABLE = [name for name in FRONT_ENDS if name != MICRO]


def clip() -> np.ndarray:
    """(16000,) int16: faint noise, a buzz that swells and glides, a clipped burst of noise, silence."""
    time = np.arange(16000, dtype=np.int64)
    noise = np.empty(16000, dtype=np.int64)
    state = 1
    for index in range(len(noise)):
        state = (1664525 * state + 1013904223) % 2**32
        noise[index] = (state >> 16) - 2**15
    samples = noise // 800
    pitch_step = 500 + np.abs((time - 6000) // 40)  # of a turn of 65536: 122 Hz and more
    saw = np.cumsum(pitch_step) % 65536 - 32768
    swell = np.clip(4000 - np.abs(time - 6500), 0, 3000)
    samples += saw * swell // 6000
    samples[11000:12500] += 3 * noise[11000:12500]
    samples[14500:] = 0
    return np.clip(samples, -32768, 32767).astype(np.int16)


def features() -> dict[str, np.ndarray]:
    """By front end, (frames, bins) uint8; with the means of windows taken off, of the clip on an offset."""
    audio = to_float(clip())[np.newaxis]
    plain = {name: wav_features(audio, FrontEnd(name))[0] for name in FRONT_ENDS}
    offset = np.clip(audio + 1000 / 32768, -1, 32767 / 32768).astype(np.float32)
    return plain | {
        f"{name}_dc_block": wav_features(offset, FrontEnd(name, dc_block=True))[0] for name in BLOCKABLE
    }


if __name__ == "__main__":
    np.savez_compressed(PATH, clip=clip(), **features())
