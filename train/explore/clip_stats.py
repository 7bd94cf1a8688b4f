"""What the sound of a corpus' clips is like: levels, clipping, content, and features of one size for all."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audio.excerpt import fit_clip
from train.audio.frontend import float_features
from train.audio.wav import read_wav, to_float
from train.core.console import progress
from train.core.spec import FrontEnd
from train.core.terminal import interrupts
from train.data.corpus import Clip, Corpus

QUIET_DB = -45.0  # below, in its loudest tenth of a second, a clip is near silent
_LOWEST_DB = -100.0  # stands for digital silence, whose level has no logarithm
_LEVEL_MS = 100  # a vowel lasts so long
# A peak that is cut off is flat: this many samples in a row at the very highest or lowest value.
_FLAT_SAMPLES, _LEAST_CLIPPED_PEAK = 3, 0.5
_SEGMENTS = 8  # of the features, over time
_BLOCK_CLIPS = 256  # read at a time: 16 MB of audio


@dataclass(frozen=True)
class Sound:
    """One clip, measured whole; levels are in dB below a full-scale square wave."""

    clip: Clip
    level_db: float  # of the loudest tenth of a second
    floor_db: float  # of the quietest
    peak: float  # 0 to 1
    clipped_samples: int
    content: str  # SHA-256 of the samples, whatever header they had

    @property
    def is_quiet(self) -> bool:
        return self.level_db < QUIET_DB


def measure(corpus: Corpus, front_end: FrontEnd) -> tuple[tuple[Sound, ...], NDArray[np.float32]]:
    """What each clip of the corpus is like, in the order of the corpus.

    Returns:
        the measures, and (clips, 8 x bins) float32 ``pooled`` features.
    """
    sounds: list[Sound] = []
    features = np.empty((len(corpus.clips), _SEGMENTS * front_end.bins), dtype=np.float32)
    workers = os.cpu_count() or 1
    with (
        interrupts.prompt(ThreadPoolExecutor(workers)) as pool,
        progress("measuring", len(corpus.clips)) as advance,
    ):
        for start in range(0, len(corpus.clips), _BLOCK_CLIPS):
            clips = corpus.clips[start : start + _BLOCK_CLIPS]
            samples = list(pool.map(lambda clip: read_wav(clip.wav, front_end.sample_rate_hz), clips))
            sounds += map(_sound, clips, samples, [front_end.sample_rate_hz] * len(clips))
            fitted = [fit_clip(each, front_end.clip_samples, front_end.sample_rate_hz) for each in samples]
            audio = to_float(np.stack(fitted))
            features[start : start + len(clips)] = pooled(float_features(audio, front_end, workers))
            advance(len(clips))
    return tuple(sounds), features


def pooled(features: NDArray[np.float32], segments: int = _SEGMENTS) -> NDArray[np.float32]:
    """Logarithmic features averaged over parts of the clip, whenever and however loud it was said.

    The middle of the energy is moved to the middle of the clip, and the level of the loud bins to zero.

    Args:
        features: (clips, frames, bins) float32, logarithms of powers.
        segments: parts of equal length.
    Returns:
        (clips, segments x bins) float32.
    """
    clips, frames, _ = features.shape
    steps = np.arange(frames)
    # Powers would follow a single click; their fourth root follows the word. A nat is 10 of log_mel's steps.
    weight = np.exp((features - features.max(axis=(1, 2), keepdims=True)) / 20).sum(axis=2)
    middle = weight @ steps / weight.sum(axis=1)
    shift = np.rint(middle - (frames - 1) / 2).astype(np.intp)
    frame = np.clip(steps + shift[:, np.newaxis], 0, frames - 1)
    centred = np.take_along_axis(features, frame[:, :, np.newaxis], axis=1)
    levelled = centred - np.percentile(features, 95, axis=(1, 2), keepdims=True)
    means = [part.mean(axis=1) for part in np.array_split(levelled, segments, axis=1)]
    return np.stack(means, axis=1).reshape(clips, -1).astype(np.float32)


def _sound(clip: Clip, samples: NDArray[np.int16], sample_rate_hz: int) -> Sound:
    audio = to_float(samples)
    length = min(len(audio), sample_rate_hz * _LEVEL_MS // 1000)
    stretches = audio[: len(audio) // length * length].reshape(-1, length)
    powers = np.square(stretches, dtype=np.float64).mean(axis=1)
    level_db, floor_db = 10 * np.log10(np.maximum([powers.max(), powers.min()], 10 ** (_LOWEST_DB / 10)))
    return Sound(
        clip=clip,
        level_db=float(level_db),
        floor_db=float(floor_db),
        peak=float(np.abs(audio).max()),
        clipped_samples=sum(_flat_samples(audio, top) for top in (audio.max(), audio.min())),
        content=hashlib.sha256(samples.tobytes()).hexdigest(),
    )


def _flat_samples(audio: NDArray[np.float32], top: np.float32) -> int:
    """Samples in runs at ``top`` that are too long for a peak that was not cut off."""
    if abs(top) < _LEAST_CLIPPED_PEAK:
        return 0
    edges = np.flatnonzero(np.diff(audio == top, prepend=False, append=False))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= _FLAT_SAMPLES].sum())
