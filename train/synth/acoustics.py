"""What lies between a mouth and a file: room, microphone, level, noise floor, codec.

The levels follow what was measured on 200 Speech Commands clips each of four words: peaks at
-16 to -1 dB of full scale, half of them above -6; the quietest tenth of a clip between -90 and
-42 dB, or digital silence; middles of words at 0.22 to 0.78 s, half of them within 0.36 to 0.62.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Audio = NDArray[np.floating[Any]]

SAMPLE_RATE_HZ = 16000

_LONGEST_ROOM_S = 0.5
_FULL_SCALE = 32767
_FLOOR_RMS_RANGE = (1.0, 250.0)
_ROOM_PROBABILITY = 0.7
_ANYWHERE_PROBABILITY = 0.25  # of words; the others are near the middle
_CUT_PROBABILITY, _LARGEST_CUT = 0.12, 0.3
_CLICKS_PROBABILITY = 0.25
_NARROW_PROBABILITY = 0.15  # of microphones, without treble
_OVERDRIVEN_PROBABILITY = 0.08
_SILENT_FLOOR_PROBABILITY = 0.06
_CODEC_PROBABILITY = 0.25
_CODEC_BLOCK, _CODEC_FRAME = 64, 256  # samples


def record(speech: Audio, rng: Rng, clip_samples: int = SAMPLE_RATE_HZ) -> NDArray[np.int16]:
    """A clip of a word, as if recorded somewhere by someone.

    Args:
        speech: (samples,) float, at most ``clip_samples`` of them, at 16 kHz, any level.
        rng: decides position, room, microphone, loudness, noise floor, clicks and codec.
    Returns:
        (clip_samples,) int16.
    """
    count = clip_samples + round(_LONGEST_ROOM_S * SAMPLE_RATE_HZ)  # nothing wraps around
    count += -count % 2048  # the transform is fast
    placed = np.zeros(count, np.float32)
    start = _start(clip_samples, len(speech), rng)
    heard = speech[max(0, -start) :]
    room = placed[max(0, start) :][: len(heard)]
    room[:] = heard[: len(room)]
    spectrum = np.fft.rfft(placed) * microphone_gains(rng, count)
    if rng.random() < _ROOM_PROBABILITY:
        spectrum *= np.fft.rfft(room_response(rng), count)
    clip: Audio = np.fft.irfft(spectrum, count)[:clip_samples]
    # The square of a uniform number: most speakers come close to full scale.
    peak = _FULL_SCALE * 10 ** (-(rng.uniform(0, 1) ** 2) * 20 / 20)
    if rng.random() < _OVERDRIVEN_PROBABILITY:
        peak = _FULL_SCALE * rng.uniform(1, 3)
    clip *= np.float32(peak / max(float(np.abs(clip).max()), 1e-9))
    if rng.random() >= _SILENT_FLOOR_PROBABILITY:
        floor = coloured_noise(rng, clip_samples, exponent=rng.uniform(0, 2))
        clip += floor * np.float32(log_uniform(rng, *_FLOOR_RMS_RANGE))
    if rng.random() < _CLICKS_PROBABILITY:
        clip = _clicks(clip, rng)
    if rng.random() < _CODEC_PROBABILITY:
        clip = CODECS[rng.integers(len(CODECS))](clip, rng)
    return to_int16(clip)


def _start(clip_samples: int, speech_samples: int, rng: Rng) -> int:
    """Where a word starts: speakers aim at the middle; now and then an edge cuts a part of it off."""
    spare = clip_samples - speech_samples
    if rng.random() < _CUT_PROBABILITY:
        lost = int(rng.uniform(0, _LARGEST_CUT) * speech_samples)
        return -lost if rng.random() < 0.5 else spare + lost
    if spare <= 0:
        return 0
    if rng.random() < _ANYWHERE_PROBABILITY:
        return int(rng.integers(spare))
    return round(rng.triangular(0, spare / 2, spare))


def _clicks(clip: Audio, rng: Rng) -> Audio:
    """The clip with a few keys, lips or bumps against the microphone: 1 to 15 ms of noise each."""
    clicked = clip.copy()
    peak = float(np.abs(clip).max())
    for _ in range(int(rng.integers(1, 6))):
        start = int(rng.integers(len(clip)))
        decay_samples = log_uniform(rng, 0.001, 0.015) * SAMPLE_RATE_HZ
        count = min(int(5 * decay_samples), len(clip) - start)
        burst = coloured_noise(rng, 2048, rng.uniform(0, 2))[:count]
        level = peak * log_uniform(rng, 0.003, 0.2)
        clicked[start : start + count] += level * burst * np.exp(-np.arange(count) / decay_samples)
    return clicked


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number between two, each of its octaves as likely as any other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def microphone_gains(rng: Rng, count: int) -> Audio:
    """Gain per FFT bin: no bass below 40..250 Hz, a tilt of ±1.5 dB/octave, hills; some without treble."""
    log_hz = np.log(np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), 20)).astype(np.float32)
    low = np.float32(np.log(log_uniform(rng, 40, 250)))
    tilt = rng.uniform(-0.25, 0.25) * (log_hz - np.log(1000))  # a slope of 0.25 is 1.5 dB per octave
    hills = np.interp(log_hz, np.log([60, 250, 700, 1500, 3000, 7000]), rng.normal(0, 0.2, 6))
    gain = np.exp(tilt + hills) / np.sqrt(1 + np.exp(4 * (low - log_hz)))
    if rng.random() < _NARROW_PROBABILITY:
        gain /= np.sqrt(1 + np.exp(8 * (log_hz - np.log(log_uniform(rng, 3400, 7000)))))
    return np.asarray(gain, np.float32)


def room_response(rng: Rng) -> Audio:
    """Impulse response: the direct sound, early echoes, then noise that dies away by 60 dB in 0.1..0.5 s."""
    decay_s, direct_to_reverberant_db = rng.uniform(0.1, _LONGEST_ROOM_S), rng.uniform(3, 20)
    count = round(decay_s * SAMPLE_RATE_HZ)
    decay = np.exp(np.linspace(0, -3 * np.log(10), count, dtype=np.float32))
    tail = rng.standard_normal(count, np.float32) * decay
    echoes = rng.integers(SAMPLE_RATE_HZ // 1000, SAMPLE_RATE_HZ // 40, 5)  # table, walls: 1 to 25 ms
    tail[echoes] += rng.normal(0, 4, 5).astype(np.float32)
    tail *= np.float32(10 ** (-direct_to_reverberant_db / 20)) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return tail


def mu_law(clip: Audio, _: Rng) -> Audio:
    """Through eight bits on a logarithmic scale, as in telephony (G.711)."""
    mu = 255.0
    level = np.clip(np.abs(clip) / _FULL_SCALE, 0, 1)
    code = np.rint(np.log1p(mu * level) / np.log1p(mu) * 127) / 127
    return np.asarray(np.sign(clip) * np.expm1(code * np.log1p(mu)) / mu * _FULL_SCALE)


def few_bits(clip: Audio, rng: Rng) -> Audio:
    """Four to six bits a sample, scaled anew for every 4 ms, as adaptive differential codecs do."""
    steps = 2 ** (int(rng.integers(4, 7)) - 1)
    padded = np.pad(clip, (0, -len(clip) % _CODEC_BLOCK)).reshape(-1, _CODEC_BLOCK)
    step = np.maximum(np.abs(padded).max(axis=1, keepdims=True), 1) / steps
    return np.asarray((np.rint(padded / step) * step).ravel()[: len(clip)])


def thinned(clip: Audio, rng: Rng) -> Audio:
    """Without what is far below the loudest of each moment, as lossy codecs and noise gates leave it."""
    below_db = rng.uniform(30, 50)
    padded = np.pad(clip, (_CODEC_FRAME, 2 * _CODEC_FRAME - len(clip) % _CODEC_FRAME)).astype(np.float32)
    window = np.sqrt(np.hanning(2 * _CODEC_FRAME + 1)[:-1]).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * _CODEC_FRAME)[::_CODEC_FRAME] * window
    spectra = np.fft.rfft(frames)
    level = np.abs(spectra)
    spectra[level < level.max(axis=1, keepdims=True) * 10 ** (-below_db / 20)] = 0
    halves = (np.fft.irfft(spectra) * window).reshape(len(frames), 2, _CODEC_FRAME)
    whole = halves[1:, 0] + halves[:-1, 1]  # both halves of a frame overlap with its neighbours
    return np.asarray(whole.ravel()[: len(clip)])


def narrow_band(clip: Audio, rng: Rng) -> Audio:
    """What a telephone leaves: about 300 to 3400 Hz."""
    spectrum = np.fft.rfft(clip)
    hz = np.fft.rfftfreq(len(clip), 1 / SAMPLE_RATE_HZ)
    spectrum[(hz < rng.uniform(150, 300)) | (hz > rng.uniform(3300, 3800))] *= 0.01
    return np.fft.irfft(spectrum, len(clip))


CODECS: tuple[Callable[[Audio, Rng], Audio], ...] = (mu_law, few_bits, thinned, thinned, narrow_band)


def resampled(speech: NDArray[np.int16], rate_hz: float) -> NDArray[np.float32]:
    """Speech at ``rate_hz``, at 16 kHz."""
    # Imported only where speech is made: the command line must start without it.
    import soxr  # type: ignore[import-untyped]

    # "MQ" is 16-bit quality; the default costs four times as much for bits that no clip keeps.
    audio = soxr.resample(speech.astype(np.float32), rate_hz, SAMPLE_RATE_HZ, quality="MQ")
    return np.asarray(audio, dtype=np.float32)


def coloured_noise(rng: Rng, count: int, exponent: float) -> Audio:
    """(count,) noise of RMS 1 whose power falls as 1/f**exponent: 0 white, 1 pink, 2 brown."""
    bins = count // 2 + 1
    shape = np.arange(1, bins + 1, dtype=np.float32) ** np.float32(-exponent / 2)
    # Below 20 Hz is no sound, and in brown noise it would be most of the power.
    shape[: max(1, round(20 * count / SAMPLE_RATE_HZ))] = 0
    spectrum = rng.standard_normal(2 * bins, np.float32).view(np.complex64) * shape
    return unit_rms(np.fft.irfft(spectrum, count))


def unit_rms(audio: Audio) -> Audio:
    """Audio of RMS 1; silence stays silent."""
    return audio / np.float32(max(float(np.sqrt(np.mean(audio**2))), 1e-9))


def to_int16(audio: Audio) -> NDArray[np.int16]:
    """Rounded to 16-bit samples, clamped."""
    return np.asarray(np.clip(np.rint(audio), -_FULL_SCALE, _FULL_SCALE), np.int16)
