"""Audio to features as TensorFlow 1.4 ops: ``compute_features`` of train/audio/frontend.py."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train.audio.compression import level_weights
from train.audio.frontend import hann_window, mel_weights
from train.core.features.constants import CEPSTRUM, GAIN_CONTROL, LogScale
from train.core.spec import FrontEnd


def emit(audio: tf.Tensor, front_end: FrontEnd) -> tf.Tensor:
    """Ops from (clip_samples, 1) audio to features, not clamped at the upper end.

    Returns:
        float32, (1, frames, bins, 1) or (frames, bins) or (1, frames, bins): the same values in the same
        order.
    """
    if front_end.is_raw:
        return audio
    stride_samples = front_end.stride_samples
    if front_end.dc_block:
        audio, stride_samples = _without_means(audio, front_end), front_end.window_samples
    power = tf.raw_ops.AudioSpectrogram(
        input=audio,
        window_size=front_end.window_samples,
        stride=stride_samples,
        magnitude_squared=True,
    )
    if front_end.has_cepstrum:
        return tf.raw_ops.Mfcc(
            spectrogram=power,
            sample_rate=tf.constant(front_end.sample_rate_hz, name="sample_rate"),
            upper_frequency_limit=front_end.mel_top_hz,
            lower_frequency_limit=CEPSTRUM.lowest_hz,
            filterbank_channel_count=CEPSTRUM.bands,
            dct_coefficient_count=front_end.bins,
        )
    powers = _mel_powers(power, front_end) if front_end.has_mel_bands else _group_means(power, front_end)
    if front_end.name == "pcan":
        return _gain_controlled(powers, front_end)
    if front_end.log_scale is None:
        return powers
    return _log(powers, front_end.log_scale, front_end.feature_scale)


def _without_means(audio: tf.Tensor, front_end: FrontEnd) -> tf.Tensor:
    """Windows one behind the other, each less its mean: (frames * window_samples, 1).

    The spectrogram takes its windows out of the audio by itself, so that overlapping ones are laid out first.
    A window is made of the rows of a stride each that it reaches into.
    """
    frames, window, stride = front_end.frames, front_end.window_samples, front_end.stride_samples
    rows_of_window = -(-window // stride)
    rows = frames - 1 + rows_of_window
    if missing := max(0, rows * stride - front_end.clip_samples):
        audio = tf.raw_ops.Pad(input=audio, paddings=[(0, missing), (0, 0)])
    used = tf.raw_ops.Slice(input=audio, begin=[0, 0], size=[rows * stride, 1])
    strides = tf.raw_ops.Reshape(tensor=used, shape=[rows, stride])
    parts = [
        tf.raw_ops.Slice(input=strides, begin=[row, 0], size=[frames, min(stride, window - row * stride)])
        for row in range(rows_of_window)
    ]
    windows = tf.raw_ops.ConcatV2(values=parts, axis=1) if len(parts) > 1 else parts[0]
    exact = tf.raw_ops.Cast(x=windows, DstT=tf.float64)  # float32 would round sums of loud samples
    weights = hann_window(window)[:, np.newaxis]
    means = tf.raw_ops.MatMul(a=exact, b=tf.constant(weights / weights.sum(), name="mean_weights"))
    centred = tf.raw_ops.Cast(x=tf.raw_ops.Sub(x=exact, y=means), DstT=tf.float32)
    return tf.raw_ops.Reshape(tensor=centred, shape=[frames * window, 1])


def _mel_powers(power: tf.Tensor, front_end: FrontEnd) -> tf.Tensor:
    """One product, without the bins above the highest band."""
    weights = mel_weights(front_end)
    used = int(np.flatnonzero(weights.any(axis=1))[-1]) + 1
    low = tf.raw_ops.Slice(input=power, begin=[0, 0, 0], size=[1, front_end.frames, used])
    flat = tf.raw_ops.Reshape(tensor=low, shape=[front_end.frames, used])
    return tf.raw_ops.MatMul(a=flat, b=_constant(weights[:used], "mel_weights"))


def _group_means(power: tf.Tensor, front_end: FrontEnd) -> tf.Tensor:
    group = [1, 1, front_end.bins_per_average, 1]
    return tf.raw_ops.AvgPool(
        value=tf.raw_ops.ExpandDims(input=power, axis=-1),
        ksize=group,
        strides=group,
        padding="SAME",
        name="avg_pool",
    )


def _log(powers: tf.Tensor, scale: LogScale, feature_scale: float) -> tf.Tensor:
    """The Maximum keeps 0 from the logarithm."""
    relative = tf.raw_ops.Mul(x=powers, y=_constant(1.0 / scale.floor, "per_floor"))
    floored = tf.raw_ops.Maximum(x=relative, y=_constant(1.0, "floor"))
    per_nat = feature_scale * scale.steps_per_octave / np.log(2.0)
    return tf.raw_ops.Mul(x=tf.raw_ops.Log(x=floored), y=_constant(per_nat, "feature_per_nat"))


def _gain_controlled(powers: tf.Tensor, front_end: FrontEnd) -> tf.Tensor:
    """The level of every frame by one product: its recursion is linear."""
    control = GAIN_CONTROL
    weights = _constant(level_weights(front_end.frames, front_end.level_share), "level_weights")
    level = tf.raw_ops.MatMul(a=weights, b=powers)
    floored = tf.raw_ops.Add(x=level, y=_constant(control.floor, "level_floor"))
    gain = tf.raw_ops.Pow(x=floored, y=_constant(-control.strength, "gain_exponent"))
    ratio = tf.raw_ops.Mul(x=powers, y=gain)
    offset = tf.raw_ops.Add(x=ratio, y=_constant(control.offset, "offset"))
    compressed = tf.raw_ops.Pow(x=offset, y=_constant(control.exponent, "exponent"))
    return tf.raw_ops.Sub(x=compressed, y=_constant(control.offset**control.exponent, "lowest"))


def _constant(value: float | NDArray[np.float64], name: str) -> tf.Tensor:
    return tf.constant(np.asarray(value, dtype=np.float32), name=name)
