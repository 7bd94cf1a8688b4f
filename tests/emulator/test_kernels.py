"""The compiled engine on emulated cores: portable C, DSP and Helium give TFLite-Micro's bits.

Random networks of tests/kernel_models.py. EARSHOT_KERNEL_NETWORKS sets how many of each kind go to each
board; make bench-kernels takes many, of which each shows eight operators.
"""

import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from emulator.emulated_engine import ENGINE_FLAGS, EmulatedEngine
from kernel_models import (
    Chain,
    Oracle,
    assert_equal,
    inputs_for,
    one_layer,
    random_convolutions,
    random_dense,
    random_pools,
    random_sums,
    separable,
    spectro_temporal,
    tiny_conv,
    weighted,
)
from operator_forms import GROUPS
from sweeping import sweep
from tflite_builder import Network

from codegen.engine import Windows, build_engine
from codegen.ops import _convolution_geometry
from hil.boards.board import load_board
from hil.link.link import LinkError
from train.tflite.graph import only_graph, read_graph, read_graphs

RISC_V = "rv32"
PORTABLE, DSP, HELIUM = BOARDS = ("mps2-an385", "mps2-an386", "mps3-an547")
NETWORKS = int(os.environ.get("EARSHOT_KERNEL_NETWORKS", "2"))
RANDOM_INPUTS = 8

pytestmark = pytest.mark.emulator


@pytest.fixture(autouse=True)
def _tools() -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")


@functools.cache
def expected_of(tflite: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Inputs, and what TFLite-Micro answers."""
    oracle = Oracle(tflite, "model")
    inputs = inputs_for(oracle, RANDOM_INPUTS)
    return inputs, oracle.run(inputs)


def check(tflite: bytes, where: str, board_id: str, flags: tuple[str, ...] = ENGINE_FLAGS) -> None:
    inputs, expected = expected_of(tflite)
    with EmulatedEngine(tflite, where, board_id, flags) as engine:
        assert_equal(engine.run(inputs), expected, f"{where} on {board_id}")


@pytest.mark.parametrize("seed", range(NETWORKS))
@pytest.mark.parametrize("make", [random_convolutions, random_dense, random_pools, random_sums])
@pytest.mark.parametrize("board_id", BOARDS)
def test_random_networks(board_id: str, make: Callable[[int], bytes], seed: int) -> None:
    check(make(seed), f"{make.__name__}({seed})", board_id)


@pytest.mark.parametrize("stride_rows", sweep(range(1, 11), 4, 5))
@pytest.mark.parametrize("board_id", [*BOARDS, RISC_V])
def test_windows_of_a_stream(board_id: str, stride_rows: int) -> None:
    """Rows that are kept lie where the core's own kernels left them; make bench-incremental takes more."""
    for tool in load_board(board_id).tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")
    tflite = spectro_temporal()
    oracle = Oracle(tflite, "model")
    height, width = oracle.input_shape[:2]
    rows = np.random.default_rng(1).integers(-128, 128, (height + 19 * stride_rows, width), dtype=np.int8)
    starts = range(0, len(rows) - height + 1, stride_rows)
    whole = np.stack([rows[start : start + height] for start in starts]).reshape(-1, *oracle.input_shape)
    windows = Windows(height, stride_rows)
    with EmulatedEngine(tflite, "model", board_id, windows=windows, whole_every=3) as engine:
        found, compared, others = engine.run_stream(rows)
    assert_equal(found, oracle.run(whole), f"every {stride_rows} rows on {board_id}")
    assert compared >= len(found) // 3
    assert others == 0, "the core's own whole inferences"


@pytest.mark.parametrize("board_id", BOARDS)
def test_operators_with_state(board_id: str) -> None:
    """SVDF and LSTM use kws_dot(), which each core does in its own way."""
    for name, form in GROUPS["with state"].items():
        tflite = form(np.random.default_rng(0))
        oracle = Oracle(tflite, name)
        inputs = inputs_for(oracle, RANDOM_INPUTS)
        with EmulatedEngine(tflite, name, board_id) as engine:
            found, expected = engine.run(inputs), oracle.run(inputs)
            np.testing.assert_array_equal(found, expected.reshape(found.shape), f"{name} on {board_id}")


@pytest.mark.parametrize("group", sorted(set(GROUPS) - {"with state"}))
def test_operators(group: str) -> None:
    """One of each group of kernels in plain C, on the core with the least of everything."""
    name = sorted(GROUPS[group])[0]
    tflite = GROUPS[group][name](np.random.default_rng(1))
    inputs, expected = expected_of(tflite)
    with EmulatedEngine(tflite, name, PORTABLE) as engine:
        found = engine.run(inputs)
    np.testing.assert_array_equal(found, expected.reshape(found.shape), name)


@pytest.mark.parametrize("make", [tiny_conv, separable, spectro_temporal])
@pytest.mark.parametrize("board_id", BOARDS)
def test_networks_for_keywords(board_id: str, make: Callable[[], bytes]) -> None:
    check(make(), make.__name__, board_id)


def overlapping() -> bytes:
    """Outputs over inputs: rows with a lead, segments of a 1x1 convolution, channels in place."""
    chain = Chain(3, (9, 10, 20)).convolve((3, 3), 24).convolve((1, 1), 40).depthwise((3, 3))
    return chain.convolve((1, 1), 64).convolve((3, 2), 6, rectified=False).dense(5).tflite()


@pytest.mark.parametrize("board_id", BOARDS)
def test_outputs_over_inputs(board_id: str) -> None:
    check(overlapping(), "overlapping", board_id)


def grouped(channels: int, depth: int, taps: int, spread: int = 1) -> bytes:
    """Groups that begin at any lane."""
    rng = np.random.default_rng(channels)
    network = Network((5, 9, channels))
    filters = rng.integers(-128, 128, (2 * channels // depth, 3, taps, depth), dtype=np.int8)
    layer = weighted(rng, filters, 0, 0, 5)
    return network.tflite(network.convolve("CONV_2D", network.input, layer, dilation=(spread, spread)))


@pytest.mark.parametrize(
    ("channels", "depth", "taps", "spread"),
    [(6, 3, 3, 1), (6, 3, 1, 1), (6, 3, 3, 2), (4, 1, 5, 1), (10, 5, 2, 3), (8, 2, 3, 1)],
)
@pytest.mark.parametrize("board_id", [DSP, HELIUM])
def test_groups_of_channels_at_odd_lanes(
    board_id: str, channels: int, depth: int, taps: int, spread: int
) -> None:
    """LDRD faults at an address that is no multiple of four, on silicon and in QEMU."""
    check(grouped(channels, depth, taps, spread), f"grouped {channels} {depth} {taps} {spread}", board_id)


def pointwise(height: int, width: int, depth: int, outputs: int, kind: str) -> bytes:
    """A 1x1 convolution on an image."""
    rng = np.random.default_rng(depth)
    network = Network((height, width, depth), 3)
    filters = rng.integers(-128, 128, (outputs, 1, 1, depth), dtype=np.int8)
    return network.tflite(
        network.convolve("CONV_2D", network.input, weighted(rng, filters, 0, 3, 5, kind=kind))
    )


@pytest.mark.parametrize(
    ("height", "width", "depth", "outputs", "kind"),
    [
        (5, 5, 100, 7, "plain"),  # one row, whole tiles
        (1, 23, 12, 3, "plain"),  # a tile that overlaps the one before it
        (13, 10, 40, 48, "plain"),  # several rows
        (19, 11, 64, 5, "plain"),
        (31, 3, 128, 4, "plain"),  # a shorter row at the end
        (9, 9, 132, 3, "plain"),  # too many weights to be widened
        (7, 5, 88, 6, "plain"),  # half a vector at the end
        (7, 5, 24, 6, "large"),  # no plain scale
    ],
)
@pytest.mark.parametrize("board_id", BOARDS)
def test_positions_side_by_side(
    board_id: str, height: int, width: int, depth: int, outputs: int, kind: str
) -> None:
    tflite = pointwise(height, width, depth, outputs, kind)
    check(tflite, f"pointwise {height} {width} {depth} {outputs} {kind}", board_id)


CONV, DEPTHWISE = "CONV_2D", "DEPTHWISE_CONV_2D"


@pytest.mark.parametrize(
    ("kind", "image", "taps", "outputs", "more"),
    [
        (CONV, (13, 43, 1), (10, 8), 5, {"stride": (2, 2)}),  # whole vectors of weights
        (CONV, (9, 41, 1), (5, 5), 4, {"stride": (2, 2)}),  # a part of one, and zeros
        (CONV, (7, 19, 1), (3, 4), 3, {}),  # without zeros that fill up runs
        (CONV, (9, 11, 2), (3, 3), 4, {}),  # columns of several channels
        (CONV, (8, 17, 4), (4, 2), 3, {"stride": (1, 2), "padding": "VALID"}),
        (CONV, (20, 14, 1), (16, 3), 2, {}),  # as many rows as there can be
        (CONV, (17, 6, 1), (3, 3), 5, {"dilation": (3, 1)}),
        (CONV, (5, 70, 1), (2, 7), 6, {"stride": (1, 9)}),  # far from position to position
        (DEPTHWISE, (9, 12, 3), (3, 3), 3, {}),
        (DEPTHWISE, (11, 35, 2), (3, 3), 2, {"stride": (2, 2)}),
        (DEPTHWISE, (8, 9, 2), (4, 3), 2, {"padding": "VALID"}),
        (DEPTHWISE, (8, 9, 2), (2, 3), 6, {}),  # three outputs of each channel
        (DEPTHWISE, (13, 17, 2), (3, 5), 4, {"dilation": (2, 1)}),  # two vectors of weights
    ],
)
def test_columns_side_by_side(
    kind: str, image: tuple[int, int, int], taps: tuple[int, int], outputs: int, more: dict[str, Any]
) -> None:
    tflite = one_layer(kind, image, taps, outputs, **more)
    layer = build_engine(only_graph(read_graphs(tflite, ""), ""), "", "one layer").layers[0]
    assert "room for columns" in layer.kernel
    for board_id in (DSP, HELIUM):
        check(tflite, f"{kind} {image} {taps} {outputs} {more}", board_id)


def first_layer(
    image: tuple[int, int, int], taps: tuple[int, int], stride: tuple[int, int], rectified: bool, spread: int
) -> bytes:
    """Few filters, and a layer behind them that needs more memory than they do."""
    chain = Chain(sum(image) + sum(taps), image)
    chain.convolve(taps, 7, stride=stride, rectified=rectified, dilation=(spread, 1))
    return chain.convolve((1, 1), 64).dense(4).tflite()


@pytest.mark.parametrize(
    ("image", "taps", "stride", "rectified", "spread"),
    [
        ((25, 40, 1), (5, 5), (2, 2), True, 1),  # lanes that rows leave over, in pairs
        ((16, 38, 1), (4, 7), (1, 2), False, 1),  # an even number of rows; tiles overlap
        ((11, 28, 1), (1, 3), (1, 2), False, 1),  # one row
        ((23, 68, 1), (5, 3), (2, 7), True, 1),  # odd strides: no LDRD
        ((20, 19, 3), (3, 3), (1, 1), True, 1),  # several channels
        ((14, 20, 2), (3, 2), (1, 1), False, 1),  # neighbours: LDM reads what five positions meet
        ((49, 43, 1), (10, 8), (2, 2), True, 1),
        ((30, 40, 1), (3, 5), (1, 2), True, 3),  # rows of taps that are apart
        ((60, 9, 1), (7, 4), (3, 1), True, 1),
        ((50, 1, 3), (5, 1), (1, 1), True, 1),  # axes swapped
    ],
)
@pytest.mark.parametrize("board_id", [PORTABLE, DSP])
def test_first_layers(
    board_id: str,
    image: tuple[int, int, int],
    taps: tuple[int, int],
    stride: tuple[int, int],
    rectified: bool,
    spread: int,
) -> None:
    """With DSP, what five positions meet is gathered for all filters; other cores have other weights."""
    tflite = first_layer(image, taps, stride, rectified, spread)
    assert "_gathered[" in build_engine(read_graph(tflite, "model"), "", "model").sources["engine.c"]
    check(tflite, f"first layer {image} {taps} {stride} {spread}", board_id)


@pytest.mark.parametrize("flags", ["-O0", "-Os"])
def test_first_layers_do_not_depend_on_the_optimizer(flags: str) -> None:
    for taps in ((5, 5), (10, 8)):
        tflite = first_layer((49, 40, 1), taps, (2, 2), True, 1)
        check(tflite, f"first layer {taps} {flags}", DSP, (flags,))


def test_rows_of_neighbours() -> None:
    """Five positions a row, too many filters to gather for: LDM reads what a tile meets."""
    chain = Chain(1, (49, 10, 1)).convolve((10, 4), 64, stride=(2, 2)).depthwise((3, 3))
    check(chain.dense(4).tflite(), "ten rows of four", DSP)


@pytest.mark.parametrize("width", [9, 10])
@pytest.mark.parametrize("stride", [1, 2])
def test_four_channels_at_a_time(width: int, stride: int) -> None:
    """Of the image of a depthwise layer, where the arena has room."""
    chain = Chain(width, (9, width, 3)).convolve((1, 1), 48).convolve((1, 1), 12)
    tflite = chain.depthwise((3, 3), stride=(stride, stride)).dense(4).tflite()
    sources = build_engine(read_graph(tflite, "model"), "", "model").sources["engine.c"]
    assert "4,  // planes" in sources
    check(tflite, f"planes {width} {stride}", DSP)


@pytest.mark.parametrize("flags", sweep(["-O0", "-Og", "-O1", "-Os", "-O2", "-O3"], "-O0", "-O3"))
@pytest.mark.parametrize("board_id", BOARDS)
def test_bits_do_not_depend_on_the_optimizer(board_id: str, flags: str) -> None:
    check(separable(), f"separable {flags}", board_id, (flags,))


def test_a_frame_pointer_takes_no_register() -> None:
    """A system may be built with one, and kernels with DSP need all registers but one."""
    check(separable(), "separable", DSP, ("-O0", "-fno-omit-frame-pointer"))


def test_dsp_of_armv8m() -> None:
    """The M55 without its vectors is any core with the DSP extension of Armv8-M, such as an M33."""
    flags = (*ENGINE_FLAGS, "-mcpu=cortex-m55+nomve")
    check(separable(), "separable", HELIUM, flags)
    check(random_convolutions(1), "random_convolutions(1)", HELIUM, flags)


def test_cores_without_long_products() -> None:
    """An M3 runs what is made for an M0+, whose lanes are biased and whose products are of 16 bits."""
    flags = (*ENGINE_FLAGS, "-mcpu=cortex-m0plus")
    check(separable(), "separable", PORTABLE, flags)
    check(overlapping(), "overlapping", PORTABLE, flags)
    check(random_convolutions(1), "random_convolutions(1)", PORTABLE, flags)


@pytest.mark.parametrize("board_id", BOARDS)
def test_a_changed_weight_is_seen(board_id: str) -> None:
    """So the equalities above come from equal arithmetic on the board."""
    inputs, expected = expected_of(separable(seed=1))
    with EmulatedEngine(separable(seed=2), "another", board_id) as engine:
        assert (engine.run(inputs) != expected.reshape(len(inputs), -1)).any()


def test_a_fault_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group taken for even where it is odd: the emulator checks LDRD, or the test above shows nothing."""
    shape = _convolution_geometry.Geometry.shape
    monkeypatch.setattr(
        _convolution_geometry.Geometry, "shape", lambda *sizes, **more: shape(*sizes, **more) | {"group": 0}
    )
    monkeypatch.setattr("emulator.emulated_engine._REPLY_TIMEOUT_S", 5)
    unaligned = "cfsr=01000000"  # UNALIGNED of the usage fault status
    tflite = grouped(6, 3, 3)
    inputs, _ = expected_of(tflite)
    with (
        EmulatedEngine(tflite, "grouped", DSP) as engine,
        pytest.raises(LinkError, match=f"earshot fault pc=[0-9a-f]+ {unaligned}"),
    ):
        engine.run(inputs)


def test_every_implementation_has_its_board() -> None:
    """The macros by which tile.h chooses, as the compiler sets them for the boards used here."""
    found = []
    for board_id in BOARDS:
        command = ["arm-none-eabi-gcc", *load_board(board_id).flags, "-dM", "-E", "-xc", "/dev/null"]
        macros = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        names = ("__ARM_FEATURE_MVE", "__ARM_FEATURE_DSP")
        found.append(next((name for name in names if f"#define {name} " in macros), ""))
    assert found == ["", "__ARM_FEATURE_DSP", "__ARM_FEATURE_MVE"]
