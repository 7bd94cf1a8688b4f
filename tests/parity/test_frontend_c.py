"""The C front end against its definition in train/audio/frontend.py, as it is compiled for the host."""

import itertools
import shutil
import tarfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from c_front_end import CFrontEnd, Rows, signals
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from places import SHARED
from sweeping import sweep

from codegen.frontend_tables import (
    bit_reversal,
    fraction_bits,
    gain_thresholds,
    log_thresholds,
    power_bits,
)
from train.audio.compression import log_steps
from train.audio.frontend import wav_features
from train.audio.wav import decode_wav, fit_length, read_wav, to_float
from train.core.features.constants import GAIN_CONTROL
from train.core.spec import FRONT_ENDS, FrontEnd


@pytest.fixture(scope="module")
def make(tmp_path_factory) -> Callable[[FrontEnd], CFrontEnd]:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) on this machine")
    return lambda front_end: CFrontEnd(tmp_path_factory.mktemp("frontend"), front_end)


@pytest.fixture(scope="module")
def default(make) -> CFrontEnd:
    return make(FrontEnd())


def named(front_ends: Sequence[FrontEnd]) -> dict[str, Any]:
    """For a fixture: these front ends, by readable names."""
    return {
        "params": front_ends,
        "ids": [f"{one.name}{' without DC' if one.dc_block else ''}" for one in front_ends],
    }


OF_POWER = [name for name in FRONT_ENDS if name != "micro"]  # test_micro.py has that one
KINDS = [FrontEnd(name, dc_block=dc_block) for name in OF_POWER for dc_block in (False, True)]


@pytest.fixture(scope="module", **named(KINDS))
def each(make, request) -> tuple[CFrontEnd, FrontEnd]:
    """A front end of every kind."""
    return make(request.param), request.param


@pytest.fixture(scope="module", **named([kind for kind in KINDS if kind.name != "average"]))
def compressed(make, request) -> tuple[CFrontEnd, FrontEnd]:
    """A front end of every kind that has more than means of powers."""
    return make(request.param), request.param


@pytest.fixture(scope="module", **named([kind for kind in KINDS if kind.dc_block]))
def blocked(make, request) -> tuple[CFrontEnd, FrontEnd]:
    """A front end of every kind that takes the mean off."""
    return make(request.param), request.param


def expected(samples: NDArray[np.int16], front_end: FrontEnd) -> Rows:
    return wav_features(to_float(fit_length(samples, front_end.clip_samples))[np.newaxis], front_end)[0]


def assert_close(rows: Rows, wanted: Rows, signal: str) -> None:
    """At most 1 apart, in at most two places of a row: a steady signal repeats its mistake in each."""
    difference = np.abs(rows.astype(int) - wanted)
    assert difference.max() <= 1, signal
    assert np.count_nonzero(difference, axis=1).max() <= 2, signal


def test_golden_array_of_the_original(default):
    golden = SHARED / "reference" / "golden"
    if not golden.is_dir():
        pytest.skip("../shared/reference is not there")
    rows = default.rows(read_wav(golden / "yes_1000ms.wav", 16000))
    csv = golden / "yes_f2e59fea_nohash_1.average_uint8.csv"
    assert np.array_equal(rows, np.loadtxt(csv, delimiter=",", dtype=np.uint8))


@pytest.mark.parametrize("name", signals(FrontEnd()))
def test_signals_made_to_break_it(default, name):
    samples = signals(FrontEnd())[name]
    assert np.array_equal(default.rows(samples), expected(samples, FrontEnd()))


@pytest.mark.parametrize("name", signals(FrontEnd()))
def test_signals_made_to_break_the_compressed(compressed, name):
    """A bin far below the loudest one may be a step off: a logarithm shows what the FFT rounds away."""
    twin, front_end = compressed
    samples = signals(front_end)[name]
    assert_close(twin.rows(samples), expected(samples, front_end), name)


def test_cores_without_long_products_give_the_same_bits(each, tmp_path):
    """What is compiled for a Cortex-M0 has products of 16 bits, which must not overflow."""
    twin, front_end = each
    short = CFrontEnd(tmp_path, front_end, ["-DKWS_HAS_SHORT_PRODUCTS=1"])
    time, generator = np.arange(front_end.clip_samples), np.random.default_rng(3)
    waves = signals(front_end)
    for peak in (1, 10, 100, 1000, 10000, 100000):
        noise = generator.normal(0, peak, len(time))
        waves[f"noise of {peak}"] = np.clip(noise, -32768, 32767).astype(np.int16)
    for name, low, high in (("even", -32768, 0), ("odd", 0, 32767)):  # one half of the FFT gets nothing
        waves[f"{name} samples"] = np.where(time % 2, high, low).astype(np.int16)
    for period in (4, 8, 31):
        waves[f"every {period}th"] = np.where(time % period, 0, -32768).astype(np.int16)
    for name, samples in waves.items():
        assert np.array_equal(short.rows(samples), twin.rows(samples)), name


def test_a_new_stream_knows_nothing_of_the_one_before(compressed):
    twin, front_end = compressed
    wave = signals(front_end)
    loud, quiet = wave["white, full scale"], wave["white, quiet"]
    alone = twin.rows(quiet)
    twin.rows(loud)
    assert np.array_equal(twin.rows(quiet), alone)


def test_quiet_sounds_are_as_exact_as_loud_ones(compressed):
    """With the fixed scale of average, one to three features of such noise in a thousand would be off."""
    twin, front_end = compressed
    generator = np.random.default_rng(2)
    differing = values = 0
    for peak in (3, 10, 30, 100, 1000):
        samples = generator.normal(0, peak, front_end.clip_samples).astype(np.int16)
        difference = np.abs(twin.rows(samples).astype(int) - expected(samples, front_end))
        differing, values = differing + np.count_nonzero(difference), values + difference.size
        assert difference.max() <= 1
    assert differing <= 2e-4 * values


@pytest.mark.parametrize("offset", [-20000, -1000, 1, 500, 3000, 30000])
def test_an_offset_changes_nothing(blocked, offset):
    """Of samples that it does not clip, the features are the same to the bit."""
    twin, front_end = blocked
    for samples in (signals(front_end)["white, quiet"] // 2, signals(front_end)["one bit"]):
        assert np.array_equal(twin.rows(samples + np.int16(offset)), twin.rows(samples))
        assert np.array_equal(expected(samples + np.int16(offset), front_end), expected(samples, front_end))


def test_quiet_sounds_on_a_large_offset_are_as_exact_as_without(blocked):
    twin, front_end = blocked
    generator = np.random.default_rng(2)
    differing = values = 0
    for peak, offset in itertools.product((3, 30, 300), (-32000, 700, 25000)):
        samples = (offset + generator.normal(0, peak, front_end.clip_samples)).astype(np.int16)
        difference = np.abs(twin.rows(samples).astype(int) - expected(samples, front_end))
        differing, values = differing + np.count_nonzero(difference), values + difference.size
        assert difference.max() <= 1
    assert differing <= 2e-4 * values


def test_a_constant_is_digital_silence(blocked):
    twin, front_end = blocked
    for level in (-32768, 20000, 32767):
        samples = np.full(front_end.clip_samples, level, np.int16)
        assert not twin.rows(samples).any()
        assert not expected(samples, front_end).any()


@pytest.mark.parametrize(
    ("name", "dc_block"),
    sweep(
        [*((name, False) for name in OF_POWER), ("average", True), ("log", True)],
        ("average", False),
        ("log_mel", False),
        ("log", True),
    ),
)
@pytest.mark.parametrize(
    "settings",
    [
        {"window_size_ms": 40, "window_stride_ms": 20},  # 1024-point FFT
        {"window_size_ms": 20, "window_stride_ms": 30},  # samples between windows that none takes
        {"window_stride_ms": 10, "feature_bin_count": 20},
        {"sample_rate_hz": 8000, "window_size_ms": 32, "window_stride_ms": 16},  # up to Nyquist
        {"feature_bin_count": 1},  # every bin in one band: the largest sum
    ],
    ids=["1024", "gaps", "wide", "8 kHz", "one"],
)
def test_other_settings_of_each(make, name, settings, dc_block):
    front_end = FrontEnd(name, dc_block=dc_block, **settings)
    twin = make(front_end)
    for signal, samples in signals(front_end).items():
        rows, wanted = twin.rows(samples), expected(samples, front_end)
        assert_close(rows[: len(wanted)], wanted, signal)


@pytest.mark.parametrize(
    "front_end",
    [
        FrontEnd("log_mel", mel_top_hz=7600, dc_block=True),
        FrontEnd("log_mel", mel_top_hz=8000, feature_bin_count=52),  # up to Nyquist
        FrontEnd("pcan", mel_top_hz=2500, feature_bin_count=20),
    ],
    ids=["log_mel to 7600", "log_mel to 8000", "pcan to 2500"],
)
def test_mel_bands_that_end_elsewhere(make, front_end):
    twin = make(front_end)
    for signal, samples in signals(front_end).items():
        assert_close(twin.rows(samples), expected(samples, front_end), signal)


@pytest.mark.parametrize(
    "front_end",
    [
        FrontEnd(window_size_ms=40, window_stride_ms=20),  # 1024-point FFT: complex length 2 x 4^4
        FrontEnd(window_size_ms=20, window_stride_ms=30),  # samples between windows that none takes
        FrontEnd(window_stride_ms=10, feature_bin_count=32),  # empty places at both ends
        FrontEnd(sample_rate_hz=8000, window_size_ms=16, window_stride_ms=16),  # a window of 2^n
    ],
    ids=["1024", "gaps", "groups", "8 kHz"],
)
def test_other_settings(make, front_end):
    twin = make(front_end)
    for name, samples in signals(front_end).items():
        rows, wanted = twin.rows(samples), expected(samples, front_end)
        difference = np.abs(rows[: len(wanted)].astype(int) - wanted)
        assert difference.max() <= 1, name
        assert np.count_nonzero(difference) <= 1, name


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.integers(1, 700), max_size=40))
def test_any_chunking_gives_the_same_rows(each, pieces):
    twin, front_end = each
    samples = signals(front_end)["white, quiet"]
    assert np.array_equal(twin.rows(samples, pieces), twin.rows(samples))


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("every", sweep([1, 10], 10))
def test_the_recordings_of_the_dev_corpus(each, recordings, every):
    """Never more than 1 apart, and equal in at least 99.99 % of values."""
    twin, front_end = each
    clips = values = differing = largest = 0
    with tarfile.open(recordings) as packed:
        for member in packed:
            if not member.name.endswith(".wav") or "_background_noise_" in member.name:
                continue
            clips += 1
            if clips % every:
                continue
            file = packed.extractfile(member)
            assert file is not None
            samples = fit_length(decode_wav(file.read(), 16000, member.name), front_end.clip_samples)
            difference = np.abs(twin.rows(samples).astype(int) - expected(samples, front_end))
            values += difference.size
            differing += np.count_nonzero(difference)
            largest = max(largest, int(difference.max()))
    print(f"{front_end.name}: {differing} of {values} values differ, by at most {largest}")
    assert values > 7_900_000 / every
    assert largest <= 1
    assert differing <= values / 10_000


def test_tables_are_bounded_for_full_scale():
    for window_size_ms in (1, 16, 30, 40, 100):
        front_end = FrontEnd(window_size_ms=window_size_ms, window_stride_ms=20, feature_bin_count=4)
        largest_bin = 32768 * 2 ** fraction_bits(front_end) * front_end.window_samples / 2
        assert largest_bin < 2**30


def test_bit_reversal():
    assert bit_reversal(8) == [0, 4, 2, 6, 1, 5, 3, 7]
    assert bit_reversal(1) == [0]


@pytest.mark.parametrize("name", ["log", "log_mel"])
def test_thresholds_of_power_are_where_rounding_turns(name):
    front_end = FrontEnd(name)
    thresholds = np.array(log_thresholds(front_end.log_scale, power_bits(front_end)), dtype=np.float64)
    assert np.all(np.diff(thresholds) > 0)
    unit = 2.0 ** -power_bits(front_end)
    halves = np.arange(255) + 0.5
    # A threshold is the first whole number of units that gets there.
    assert np.all(log_steps(thresholds * unit, front_end.log_scale) >= halves - 1e-9)
    assert np.all(log_steps((thresholds - 1) * unit, front_end.log_scale) < halves + 1e-9)


def test_thresholds_of_gain_control_are_where_rounding_turns():
    front_end, control = FrontEnd("pcan"), GAIN_CONTROL
    thresholds = np.array(gain_thresholds(front_end))
    assert np.all(np.diff(thresholds) > 0)
    ratios = 2 ** (thresholds / 2**24 - power_bits(front_end) * (1 - control.strength))
    features = (ratios + control.offset) ** control.exponent - control.offset**control.exponent
    np.testing.assert_allclose(features / front_end.feature_scale, np.arange(255) + 0.5, atol=1e-4)
