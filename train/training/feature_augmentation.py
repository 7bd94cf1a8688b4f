"""Changes to features in training: warps, level, noise and masks, on logarithmic spectra.

``train.data.augment`` changes audio before features are computed. This module changes the features: a
feature bank has no audio, and a change drawn anew for every batch shows the network more than a bank of
variants does. It all runs in TensorFlow, inside the training step, drawn from a stateless seed.
"""

import math

import tensorflow as tf

from train.core.spec import FrontEnd
from train.settings.augmentation import FeatureAugmentation

_DB_PER_OCTAVE = 10.0 * math.log10(2.0)  # of power
_SILENT_OCTAVES = -1000.0  # noise that is not there


class Augmenter:
    """Draws a change for each clip of a batch."""

    def __init__(self, settings: FeatureAugmentation, front_end: FrontEnd, noise: tf.Tensor | None) -> None:
        """``noise``: (n, frames, bins) float32 features of noise alone, in octaves; None where there is none.

        Raises:
            ValueError: the features are not logarithms of powers, so that gain and noise are not sums.
        """
        if front_end.log_scale is None and settings.changes_powers:
            raise ValueError(f"features of {front_end.name} are not logarithmic")
        self._settings, self._front_end = settings, front_end
        self._noise = noise

    def __call__(self, features: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """(clips, frames, bins) float32 features in octaves, changed and on the steps of uint8 again."""
        settings, front_end = self._settings, self._front_end
        draw = _Draws(seed, tf.shape(features)[0])
        features = self._in_a_room(self._warped(features, draw), draw)
        level = draw.uniform(-settings.gain_db, settings.gain_db) / _DB_PER_OCTAVE
        tilt = draw.uniform(-settings.tilt_db, settings.tilt_db) / _DB_PER_OCTAVE
        slope = tf.linspace(-1.0, 1.0, front_end.bins)
        features = features + level[:, None, None] + tilt[:, None, None] * slope
        features = self._with_noise(features, draw)
        microphone = draw.uniform(-settings.quieter_db, settings.louder_db) / _DB_PER_OCTAVE
        features = features + microphone[:, None, None]
        steps = tf.clip_by_value(tf.round(features / front_end.feature_scale), 0.0, 255.0)
        for _ in range(settings.time_masks):
            steps *= draw.mask(front_end.frames, settings.time_mask_frames)[:, :, None]
        for _ in range(settings.frequency_masks):
            steps *= draw.mask(front_end.bins, settings.frequency_mask_bins)[:, None, :]
        return steps * front_end.feature_scale

    def _warped(self, features: tf.Tensor, draw: "_Draws") -> tf.Tensor:
        """Stretch and move time, and stretch frequency; beyond the ends comes the edge again, or silence."""
        settings, front_end = self._settings, self._front_end
        centre = (front_end.frames - 1) / 2
        stretch = 1.0 + draw.uniform(-settings.time_stretch, settings.time_stretch)[:, None]
        moved = draw.uniform(-settings.shift_frames, settings.shift_frames)[:, None]
        frames = (tf.range(front_end.frames, dtype=tf.float32) - centre) * stretch + centre + moved
        held = tf.clip_by_value(frames, 0.0, front_end.frames - 1.0)
        frames = tf.where(draw.uniform(0.0, 1.0)[:, None] < 0.5, held, frames)
        warp = 1.0 + draw.uniform(-settings.frequency_warp, settings.frequency_warp)[:, None]
        bins = tf.clip_by_value(tf.range(front_end.bins, dtype=tf.float32) * warp, 0.0, front_end.bins - 1.0)
        features = tf.matmul(_interpolation(frames, front_end.frames), features)
        return tf.matmul(features, _interpolation(bins, front_end.bins), transpose_b=True)

    def _in_a_room(self, features: tf.Tensor, draw: "_Draws") -> tf.Tensor:
        """Let each frame decay into the next ones, as in a room. The decay has at most the frame's power."""
        settings, front_end = self._settings, self._front_end
        if not settings.room_frequency:
            return features
        t60_ms = draw.uniform(0.0, settings.room_t60_ms) + 1.0
        decay = tf.pow(1e-6, front_end.window_stride_ms / t60_ms)[:, None, None]  # of power, a frame
        power = draw.uniform(0.0, 1.0) * tf.cast(draw.uniform(0.0, 1.0) < settings.room_frequency, tf.float32)
        frames = tf.range(front_end.frames, dtype=tf.float32)
        later = frames[:, None] - frames
        tail = tf.where(later > 0, tf.pow(decay, tf.maximum(later, 1.0) - 1.0), 0.0) * (1.0 - decay)
        heard = tf.eye(front_end.frames) + power[:, None, None] * tail
        loudest = tf.reduce_max(features, axis=(1, 2), keepdims=True)  # so that no power is out of range
        return _log2(tf.matmul(heard, tf.pow(2.0, features - loudest)) + 1e-12) + loudest

    def _with_noise(self, features: tf.Tensor, draw: "_Draws") -> tf.Tensor:
        """Add the powers of noise to those of the clip; on average the phases do not matter."""
        settings = self._settings
        if self._noise is None or not settings.noise_frequency:
            return features
        chosen = tf.gather(self._noise, draw.integer(self._noise.shape[0]))
        octaves = 2.0 * _log2(draw.uniform(0.0, settings.noise_volume) + 1e-6)
        octaves = tf.where(draw.uniform(0.0, 1.0) < settings.noise_frequency, octaves, _SILENT_OCTAVES)
        noise = chosen + octaves[:, None, None]
        louder = tf.maximum(features, noise)
        return louder + _log2(1.0 + tf.pow(2.0, -tf.abs(features - noise)))


class _Draws:
    """Draws random numbers for the clips of a batch, new ones with each call."""

    def __init__(self, seed: tf.Tensor, clips: tf.Tensor) -> None:
        self._seed, self._clips, self._calls = seed, clips, 0

    def uniform(self, low: float, high: float) -> tf.Tensor:
        """(clips,) float32 in [low, high)."""
        return tf.random.stateless_uniform([self._clips], self._next_seed(), low, max(high, low + 1e-9))

    def integer(self, limit: int) -> tf.Tensor:
        """(clips,) int32 in [0, limit)."""
        return tf.random.stateless_uniform([self._clips], self._next_seed(), 0, limit, tf.int32)

    def mask(self, length: int, widest: float) -> tf.Tensor:
        """(clips, length) float32: 0 on a stretch of up to ``widest`` places, else 1."""
        width = self.uniform(0.0, widest)[:, None]
        start = self.uniform(0.0, 1.0)[:, None] * (length - width)
        places = tf.range(length, dtype=tf.float32)
        return 1.0 - tf.cast((places >= start) & (places < start + width), tf.float32)

    def _next_seed(self) -> tf.Tensor:
        self._calls += 1
        return tf.random.experimental.stateless_fold_in(self._seed, self._calls)


def _interpolation(positions: tf.Tensor, length: int) -> tf.Tensor:
    """(clips, n, length) float32: row i takes the value at ``positions[i]``, 0 outside of what is there."""
    places = tf.range(length, dtype=tf.float32)
    return tf.maximum(0.0, 1.0 - tf.abs(positions[:, :, None] - places))


def _log2(value: tf.Tensor) -> tf.Tensor:
    return tf.math.log(value) / math.log(2.0)
