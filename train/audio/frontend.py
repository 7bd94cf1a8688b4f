"""The front end: clips of audio to arrays of features, 49 x 43 or 49 x 40. This is the definition.

The C front end on the device and the one inside ``model.pb`` are judged against it. All front ends but
``raw`` and ``micro`` share a spectrum; its bins become bands, and the power of a band a feature
(docs/FRONT_ENDS.md). ``micro`` is integers throughout (``train.audio.micro``).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.audio import micro
from train.audio.compression import gain_controlled, levels, log_steps
from train.audio.wav import to_int16
from train.core.features.constants import CEPSTRUM
from train.core.spec import FrontEnd
from train.core.terminal import interrupts

# Quantized features: uint8, or int16 of a front end that no board has (``FrontEnd.step_type``).
Steps = NDArray[Any]
# Of bands: float32, or int64 of ``micro``.
Powers = NDArray[Any]
# Of bands, from which a stream goes on: float64 of ``pcan``, int64 of ``micro``.
Levels = NDArray[Any]

# Clips handled at a time: 49 x 512 doubles each, so that a block stays in the cache of a core.
_BLOCK_CLIPS = 8
# The float below 0.5: adding 0.5 itself would carry 0.49999997 up to 1.
_ALMOST_HALF = np.nextafter(np.float32(0.5), np.float32(0.0))


def hann_window(window_samples: int) -> NDArray[np.float64]:
    """(window_samples,) float64 *periodic* Hann window.

    The symmetric one, numpy.hanning, moves a dozen bytes of the golden array by one.
    """
    phase = 2.0 * np.pi * np.arange(window_samples) / window_samples
    return 0.5 - 0.5 * np.cos(phase)


def without_mean(frames: NDArray[np.float32], window: NDArray[np.float64]) -> NDArray[np.float32]:
    """Frames less their mean, which is weighted by the window: no constant is left in the windowed frame.

    Rounded to float32, which is all that the spectrogram of ``model.pb`` takes.

    Args:
        frames: (..., window_samples) float32.
        window: (window_samples,) float64.
    """
    means = frames @ (window / window.sum())
    return np.asarray(frames - means[..., np.newaxis], dtype=np.float32)


def power_spectrogram(audio: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Power of each FFT bin of each frame.

    Args:
        audio: (clips, clip_samples) float32 in [-1, 1].
    Returns:
        (clips, frames, fft_bins) float32, squared magnitude, not normalised.
    Raises:
        ValueError: audio is not exactly clip_samples long.
    Source:
        TensorFlow's AudioSpectrogram: double precision up to the squared magnitude.
    """
    if audio.ndim != 2 or audio.shape[1] != front_end.clip_samples:
        raise ValueError(f"audio is {audio.shape}, expected (clips, {front_end.clip_samples})")
    windows = np.lib.stride_tricks.sliding_window_view(audio, front_end.window_samples, axis=1)
    frames = windows[:, :: front_end.stride_samples]
    padded = np.zeros((*frames.shape[:2], front_end.fft_length), dtype=np.float64)
    window = hann_window(front_end.window_samples)
    centred = without_mean(frames, window) if front_end.dc_block else frames
    np.multiply(centred, window, out=padded[..., : front_end.window_samples])
    spectrum = np.fft.rfft(padded)
    return (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32)


def average_bins(power: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Mean of adjacent FFT bins.

    A group at either end that is not full is divided by its own length.

    Args:
        power: (clips, frames, fft_bins) float32.
    Returns:
        (clips, frames, bins) float32.
    Raises:
        ValueError: fft_bins disagrees with the front end.
    """
    if power.shape[-1] != front_end.fft_bins:
        raise ValueError(f"power has {power.shape[-1]} bins, expected {front_end.fft_bins}")
    size, edges = front_end.bins_per_average, front_end.group_edges
    first_full = int(edges[1] - edges[0] < size)
    end_full = front_end.bins - int(edges[-1] - edges[-2] < size)
    pooled = np.empty((*power.shape[:-1], front_end.bins), dtype=np.float32)
    whole = power[..., edges[first_full] : edges[end_full]]
    grouped = whole.reshape(*power.shape[:-1], end_full - first_full, size)
    pooled[..., first_full:end_full] = grouped.mean(axis=-1)
    for group in {0, front_end.bins - 1} - set(range(first_full, end_full)):
        pooled[..., group] = power[..., edges[group] : edges[group + 1]].mean(axis=-1)
    return pooled


def mel_weights(front_end: FrontEnd) -> NDArray[np.float64]:
    """(fft_bins, mel_bands) float64: share of each FFT bin in each mel band.

    Triangles in mel, each as high as 1 and from the middle of one neighbour to that of the other.
    """
    bands = np.arange(1, front_end.mel_bands + 1)
    distance = np.abs(np.array(front_end.mel_positions)[:, np.newaxis] - bands)
    weights: NDArray[np.float64] = np.maximum(0.0, 1.0 - distance)
    weights[: front_end.mel_first_bin] = 0.0
    return weights


def band_powers(audio: NDArray[np.float32], front_end: FrontEnd) -> Powers:
    """Power of each band of each frame: the mean of a group of FFT bins, or a mel band's weighted sum.

    Args:
        audio: (clips, clip_samples) float32 in [-1, 1].
    Returns:
        (clips, frames, bins) float32; of ``micro`` int64, and amplitudes.
    """
    if front_end.is_micro:
        return micro.amplitudes(to_int16(audio), front_end)
    power = power_spectrogram(audio, front_end)
    if front_end.has_mel_bands:
        return (power @ mel_weights(front_end)).astype(np.float32)
    return average_bins(power, front_end)


def compress(powers: Powers, front_end: FrontEnd, before: Levels | None = None) -> NDArray[np.float32]:
    """Features of band powers, not clamped to the range at its upper end.

    Args:
        powers: (..., frames, bins), of ``band_powers``.
        before: (..., bins), the levels at the frame before, where there are any; None: a stream begins here.
    Returns:
        the same shape, float32 from feature_min.
    """
    return compress_on(powers, front_end, before)[0]


def compress_on(
    powers: Powers, front_end: FrontEnd, before: Levels | None
) -> tuple[NDArray[np.float32], Levels | None]:
    """``compress``, and the levels at the last frame, from which a stream goes on."""
    if front_end.is_micro:
        steps, estimates = micro.steps(powers, front_end, before)
        return dequantize_features(steps, front_end), estimates
    if front_end.name == "average":
        return powers, None
    if front_end.name == "pcan":
        after = levels(powers, front_end.level_share, before)[..., -1, :]
        return gain_controlled(powers, front_end.level_share, before).astype(np.float32), after
    assert front_end.log_scale is not None
    return (log_steps(powers, front_end.log_scale) * front_end.feature_scale).astype(np.float32), None


def cepstrum(power: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Mel-frequency cepstral coefficients: a cosine transform of the logarithms of mel bands' magnitudes.

    Args:
        power: (clips, frames, fft_bins) float32.
    Returns:
        (clips, frames, bins) float32.
    Source:
        TensorFlow's Mfcc op: double precision, magnitudes not powers, scale sqrt(2 / bands) also for the
        first coefficient.
    """
    magnitudes = np.sqrt(power.astype(np.float64)) @ mel_weights(front_end)
    middles = np.pi / CEPSTRUM.bands * (np.arange(CEPSTRUM.bands) + 0.5)
    cosines = np.sqrt(2.0 / CEPSTRUM.bands) * np.cos(np.outer(middles, np.arange(front_end.bins)))
    coefficients = np.log(np.maximum(magnitudes, CEPSTRUM.floor)) @ cosines
    return np.asarray(coefficients, dtype=np.float32)


def compute_features(audio: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Features as the float model and the GraphDef see them: clamped to a board's range, not rounded.

    Args:
        audio: (clips, clip_samples) float32 in [-1, 1].
    Returns:
        (clips, frames, bins) float32 in [feature_min, feature_max].
    """
    if front_end.is_raw:
        return audio[:, :, np.newaxis]
    if front_end.has_cepstrum:
        return cepstrum(power_spectrogram(audio, front_end), front_end)
    features = compress(band_powers(audio, front_end), front_end)
    return np.clip(features, front_end.feature_min, front_end.feature_max, out=features)


def quantize_features(features: NDArray[np.float32], front_end: FrontEnd) -> Steps:
    """Features in whole steps, as the device sees them: 0 is feature_min, 255 is feature_max.

    Ties round up, as C's roundf does for values that are never negative.

    Args:
        features: (..., frames, bins) float32; values outside the range are clamped.
    Returns:
        the same shape, uint8 (subtract 128 for the int8 input of the model), or int16 of a front end that
        no board has.
    """
    scaled = np.floor(features / np.float32(front_end.feature_scale) + _ALMOST_HALF)
    steps: Steps = np.clip(scaled, *front_end.step_range).astype(front_end.step_type)
    return steps


def dequantize_features(quantized: Steps, front_end: FrontEnd) -> NDArray[np.float32]:
    """Quantized features back on the scale of ``compute_features``, float32."""
    return quantized.astype(np.float32) * np.float32(front_end.feature_scale)


def model_input(quantized: NDArray[np.uint8], front_end: FrontEnd) -> NDArray[np.int8]:
    """uint8 features as the int8 input of the quantized model, the same shape."""
    return (quantized.astype(np.int16) + front_end.input_zero_point).astype(np.int8)


def float_features(audio: NDArray[np.float32], front_end: FrontEnd, workers: int = 1) -> NDArray[np.float32]:
    """``compute_features`` of many clips, a block at a time on ``workers`` threads."""
    features = np.empty((len(audio), front_end.frames, front_end.bins), dtype=np.float32)

    def fill(block: slice) -> None:
        features[block] = compute_features(audio[block], front_end)

    _each_block(fill, len(audio), workers)
    return features


def wav_features(audio: NDArray[np.float32], front_end: FrontEnd, workers: int = 1) -> Steps:
    """Quantized features of many clips, a block at a time on ``workers`` threads.

    Args:
        audio: (clips, clip_samples) float32 in [-1, 1].
    Returns:
        (clips, frames, bins) uint8, or int16 as of ``quantize_features``.
    """
    quantized = np.empty((len(audio), front_end.frames, front_end.bins), dtype=front_end.step_type)

    def fill(block: slice) -> None:
        quantized[block] = quantize_features(compute_features(audio[block], front_end), front_end)

    _each_block(fill, len(audio), workers)
    return quantized


def _each_block(fill: Callable[[slice], None], clips: int, workers: int) -> None:
    blocks = [slice(start, start + _BLOCK_CLIPS) for start in range(0, clips, _BLOCK_CLIPS)]
    if workers <= 1:
        for block in blocks:
            fill(block)
        return
    with interrupts.prompt(ThreadPoolExecutor(workers)) as pool:  # NumPy's FFT and arithmetic release the GIL
        list(pool.map(fill, blocks))
