"""Recordings that a corpus holds more than once: the same samples, or the same sound in other samples."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import read_wav, to_float
from train.core.console import progress
from train.explore.clip_stats import Sound

# Takes of one speaker rarely correlate by 0.8, copies that were shifted, amplified or coded anew by over 0.9.
_SAME_SOUND = 0.9
_CANDIDATE = 0.95  # least similarity of pooled features to compare the samples of two clips
_BLOCK_ROWS = 256  # of the similarities that are in memory at a time


@dataclass(frozen=True)
class Duplicates:
    """Clips that are one recording, in the order of the corpus."""

    sounds: tuple[Sound, ...]
    correlation: float  # of the samples, 1 for the same samples

    @property
    def is_exact(self) -> bool:
        return len({sound.content for sound in self.sounds}) == 1

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(sorted({sound.clip.word for sound in self.sounds}))

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(sorted({sound.clip.split for sound in self.sounds}))

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(sorted({sound.clip.speaker for sound in self.sounds}))


def find_duplicates(
    sounds: Sequence[Sound], features: NDArray[np.float32], sample_rate_hz: int
) -> list[Duplicates]:
    """Groups of the same samples, and pairs of the same sound; those that do most harm first.

    A copy that is shifted or of another level is found where its nearest neighbour by features is the
    original. Two words for one recording teach a mistake; two splits or speakers test what was trained on.

    Args:
        features: (clips, n) float32, ``clipstats.pooled``.
    """
    by_content: dict[str, list[int]] = defaultdict(list)
    for index, sound in enumerate(sounds):
        by_content[sound.content].append(index)
    found = [
        Duplicates(tuple(sounds[index] for index in group), 1.0)
        for group in by_content.values()
        if len(group) > 1
    ]
    # One of each content, digital silence left out: it is like nothing.
    distinct = [group[0] for group in by_content.values() if sounds[group[0]].peak > 0]
    pairs = _likely_pairs(features[distinct])
    with progress("comparing clips", len(pairs)) as advance:
        for first, second in pairs:
            pair = (sounds[distinct[first]], sounds[distinct[second]])
            correlation = _correlation(*(_audio(sound, sample_rate_hz) for sound in pair))
            if correlation >= _SAME_SOUND:
                found.append(Duplicates(pair, correlation))
            advance()
    return sorted(
        found, key=lambda group: (-len(group.words), -len(group.splits), -len(group.speakers), group.words)
    )


def _likely_pairs(features: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Each clip and its nearest neighbour, where they are near; a pair once."""
    if len(features) < 2:
        return []
    rows = features - features.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    pairs = set()
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS] @ rows.T
        own = np.arange(len(block))
        block[own, start + own] = -1.0
        for index, nearest in zip(own, block.argmax(axis=1), strict=True):
            if block[index, nearest] >= _CANDIDATE:
                first, second = sorted((int(start + index), int(nearest)))
                pairs.add((first, second))
    return sorted(pairs)


def _audio(sound: Sound, sample_rate_hz: int) -> NDArray[np.float32]:
    return to_float(read_wav(sound.clip.wav, sample_rate_hz))


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The largest correlation of two sounds, whichever is later and by whatever sign: 0 to 1."""
    length = 1 << (len(first) + len(second) - 1).bit_length()
    spectrum = np.fft.rfft(first, length) * np.conj(np.fft.rfft(second, length))
    return float(
        np.abs(np.fft.irfft(spectrum, length)).max() / (np.linalg.norm(first) * np.linalg.norm(second))
    )
