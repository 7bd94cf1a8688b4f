"""Other implementations of the front end micro, and clips on which it is easy to differ from them."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Clip = NDArray[np.int16]
Values = NDArray[np.int64]  # (frames, bins): 64 times a natural logarithm
_PER_VALUE = 0.0390625  # what pymicro-features multiplies by


def of_tensorflow(clip: Clip) -> Values:
    """TensorFlow's op at 30 ms every 20 ms, with micro_speech's settings."""
    import tensorflow as tf
    from tensorflow.lite.experimental.microfrontend.ops import gen_audio_microfrontend_op

    values = gen_audio_microfrontend_op.audio_microfrontend(
        audio=tf.constant(clip),
        sample_rate=16000,
        window_size=30,
        window_step=20,
        num_channels=40,
        lower_band_limit=125.0,
        upper_band_limit=7500.0,
        smoothing_bits=10,
        even_smoothing=0.025,
        odd_smoothing=0.06,
        min_signal_remaining=0.05,
        enable_pcan=True,
        pcan_strength=0.95,
        pcan_offset=80.0,
        gain_bits=21,
        enable_log=True,
        scale_shift=6,
        out_type=tf.uint16,
    )
    return np.asarray(values, np.int64)


def of_pymicro(clip: Clip) -> Values:
    """microWakeWord's: 30 ms every 10 ms."""
    from pymicro_features import MicroFrontend

    stream, left, rows = MicroFrontend(), clip.tobytes(), []
    while left:
        found = stream.process_samples(left)
        left = left[2 * found.samples_read :]
        if found.features:
            rows.append(found.features)
    return np.rint(np.array(rows) / _PER_VALUE).astype(np.int64)


ORACLES: dict[int, Callable[[Clip], Values]] = {20: of_tensorflow, 10: of_pymicro}  # by stride in ms


@lru_cache(maxsize=1)
def hard_signals() -> NDArray[np.int16]:
    """(clips, 16000): noise of all levels, clicks, squares, constants, jumps from quiet to loud and back."""
    rng, time = np.random.default_rng(0), np.arange(16000)

    def noise(level: float) -> NDArray[np.float64]:
        return rng.normal(0, level, len(time))

    second_half = time >= 8000
    waves = [noise(level) for level in 10 ** np.linspace(-0.5, 5, 24)]
    waves += [np.full(len(time), level) for level in (0, 1, -1, 20000, 32767, -32768)]
    for period in (1, 7, 16, 111):
        waves += [np.where(time // period % 2, peak, -peak) for peak in (1, 30, 32767)]
    for period, at in ((1000, 0), (320, 240)):
        waves += [(time % period == at) * peak for peak in (1, 32767, -32768)]
    waves += [np.where(second_half, noise(a), noise(b)) for a, b in ((3, 20000), (20000, 3), (0.3, 300))]
    waves += [32767 * np.sin(time**2 / 16000 / 1.3), 3 * np.sin(time / 2), rng.integers(-1, 2, len(time))]
    return np.clip(np.rint(waves), -32768, 32767).astype(np.int16)
