"""Constants of logarithms, gain control and cepstrum, as docs/FRONT_ENDS.md has them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LogScale:
    """A logarithmic feature: ``steps_per_octave * log2(power / floor)`` steps, none for less power."""

    floor: float
    steps_per_octave: float


# log: from 2^-20, an eighth of an octave each. log_mel: 10 ln(power) + 146.2, as its bank was made.
LOG_SCALES = {
    "log": LogScale(floor=2.0**-20, steps_per_octave=8.0),
    "log_mel": LogScale(floor=math.exp(-14.62), steps_per_octave=10.0 * math.log(2.0)),
}


@dataclass(frozen=True)
class GainControl:
    """Constants of ``pcan``: each band is divided by its own level, then compressed.

    With level the mean of the band's past power, forgotten over ``time_constant_ms``, a feature is
    ``(power / (floor + level)**strength + offset)**exponent - offset**exponent``.

    Source:
        per-channel energy normalization, Wang et al. 2017 (arXiv 1607.05666); the floor was 1e-6 there.
    """

    time_constant_ms: float = 400.0
    floor: float = 2.0**-20
    strength: float = 0.98
    offset: float = 2.0
    exponent: float = 0.5


GAIN_CONTROL = GainControl()


@dataclass(frozen=True)
class Cepstrum:
    """Constants of ``mfcc``: the mel bands that its coefficients are of, and the least magnitude of one.

    Source:
        TensorFlow's Mfcc op with the defaults of its attributes, as in speech_commands; its kernel's floor.
    """

    bands: int = 40
    lowest_hz: int = 20
    floor: float = 1e-12


CEPSTRUM = Cepstrum()
