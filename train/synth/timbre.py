"""The same words from another mouth: formants moved and flattened, breath, emphasis, pace.

eSpeak's variants are some ninety voices built from one set of formants. Here a word is taken apart,
frame by frame, into the shape of its spectrum and the rest, and put together again with
the shape changed: so that a network learns what voices have in common, not eSpeak's habits. Its
spectra, for one, have valleys some 10 dB deeper than those of people (docs/SYNTHETIC.md).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.synth.acoustics import log_uniform

Rng = np.random.Generator
Audio = NDArray[np.floating[Any]]

_FRAME, _HOP = 512, 128  # samples: 32 ms and 8 ms at 16 kHz
_BINS = _FRAME // 2 + 1
_BIN_HZ = 16000 / _FRAME
_WINDOW = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_OVERLAP_GAIN = float((_WINDOW**2).sum() / _HOP)
_LIFTER = 40  # quefrencies of the shape, 2.5 ms: below the period of a voice of 400 Hz
_NOTHING = np.float32(1e-3)  # added to magnitudes of 16-bit samples, so that silence has a logarithm

_FORMANTS_HZ = np.array([0, 700, 1700, 2900, 4500, 8000])  # between them, formants move together
_WHISPER_PROBABILITY = 0.04
_SOFT_START_DB, _SOFT_END_DB = 12, 22  # at most; eSpeak starts and ends a word at full loudness


def vocal_tract(rng: Rng) -> float:
    """How much faster a voice is played: shorter and higher. Children are a quarter shorter than men."""
    return log_uniform(rng, 0.92, 1.2)


def another_mouth(speech: Audio, rng: Rng) -> Audio:
    """A word spoken by somebody else at a slightly uneven pace, as many samples as before.

    Args:
        speech: (samples,) float at 16 kHz, in steps of 16-bit samples.
    """
    frames = _frames(_unevenly_paced(speech, rng))
    spectra = np.fft.rfft(frames * _WINDOW).astype(np.complex64)
    shape = _shape(spectra)
    rest = spectra * np.exp(-shape)
    changed = _moved_formants(_flattened(shape, rng), rng) + _emphasis(len(shape), rng)[:, None]
    breathed = np.exp(changed) * _with_breath(rest, rng)
    return _overlapped(np.fft.irfft(breathed).astype(np.float32), len(speech))


def _unevenly_paced(speech: Audio, rng: Rng) -> Audio:
    """Up to a fifth faster here and slower there; the pitch follows, as it does with emphasis."""
    knots = rng.uniform(0.85, 1.18, 4)
    pace = np.interp(np.linspace(0, 3, len(speech)), np.arange(4), knots)
    places = np.cumsum(pace)
    places *= (len(speech) - 1) / places[-1]
    return np.interp(places, np.arange(len(speech)), speech).astype(np.float32)


def _frames(speech: Audio) -> Audio:
    """(frames, 512): every sample is in four of them."""
    padded = np.pad(speech.astype(np.float32), (_FRAME - _HOP, _FRAME))
    count = 1 + (len(speech) + _FRAME - _HOP) // _HOP
    return np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP][:count]


def _overlapped(frames: Audio, samples: int) -> Audio:
    """Frames added up again: the inverse of ``_frames``."""
    weighted = (frames * _WINDOW).reshape(len(frames), -1, _HOP)
    out = np.zeros((len(frames) + _FRAME // _HOP - 1, _HOP), np.float32)
    for part in range(_FRAME // _HOP):
        out[part : part + len(frames)] += weighted[:, part]
    return out.ravel()[_FRAME - _HOP :][:samples] / np.float32(_OVERLAP_GAIN)


def _shape(spectra: NDArray[np.complex64]) -> Audio:
    """(frames, 257) natural logarithm of the magnitude, smooth over frequency."""
    cepstra = np.fft.irfft(np.log(np.abs(spectra) + _NOTHING))
    cepstra[:, _LIFTER : _FRAME - _LIFTER + 1] = 0
    return np.asarray(np.fft.rfft(cepstra).real, np.float32)


def _flattened(shape: Audio, rng: Rng) -> Audio:
    """Peaks and valleys of each frame drawn towards a straight line: wider formants."""
    depth = np.float32(rng.uniform(0.55, 1.0))
    frequency = np.linspace(-1, 1, _BINS, dtype=np.float32)
    mean = shape.mean(axis=1, keepdims=True)
    slope = (shape @ frequency)[:, None] / np.sum(frequency**2) * frequency
    return np.asarray(mean + slope + depth * (shape - mean - slope))


def _moved_formants(shape: Audio, rng: Rng) -> Audio:
    """A vocal tract up to a tenth longer or shorter, each formant a little more or less."""
    tract = rng.uniform(0.9, 1.1)
    moved_hz = _FORMANTS_HZ * tract * np.append(1, rng.uniform(0.94, 1.06, len(_FORMANTS_HZ) - 1))
    source_bins = np.interp(np.arange(_BINS) * _BIN_HZ, moved_hz, _FORMANTS_HZ) / _BIN_HZ
    low = np.minimum(source_bins.astype(int), _BINS - 2)
    share = (source_bins - low).astype(np.float32)
    return np.asarray(shape[:, low] * (1 - share) + shape[:, low + 1] * share)


def _emphasis(frames: int, rng: Rng) -> Audio:
    """(frames,) gain as a logarithm: the stress elsewhere, by up to 6 dB, and a soft start and end."""
    knots_db = rng.uniform(-6, 6, 5)
    knots_db[0] -= rng.uniform(0, _SOFT_START_DB)
    knots_db[-1] -= rng.uniform(0, _SOFT_END_DB)
    decibels = np.interp(np.linspace(0, 4, frames), np.arange(5), knots_db)
    return np.asarray(decibels * np.log(10) / 20, np.float32)


def _with_breath(rest: NDArray[np.complex64], rng: Rng) -> NDArray[np.complex64]:
    """Voice and noise of the same loudness, more noise the higher the frequency; or a whisper."""
    if rng.random() < _WHISPER_PROBABILITY:
        share = np.ones(_BINS)
    else:
        share = np.clip(rng.uniform(0, 0.7) ** 2 + rng.uniform(0, 1) * np.linspace(-0.1, 1, _BINS), 0, 1)
    noise = rng.standard_normal((*rest.shape, 2), np.float32).view(np.complex64)[..., 0]
    # The rest of a spectrum has a mean logarithm of 0; that of noise lies 0.28 below the one of its RMS.
    noise *= np.float32(np.exp(0.28) / np.sqrt(2))
    voiced, breathy = (np.sqrt(part).astype(np.float32) for part in (1 - share, share))
    return np.asarray(rest * voiced + noise * breathy, np.complex64)
