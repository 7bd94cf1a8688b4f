"""Constants of the front end ``micro``: TFLite-Micro's, as micro_speech and microWakeWord set it.

NumPy (``train.audio.micro``) and C (``codegen.frontend_tables``) are made from these numbers.

Source:
    tensorflow/lite/experimental/microfrontend of tflite-micro, and kissfft, read for their formulas;
    micro_speech's settings. Where they compute in float32, so is here done. Cosine and power, which C
    libraries round well, are of float64, rounded once.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.core.spec import FrontEnd

SAMPLE_BITS = 15
WINDOW_BITS = 12  # behind the point of the window
WEIGHT_BITS = 12  # of a share of an FFT bin in a band
LOWEST_HZ, HIGHEST_HZ = np.float32(125.0), np.float32(7500.0)
NOISE_BITS = 14  # of the weights of the noise reduction
SMOOTHING_BITS = 10  # below an amplitude's lowest, of the estimate of noise
GAIN_BITS, GAIN_STRENGTH, GAIN_OFFSET = 21, np.float32(0.95), np.float32(80.0)
SNR_BITS, SHRUNK_BITS = 12, 6  # behind the point of what gain control makes, before and after its curve
LOG_BITS, LOG_SEGMENT_BITS = 16, 7
LOG_OUTPUT_BITS = 6  # a feature of TensorFlow's op is 64 times the natural logarithm
NATS_PER_OCTAVE = 45426  # ln 2, in LOG_BITS
# micro_speech divides by 25.6, and 26 is then the highest of 256 steps.
STEP_MULTIPLIER, STEP_DIVISOR = 256, 666
# TensorFlow's op was built with a C library that rounds four numbers of 30 ms and 40 bands otherwise than the
# others do: the window's, and what of a bin rises to its band.
_TENSORFLOW_WINDOW = {17: 53}
_TENSORFLOW_RISING = {149: 2470, 221: 1400, 225: 208}
_HALF_ROOT_OF_TWO = 1.414214015007019 / 2  # a float32
_LOG1P_COEFFICIENTS = (
    6.6666668653e-01,
    4.0000000596e-01,
    2.8571429849e-01,
    2.2222198546e-01,
    1.8183572590e-01,
    1.5313838422e-01,
    1.4798198640e-01,
)


@dataclass(frozen=True, eq=False)
class Bands:
    """Which band each FFT bin rises to, and by how much; the rest of it is the next band's.

    ``first``: the first bin that counts. ``ends``: of each band, and of one above the last, the bin behind
    the last that rises to it. ``rising``, ``falling``: of each bin from ``first`` on, int64 in WEIGHT_BITS.
    Band 0 is none: what falls off it is the first one's.
    """

    first: int
    ends: tuple[int, ...]
    rising: NDArray[np.int64]
    falling: NDArray[np.int64]

    @property
    def weights(self) -> NDArray[np.float64]:
        """(bins from ``first`` on, bands) float64, whole numbers."""
        matrix = np.zeros((len(self.rising), len(self.ends) + 1))
        start = self.first
        for band, end in enumerate(self.ends):
            places = np.arange(start - self.first, end - self.first)
            matrix[places, band] = self.rising[places]
            matrix[places, band + 1] = self.falling[places]
            start = end
        return matrix[:, 1:-1]


def _float32(value: float | np.floating) -> np.float32:
    return np.float32(value)


def _is_of_tensorflow(front_end: FrontEnd) -> bool:
    """Whether TensorFlow's op is to be equalled: micro_speech's front end. At 10 ms it is microWakeWord's."""
    settings = (front_end.window_size_ms, front_end.feature_bin_count)
    return settings == (30, 40) and front_end.window_stride_ms != 10


def window(front_end: FrontEnd) -> NDArray[np.int64]:
    """(window_samples,) a Hann window whose samples lie in the middle of their time, in WINDOW_BITS."""
    turn = _float32(math.pi) * np.float32(2.0) / _float32(front_end.window_samples)
    phases = turn * (np.arange(front_end.window_samples, dtype=np.float32) + np.float32(0.5))
    cosines = np.cos(phases.astype(np.float64)).astype(np.float32)
    values = np.float32(0.5) - np.float32(0.5) * cosines
    weights = np.floor(values * np.float32(1 << WINDOW_BITS) + np.float32(0.5)).astype(np.int64)
    if _is_of_tensorflow(front_end):
        weights[list(_TENSORFLOW_WINDOW)] = list(_TENSORFLOW_WINDOW.values())
    return np.asarray(weights)


def _mel(hz: np.float32) -> np.float32:
    return np.float32(1127.0) * _log1p(hz / np.float32(700.0))


def _log1p(value: np.float32) -> np.float32:
    """ln(1 + value) of 0 to 12, as the C libraries of boards round it: to the nearest would move two weights.

    Source:
        FreeBSD's msun, which newlib and glibc up to 2.40 have: its reduction and its coefficients.
    """
    one, half = np.float32(1), np.float32(0.5)
    octaves, excess, lost = 0, value, np.float32(0)
    if value >= np.float32(0.41422):
        total = one + value
        mantissa, octaves = math.frexp(total)  # from a half to 1
        octaves -= 1
        lost = (one - (total - value) if octaves else value - (total - one)) / total
        if mantissa >= _HALF_ROOT_OF_TWO:
            octaves += 1
            excess = _float32(mantissa) - one
        else:
            excess = _float32(2 * mantissa) - one
    square = half * excess * excess
    ratio = excess / (np.float32(2) + excess)
    series = np.float32(0)
    for coefficient in reversed(_LOG1P_COEFFICIENTS):
        series = ratio * ratio * (np.float32(coefficient) + series)
    if octaves == 0:
        return excess - (square - ratio * (square + series))
    count = np.float32(octaves)
    low = ratio * (square + series) + (count * np.float32(9.0580006145e-06) + lost)
    return count * np.float32(6.9313812256e-01) - ((square - low) - excess)


def bands(front_end: FrontEnd) -> Bands:
    """Triangles of equal width in mel; no bin of 0 Hz is in them."""
    count = front_end.bins + 1
    lowest, highest = _mel(LOWEST_HZ), _mel(HIGHEST_HZ)
    spacing = (highest - lowest) / np.float32(count)
    middles = [lowest + spacing * np.float32(band + 1) for band in range(count)]
    bin_hz = np.float32(0.5) * np.float32(front_end.sample_rate_hz) / np.float32(front_end.fft_bins - 1)
    first = int(np.float32(1.5) + LOWEST_HZ / bin_hz)
    ends: list[int] = []
    rising: list[np.float32] = []
    here = first
    for band, middle in enumerate(middles):
        below = middles[band - 1] if band else lowest
        while (mel := _mel(np.float32(here) * bin_hz)) <= middle:
            rising.append((middle - mel) / (middle - below))
            here += 1
        ends.append(here)
    shares = np.array(rising, np.float32)
    risen, fallen = _weight(shares), _weight(np.float32(1.0) - shares)
    if _is_of_tensorflow(front_end):
        places = np.array(list(_TENSORFLOW_RISING)) - first
        risen[places] = list(_TENSORFLOW_RISING.values())
        fallen[places] = (1 << WEIGHT_BITS) - risen[places]
    return Bands(first, tuple(ends), risen, fallen)


def _weight(share: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.asarray(np.floor(share * np.float32(1 << WEIGHT_BITS) + np.float32(0.5)).astype(np.int64))


def noise_weight(share: float) -> int:
    """A share in NOISE_BITS, rounded down."""
    return int(np.float32(share) * np.float32(1 << NOISE_BITS))


def smoothing(front_end: FrontEnd) -> NDArray[np.int64]:
    """(bins,) share of a new amplitude in the estimate of noise: even bands forget more slowly."""
    return np.where(np.arange(front_end.bins) % 2, noise_weight(0.06), noise_weight(0.025)).astype(np.int64)


LEAST_LEFT = noise_weight(0.05)  # of an amplitude, however much of it is noise


def correction_bits(front_end: FrontEnd) -> int:
    """Bits that amplitudes lack: the FFT takes more of them than the weights add."""
    return front_end.fft_length.bit_length() - 1 - WEIGHT_BITS // 2


def snr_shift(front_end: FrontEnd) -> int:
    """Bits to drop of amplitude times gain."""
    return GAIN_BITS - correction_bits(front_end) - SNR_BITS


def gains(front_end: FrontEnd) -> NDArray[np.int64]:
    """(33, 3): the gain at an estimate of 2^(n-1), and how it goes on: linear and square, up to 2^n.

    n is the number of bits of the estimate; 0 and 1 are points alone.
    """
    input_bits = SMOOTHING_BITS - correction_bits(front_end)

    def gain(estimate: int) -> int:
        level = _float32(estimate) / np.float32(1 << input_bits) + GAIN_OFFSET
        power = _float32(math.pow(float(level), -float(GAIN_STRENGTH)))
        return int(min(np.float32(1 << GAIN_BITS) * power + np.float32(0.5), np.float32(32767.0)))

    rows = [(gain(0), 0, 0), (gain(1), 0, 0)]
    for bits in range(2, 33):
        start = 1 << (bits - 1)
        end = min(2 * start, 2**32 - 1)
        low, middle, high = gain(start), gain(start + start // 2), gain(end)
        linear = 4 * (middle - low) - (high - low)
        rows.append((low, linear, high - low - linear))
    return np.array(rows, np.int64)


def log_corrections() -> NDArray[np.int64]:
    """(129,): what log2(1 + x) is more than x, at x of n/128, in LOG_BITS."""
    share = np.arange((1 << LOG_SEGMENT_BITS) + 1) / (1 << LOG_SEGMENT_BITS)
    return np.rint((np.log2(1 + share) - share) * (1 << LOG_BITS)).astype(np.int64)


def twiddles(front_end: FrontEnd) -> NDArray[np.int64]:
    """(fft_length / 2, 2): cosine and sine of -2 pi n / (fft_length / 2), Q15."""
    points = front_end.fft_length // 2
    return _q15(-2 * math.pi * np.arange(points) / points)


def split_twiddles(front_end: FrontEnd) -> NDArray[np.int64]:
    """(fft_length / 4, 2): what takes a complex transform apart into one of real samples, from bin 1 on."""
    points = front_end.fft_length // 2
    return _q15(-math.pi * ((np.arange(points // 2) + 1) / points + 0.5))


def _q15(phases: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(0.5 + 32767 * np.stack([np.cos(phases), np.sin(phases)], axis=-1)).astype(np.int64)
