"""Sounds like music, to count false accepts in: chords, a bass, a melody and drums, drawn for each piece."""

import numpy as np

from train.synth.acoustics import Audio, Rng, log_uniform, unit_rms

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))  # semitones: major, minor
_PULSES_PER_CHORD = 8  # eighths
_MELODY_SHARE = 0.6  # of the eighths
_OVERTONES = 6


def piece(rng: Rng, samples: int, rate_hz: int) -> Audio:
    """(samples,) float32 of RMS 1: one key, one tempo, four chords over and over."""
    pulse_s = 30 / rng.uniform(70, 140)
    key_hz, scale = log_uniform(rng, 110, 220), np.array(_SCALES[rng.integers(len(_SCALES))])
    chords = rng.integers(0, len(scale), 4)
    band = [
        _Instrument(rng, rate_hz, length_s)
        for length_s in (_PULSES_PER_CHORD * pulse_s, 2 * pulse_s, pulse_s)
    ]
    chord_player, bass_player, melody_player = band

    def pitch_hz(degree: int) -> float:
        octave, step = divmod(degree, len(scale))
        return float(key_hz * 2 ** (octave + scale[step] / 12))

    audio = np.zeros(samples, np.float32)
    for pulse, start in enumerate(range(0, samples, round(pulse_s * rate_hz))):
        root = int(chords[pulse // _PULSES_PER_CHORD % len(chords)])
        if pulse % _PULSES_PER_CHORD == 0:
            for third in (0, 2, 4):
                _add(audio, start, 0.5 * chord_player.note(pitch_hz(root + third)))
        if pulse % 2 == 0:
            _add(audio, start, bass_player.note(pitch_hz(root) / 2))
        if rng.random() < _MELODY_SHARE:
            _add(audio, start, 0.7 * melody_player.note(pitch_hz(int(rng.integers(7, 15)))))
        _add(audio, start, _drum(rng, rate_hz, is_low=pulse % 4 == 0))
    return np.asarray(unit_rms(audio), np.float32)


class _Instrument:
    """Overtones that die away each at its own pace, after a soft or a hard start."""

    def __init__(self, rng: Rng, rate_hz: int, length_s: float) -> None:
        self._seconds = np.arange(round(length_s * rate_hz)) / rate_hz
        self._levels = rng.uniform(0, 1, _OVERTONES) / np.arange(1, _OVERTONES + 1)
        attack_s, decay_s = log_uniform(rng, 0.003, 0.08), log_uniform(rng, 0.2, 2)
        self._envelope = np.minimum(self._seconds / attack_s, 1) * np.exp(-self._seconds / decay_s)
        self._notes: dict[float, Audio] = {}

    def note(self, pitch_hz: float) -> Audio:
        if pitch_hz not in self._notes:
            phase = 2 * np.pi * pitch_hz * self._seconds
            tones = [level * np.sin(k * phase) for k, level in enumerate(self._levels, 1)]
            self._notes[pitch_hz] = np.asarray(self._envelope * np.sum(tones, axis=0), np.float32)
        return self._notes[pitch_hz]


def _drum(rng: Rng, rate_hz: int, *, is_low: bool) -> Audio:
    seconds = np.arange(rate_hz // 8) / rate_hz
    if is_low:
        hit = np.sin(2 * np.pi * 60 * seconds * (1 + np.exp(-40 * seconds))) * np.exp(-seconds / 0.05)
    else:
        hit = np.diff(rng.standard_normal(len(seconds) + 1)) * np.exp(-seconds / 0.02) * 0.4
    return np.asarray(hit, np.float32)


def _add(audio: Audio, start: int, sound: Audio) -> None:
    part = audio[start : start + len(sound)]
    part += sound[: len(part)]
