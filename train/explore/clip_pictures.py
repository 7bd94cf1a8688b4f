"""Clips to look at and to listen to on a page: waveform, spectrogram, mel bands, chroma, MFCC."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audio.excerpt import fit_clip
from train.audio.frontend import band_powers, power_spectrogram
from train.audio.wav import encode_wav, read_wav, to_float
from train.core.spec import FrontEnd
from train.data.corpus import Clip
from train.report import plots
from train.report.page import data_uri

_RANGE_DB = 80.0  # from black to white
_LEAST_TOP_DB = -20.0  # of power; what is quieter throughout stays dark instead of showing its rounding
_LEAST_POWER = 1e-10
_COEFFICIENTS = 13
_WAVEFORM_POINTS = 200


@dataclass(frozen=True)
class Panel:
    """One picture of a clip, time from left to right: a PNG, or the path of an SVG 200 wide and 2 high."""

    name: str
    picture_uri: str = ""
    path: str = ""


@dataclass(frozen=True)
class Card:
    """A clip with what is said of it. It sounds as a network would hear it: padded or cut to its length."""

    title: str
    detail: str
    source: str
    panels: tuple[Panel, ...]
    sound_uri: str


def card(clip: Clip, title: str, detail: str, front_end: FrontEnd, is_full: bool = False) -> Card:
    """A clip with its waveform and mel bands; ``is_full``: with all its pictures."""
    samples = read_wav(clip.wav, front_end.sample_rate_hz)
    samples = fit_clip(samples, front_end.clip_samples, front_end.sample_rate_hz)
    audio = to_float(samples)
    mel_db = _decibels(band_powers(audio[np.newaxis], front_end)[0])
    panels = [_waveform(audio), _picture("mel bands", _brightness(mel_db))]
    if is_full:
        power = power_spectrogram(audio[np.newaxis], front_end)[0]
        panels.insert(1, _picture("spectrogram", _brightness(_decibels(power))))
        panels.append(_picture("chroma", _chroma(power, front_end)))
        panels.append(_picture("MFCC", _mfcc(mel_db)))
    sound_uri = data_uri("audio/wav", encode_wav(samples, front_end.sample_rate_hz))
    return Card(title, detail, clip.name, tuple(panels), sound_uri)


def _chroma(power: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float64]:
    """(frames, 12) in 0..1: how strong each semitone is, octaves folded, from C upwards."""
    import librosa

    chroma: NDArray[np.float64] = librosa.feature.chroma_stft(
        S=power.T.astype(np.float64), sr=front_end.sample_rate_hz, n_fft=front_end.fft_length, tuning=0.0
    )
    return chroma.T


def _mfcc(mel_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """(frames, 13) in 0..1: coefficients 1 to 13, each around its mean; the 0th is the level alone."""
    import librosa

    coefficients = librosa.feature.mfcc(S=mel_db.T, n_mfcc=_COEFFICIENTS + 1)[1:].T
    spread = np.maximum(coefficients.std(axis=0), np.finfo(np.float64).tiny)
    scaled: NDArray[np.float64] = np.clip(
        0.5 + (coefficients - coefficients.mean(axis=0)) / spread / 6, 0.0, 1.0
    )
    return scaled


def _waveform(audio: NDArray[np.float32]) -> Panel:
    """The highest and the lowest sample of each two hundredth of the clip, as an outline."""
    parts = np.array_split(audio, _WAVEFORM_POINTS)
    upper = [f"{x},{1 - float(part.max()):.3f}" for x, part in enumerate(parts)]
    lower = [f"{x},{1 - float(part.min()):.3f}" for x, part in enumerate(parts)]
    return Panel("waveform", path=f"M{' '.join(upper)} {' '.join(reversed(lower))}Z")


def _picture(name: str, brightness: NDArray[np.float64]) -> Panel:
    return Panel(name, data_uri("image/png", plots.feature_png(brightness)))


def _decibels(power: NDArray[np.float32]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(power.astype(np.float64), _LEAST_POWER))
    return decibels


def _brightness(decibels: NDArray[np.float64]) -> NDArray[np.float64]:
    top_db = max(float(decibels.max()), _LEAST_TOP_DB)
    return np.clip(1 + (decibels - top_db) / _RANGE_DB, 0.0, 1.0)
