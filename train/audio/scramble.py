"""The same voice, microphone and room, but not the word: a take with its parts in another order.

Who trains on a few takes of one person and on other words by other voices teaches a network to tell that
person from the others. What it has to tell is the word.
"""

import numpy as np
from numpy.typing import NDArray

from train.audio.excerpt import PHRASE_PAUSE_MS, sounding_parts

_PIECE_MS = (90, 200)
_FADE_MS = 8
_HALF = (0.35, 0.6)  # of the word that is kept, where a part alone is


def scrambled(
    samples: NDArray[np.int16], sample_rate_hz: int, generator: np.random.Generator
) -> NDArray[np.int16]:
    """A take that does not say its word any more: cut into pieces and shuffled, backwards, or half of it.

    Args:
        samples: (samples,) int16, with room before and after the word.
    Returns:
        as many samples, int16.
    """
    parts = sounding_parts(samples, sample_rate_hz, PHRASE_PAUSE_MS) or [(0, len(samples))]
    start, end = parts[0][0], parts[-1][1]
    word = samples[start:end].astype(np.float64)
    kind = generator.random()
    if kind < 0.5:
        word = _shuffled(word, sample_rate_hz, generator)
    elif kind < 0.65:
        word = word[::-1]
    else:
        kept = int(len(word) * generator.uniform(*_HALF))
        first = generator.random() < 0.5
        alone = word[:kept] if first else word[-kept:]
        room = _room(samples, start, end, len(word) - kept)
        word = _joined([alone, room] if first else [room, alone], len(word), sample_rate_hz)
    changed = samples.copy()
    changed[start:end] = np.clip(np.rint(word), -32768, 32767).astype(np.int16)
    return changed


def _shuffled(
    word: NDArray[np.float64], sample_rate_hz: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """The pieces of a word in an order in which no two stay together."""
    pieces = []
    place = 0
    while place < len(word):
        length = int(generator.uniform(*_PIECE_MS) * sample_rate_hz / 1000)
        pieces.append(word[place : place + length])
        place += length
    order = generator.permutation(len(pieces))
    for _ in range(20):
        if not (np.diff(order) == 1).any():
            break
        order = generator.permutation(len(pieces))
    return _joined([pieces[index] for index in order], len(word), sample_rate_hz)


def _joined(pieces: list[NDArray[np.float64]], length: int, sample_rate_hz: int) -> NDArray[np.float64]:
    """Pieces one after the other, each faded in and out, so that no click marks the joints; (length,)."""
    fade = _FADE_MS * sample_rate_hz // 1000
    faded = []
    for piece in pieces:
        place = np.arange(len(piece))
        faded.append(piece * np.minimum(1.0, (np.minimum(place, place[::-1]) + 1) / fade))
    joined = np.concatenate(faded)[:length]
    return np.pad(joined, (0, length - len(joined)))


def _room(samples: NDArray[np.int16], start: int, end: int, length: int) -> NDArray[np.float64]:
    """What sounds beside the word, as much as is needed, over and over."""
    beside = np.concatenate([samples[:start], samples[end:]]).astype(np.float64)
    return np.resize(beside, length) if len(beside) else np.zeros(length)
