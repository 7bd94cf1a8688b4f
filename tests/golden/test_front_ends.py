"""Every front end against stored features, and against its formula written anew (docs/FRONT_ENDS.md)."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from golden.make_front_ends import BLOCKABLE, PATH, clip, features

from train.audio.frontend import power_spectrogram, wav_features
from train.audio.wav import to_float
from train.core.spec import FRONT_ENDS, FrontEnd

# test_frontend_golden.py has average, tests/parity/test_micro.py micro.
COMPRESSED = [name for name in FRONT_ENDS if name not in ("average", "micro")]


def slow_mel_bands(power: Sequence[float]) -> list[float]:
    """40 HTK mel bands up to 4 kHz of 257 powers, a triangle at a time."""

    def mel(hz: float) -> float:
        return 1127 * math.log(1 + hz / 700)

    corners = [mel(4000) * number / 41 for number in range(42)]
    bands = []
    for low, middle, high in zip(corners, corners[1:], corners[2:], strict=False):
        total = 0.0
        for number, value in enumerate(power):
            place = mel(number * 16000 / 512)
            if low < place <= middle:
                total += value * (place - low) / (middle - low)
            elif middle < place < high:
                total += value * (high - place) / (high - middle)
        bands.append(total)
    return bands


def slow_features(name: str, samples: np.ndarray) -> np.ndarray:
    """(49, bins) float64 steps, neither rounded nor clamped at the upper end."""
    power = power_spectrogram(to_float(samples)[np.newaxis], FrontEnd())[0].astype(np.float64)
    if name == "log":
        groups = [[np.mean(row[first : first + 6]) for first in range(0, 257, 6)] for row in power]
        return np.array([[8 * (math.log2(max(value, 2**-20)) + 20) for value in row] for row in groups])
    bands = [slow_mel_bands(row) for row in power]
    if name == "log_mel":
        floor = math.exp(-14.62)
        return np.array([[10 * math.log(max(value, floor)) + 146.2 for value in row] for row in bands])
    assert name == "pcan"
    share = 1 - math.exp(-20 / 400)
    rows = []
    level = list(bands[0])
    for row in bands:
        level = [(1 - share) * old + share * new for old, new in zip(level, row, strict=True)]
        ratios = [new / (2**-20 + old) ** 0.98 for new, old in zip(row, level, strict=True)]
        rows.append([64 * (math.sqrt(ratio + 2) - math.sqrt(2)) for ratio in ratios])
    return np.array(rows)


@pytest.mark.parametrize("name", [*FRONT_ENDS, *(f"{name}_dc_block" for name in BLOCKABLE)])
def test_features_are_as_stored(name):
    """Where this fails on purpose: make_front_ends.py says what to do."""
    with np.load(PATH) as stored:
        assert np.array_equal(clip(), stored["clip"])
        assert np.array_equal(features()[name], stored[name])
        assert stored[name].max() > 200
        assert len(np.unique(stored[name])) > 100


@pytest.mark.parametrize("name", COMPRESSED)
def test_features_follow_their_formula(name):
    samples = clip()
    steps = slow_features(name, samples)
    # In the middle between two whole numbers, the last bit of a float32 decides.
    undecided = np.abs(steps - np.floor(steps) - 0.5) < 1e-4
    found = wav_features(to_float(samples)[np.newaxis], FrontEnd(name))[0]
    assert np.mean(undecided) < 0.01
    assert found.shape == steps.shape
    assert np.array_equal(found[~undecided], np.clip(np.round(steps), 0, 255)[~undecided])


@pytest.mark.shared
def test_gain_control_on_recordings(real_clips):
    """How far features move, in steps, where recordings are quieter or have steady noise."""
    audio = real_clips
    noise = np.random.default_rng(3).normal(0, 0.01, audio.shape[1]).astype(np.float32)
    altered = {"a quarter as loud": np.rint(audio * 8192) / 32768, "noise of -40 dB": audio + noise}
    shares = {}
    for name in COMPRESSED:
        plain = wav_features(audio, FrontEnd(name), 2).astype(float)
        spread = np.abs(plain - plain.mean()).mean()
        for change, changed in altered.items():
            moved = np.abs(wav_features(changed.astype(np.float32), FrontEnd(name), 2) - plain).mean()
            shares[name, change] = moved / spread
            print(f"{name}, {change}: {moved:.1f} steps, {100 * moved / spread:.0f} % of the spread")
    for change, most in (("a quarter as loud", 0.2), ("noise of -40 dB", 0.8)):
        assert shares["pcan", change] < most * shares["log_mel", change]


def test_the_file_is_small():
    assert Path(PATH).stat().st_size < 50_000
