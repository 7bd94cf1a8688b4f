"""Sound in which a model with random weights hears something."""

import numpy as np
from numpy.typing import NDArray

from train.core.operating_point import OperatingPoint

RATE_HZ = 16000
# Whatever is on top is heard.
EAGER = OperatingPoint(window_ms=300, suppression_ms=400, minimum_count=2, thresholds=(0, 0, 0, 0))


def noisy(seconds: float, seed: int) -> NDArray[np.int16]:
    """Noise and a tone whose loudness changes all the time."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE_HZ)
    time_s = np.arange(count) / RATE_HZ
    tone = np.sin(2 * np.pi * rng.uniform(300, 3000) * time_s * (1 + 0.2 * np.sin(3 * time_s)))
    loudness = 3000 * (1 + np.sin(2 * np.pi * rng.uniform(0.3, 0.7) * time_s))
    return (loudness * tone + rng.normal(0, 300, count)).astype(np.int16)
