"""Constants of the front end in C: window, twiddle factors, bands, and what turns power into features."""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from codegen import cformat
from codegen.render import render
from train.audio import micro_tables
from train.audio.frontend import hann_window, mel_weights
from train.core.features.constants import GAIN_CONTROL, LogScale
from train.core.spec import FrontEnd

_PER_ROW = 8
_SAMPLE_BITS = 15  # behind the point of an int16 sample
# Twice the transform of a real sequence has to fit into an int32: 30 bits for the transform.
_TRANSFORM_BITS = 30
_LOG_BITS = 24  # behind the point of binary logarithms
_LOG_TABLE_LENGTH = 256
_Q31, _Q32 = 1 << 31, 1 << 32


@dataclass(frozen=True)
class Table:
    """A constant array of C."""

    type: str
    name: str
    values: object  # of integers, one-dimensional
    meaning: str

    @property
    def declaration(self) -> str:
        return f"const {self.type} {self.name}[{len(np.asarray(self.values))}]"

    @property
    def rows(self) -> list[str]:
        suffix = "u" if self.type == "uint32_t" else ""
        return cformat.rows([f"{int(value)}{suffix}" for value in np.asarray(self.values)], _PER_ROW)


def table_files(banner: str, front_end: FrontEnd) -> dict[str, str]:
    """frontend_tables.h and frontend_tables.c."""
    points = front_end.fft_length // 2
    tables, constants = _micro_tables(front_end) if front_end.is_micro else _tables(front_end)
    context = {
        "banner": banner,
        "front_end": front_end,
        "is_average": int(front_end.name == "average"),
        "is_mel": int(front_end.has_mel_bands),
        "is_dc_blocked": int(front_end.dc_block),
        "is_pcan": int(front_end.name == "pcan"),
        "is_micro": int(front_end.is_micro),
        "kept_samples": max(0, front_end.window_samples - front_end.stride_samples),
        "skipped_samples": max(0, front_end.stride_samples - front_end.window_samples),
        "fraction_bits": fraction_bits(front_end),
        "is_two_times_a_power_of_four": int(math.log2(points)) % 2,
        "constants": constants,
        "tables": tables,
    }
    return {name: render(name, **context) for name in ("frontend_tables.h", "frontend_tables.c")}


def _tables(front_end: FrontEnd) -> tuple[list[Table], list[str]]:
    """Tables and constants of the front ends that have a spectrum of int32."""
    tables: list[Table] = _spectrum_tables(front_end)
    constants: list[str] = []
    if front_end.dc_block:
        window_sum = int(_q31(hann_window(front_end.window_samples)).sum())
        constants.append(f"#define KWS_WINDOW_SUM INT64_C({window_sum})  // of kws_window")
    if front_end.has_mel_bands:
        tables += _mel_tables(front_end)
    else:
        tables.append(
            Table(
                "uint16_t",
                "kws_group_start",
                front_end.group_edges,
                "first FFT bin of each feature, and the end",
            )
        )
    if front_end.name != "average":
        constants += [
            f"#define KWS_HEADROOM_BITS {headroom_bits(front_end)}  // taken off the powers of FFT bins",
            f"#define KWS_POWER_BITS {power_bits(front_end)}  // behind the point of the power of a band",
        ]
    if front_end.log_scale is not None:
        constants.append("typedef uint64_t kws_threshold;  // of power")
        tables.append(_threshold_table("power", log_thresholds(front_end.log_scale, power_bits(front_end))))
    if front_end.name == "pcan":
        constants += _gain_constants(front_end)
        tables += _gain_tables(front_end)
    return tables, constants


def _micro_tables(front_end: FrontEnd) -> tuple[list[Table], list[str]]:
    bands = micro_tables.bands(front_end)
    assert np.all(bands.rising + bands.falling == 1 << micro_tables.WEIGHT_BITS)  # C has one of them
    even, odd = micro_tables.smoothing(front_end)[:2]
    turns = micro_tables.twiddles(front_end)[: front_end.fft_length * 3 // 8]
    split_turns = micro_tables.split_twiddles(front_end)[bands.first - 1 :]
    roots = np.rint(256 / np.sqrt((np.arange(32, 128) + 0.5) / 128)) - 256
    constants = [
        f"#define KWS_FIRST_BIN {bands.first}u  // of the FFT, that is in a band",
        f"#define KWS_MICRO_EVEN_SHARE {even}u  // of a new row in the noise of even bands, Q14",
        f"#define KWS_MICRO_ODD_SHARE {odd}u",
        f"#define KWS_MICRO_LEAST_LEFT {micro_tables.LEAST_LEFT}u  // of an amplitude, Q14",
        f"#define KWS_MICRO_SNR_SHIFT {micro_tables.snr_shift(front_end)}",
        f"#define KWS_MICRO_CORRECTION_BITS {micro_tables.correction_bits(front_end)}",
        f"#define KWS_MICRO_NATS_PER_OCTAVE {micro_tables.NATS_PER_OCTAVE}u  // Q16",
        f"#define KWS_MICRO_STEP_FACTOR {step_factor()}u  // steps of 64ths of a nat, Q16",
    ]
    arrays = (
        ("int16_t", "window", micro_tables.window(front_end), "Q12"),
        ("uint32_t", "turns", _pairs(turns), "cosine, and sine above it, of 256ths of a turn, Q15"),
        ("uint32_t", "split_turns", _pairs(split_turns), "of the bins that are in bands, likewise"),
        ("uint8_t", "band_ends", bands.ends, "behind the last bin that rises to each band"),
        ("uint16_t", "weights", bands.rising, "of each of these bins, what rises to its band, Q12"),
        ("uint8_t", "inverse_roots", roots, "1 / sqrt(n / 128) from 32 on, Q8, less 1"),
        ("int16_t", "gains", micro_tables.gains(front_end).ravel(), "three for each octave"),
        ("uint16_t", "log_corrections", micro_tables.log_corrections(), "log2(1 + x) - x, Q16"),
    )
    tables = [Table(kind, f"kws_micro_{name}", values, meaning) for kind, name, values, meaning in arrays]
    return tables, constants


def step_factor() -> int:
    """What TensorFlow's values are multiplied by to become steps, Q16: exact up to the highest, 1,286.

    So much is 64 ln(2^29), of the most that gain control lets through.
    """
    return round((micro_tables.STEP_MULTIPLIER << 16) / micro_tables.STEP_DIVISOR)


def _pairs(factors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two int16 in a word, the first one in its lower half."""
    return (factors[:, 0] & 0xFFFF) | (factors[:, 1] & 0xFFFF) << 16


def state_bytes(front_end: FrontEnd) -> int:
    """sizeof(kws_frontend), see firmware/frontend/frontend.h; the same on every core."""
    samples_and_counts = -(-2 * front_end.window_samples // 4) * 4 + 2 * 4
    if front_end.is_micro:
        return 4 * (front_end.fft_length + front_end.bins) + samples_and_counts
    levels = 8 * front_end.bins + 8 if front_end.name == "pcan" else 0  # with has_levels
    return levels + 4 * (front_end.fft_length + 2) + samples_and_counts


def _spectrum_tables(front_end: FrontEnd) -> list[Table]:
    sine = np.sin(2 * np.pi * np.arange(front_end.fft_length) / front_end.fft_length)
    return [
        Table("int32_t", "kws_window", _q31(hann_window(front_end.window_samples)), "periodic Hann, Q31"),
        Table("int32_t", "kws_sine", _q31(sine), "one turn, Q31"),
        Table("uint16_t", "kws_bit_reversal", bit_reversal(front_end.fft_length // 2), "of complex places"),
    ]


def _mel_tables(front_end: FrontEnd) -> list[Table]:
    """Between the middles of two bands, their shares of a bin add up to 1: one of them is enough."""
    positions = np.array(front_end.mel_positions)
    starts = np.searchsorted(positions, np.arange(front_end.bins + 2))
    shares = (positions - np.floor(positions))[: starts[-1]]
    return [
        Table(
            "uint16_t",
            "kws_slope_start",
            starts,
            "first FFT bin between the middles of two bands, below the first one and above the last one, too",
        ),
        Table(
            "uint32_t",
            "kws_rising_share",
            [_q32(share) for share in shares],
            "of each FFT bin, what the higher of its two bands gets, Q32",
        ),
    ]


def _threshold_table(what: str, values: list[int]) -> Table:
    return Table("kws_threshold", "kws_thresholds", values, f"least {what} of features 1 to 255")


def log_thresholds(scale: LogScale, bits: int) -> list[int]:
    """Least power of each feature from 1 to 255, in units of 2^-bits, rounded up.

    Exact: features are rounded, so that number k begins half a step below k.
    """
    with localcontext(prec=50):
        floor, steps_per_octave = Decimal(scale.floor), Decimal(scale.steps_per_octave)
        return [
            _ceiling(floor * 2 ** ((step - Decimal("0.5")) / steps_per_octave) * 2**bits)
            for step in range(1, 256)
        ]


def gain_thresholds(front_end: FrontEnd) -> list[int]:
    """Least log2(power) - strength * log2(floor + level) of each feature from 1 to 255, Q24, rounded up.

    Of powers in units of 2^-power_bits, as C has them.
    """
    control = GAIN_CONTROL
    with localcontext(prec=50):
        offset, exponent = Decimal(control.offset), Decimal(control.exponent)
        ratios = [
            ((step - Decimal("0.5")) * Decimal(front_end.feature_scale) + offset**exponent) ** (1 / exponent)
            - offset
            for step in range(1, 256)
        ]
        unit = power_bits(front_end) * (1 - Decimal(control.strength))
        return [_ceiling((ratio.ln() / Decimal(2).ln() + unit) * 2**_LOG_BITS) for ratio in ratios]


def _gain_constants(front_end: FrontEnd) -> list[str]:
    floor = round(GAIN_CONTROL.floor * 2 ** power_bits(front_end))
    return [
        "typedef int32_t kws_threshold;  // of log2(power) - strength * log2(floor + level), Q24",
        f"#define KWS_LEVEL_SHARE {_q32(front_end.level_share)}u  // of a new row in the level, Q32",
        f"#define KWS_LEVEL_FLOOR {floor}u  // of power",
        f"#define KWS_GAIN_STRENGTH {round(GAIN_CONTROL.strength * _Q31)}  // Q31",
    ]


def _gain_tables(front_end: FrontEnd) -> list[Table]:
    logarithms = np.log2(1 + np.arange(_LOG_TABLE_LENGTH + 1) / _LOG_TABLE_LENGTH)
    return [
        Table("int32_t", "kws_log2", np.rint(logarithms * 2**_LOG_BITS).astype(np.int64), "from 1 to 2, Q24"),
        _threshold_table("ratio", gain_thresholds(front_end)),
    ]


def _q32(share: float) -> int:
    """A share in Q32; all of something becomes the largest uint32."""
    return min(round(share * _Q32), _Q32 - 1)


def _ceiling(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def power_bits(front_end: FrontEnd) -> int:
    """Bits behind the point of the powers of bands: the spectrum in C is twice the DFT of the samples."""
    return 2 * (_SAMPLE_BITS + fraction_bits(front_end) + 1) - headroom_bits(front_end)


def headroom_bits(front_end: FrontEnd) -> int:
    """Bits to drop of the powers of FFT bins, so that 64 hold the sum of a band however loud it is.

    No bin has more than 2^62, since the transform and its double fit; an impulse has it in all of them.
    """
    return max(0, (_most_bins_of_a_band(front_end) - 1).bit_length() - 2)


def _most_bins_of_a_band(front_end: FrontEnd) -> int:
    if front_end.has_mel_bands:
        return int(np.count_nonzero(mel_weights(front_end), axis=0).max())
    return int(np.diff(front_end.group_edges).max())


def fraction_bits(front_end: FrontEnd) -> int:
    """Bits below a sample's lowest that the FFT has room for: 7 with the defaults.

    No bin of a full-scale clip is larger than the sum of the window; a percent on top is for
    the rounding inside the transform.
    """
    growth_bits = math.floor(math.log2(1.01 * hann_window(front_end.window_samples).sum())) + 1
    return _TRANSFORM_BITS - _SAMPLE_BITS - growth_bits


def bit_reversal(length: int) -> list[int]:
    """For each index below ``length``, a power of two, the index with its bits in reverse order."""
    bits = int(math.log2(length))
    return [int(format(index, f"0{bits}b")[::-1], 2) if bits else 0 for index in range(length)]


def _q31(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Values in [-1, 1] as Q31; 1 itself becomes the largest int32."""
    return np.minimum(np.rint(values * _Q31), _Q31 - 1).astype(np.int64)
