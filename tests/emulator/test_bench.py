"""The firmware bench counts right, and writes every field."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulator.conftest import with_ninja
from places import ROOT

BENCH = ROOT / "tests" / "bench"
EMULATED = ["mps2-an386", "mps3-an547"]  # make bench-firmware measures all; these count in two ways
SIZES = [
    "code_bytes",
    "model_bytes",
    "arena_bytes",
    "bss_bytes",
    "stack_bytes",
    "row_stack_bytes",
    "front_end_code_bytes",
    "front_end_table_bytes",
]
COUNTS = [
    "instructions_per_inference",
    "instructions_per_row",
    "most_instructions_per_row",
    "instructions_per_mac",
]
TINY_CONV_MACS = 369_600
# What the constants of tiny_conv take at the least: weights, and bias, multiplier and shift per channel.
TINY_CONV_BYTES = 10 * 8 * 8 + 4400 * 4 + (8 + 4) * (4 + 4 + 1)
HOOK_SHARE = 0.001  # of an inference, by which the sum of the operators may be off

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(once: Callable[..., Path]) -> dict[str, dict[str, Any]]:
    """By board, what the bench writes; its model is a tiny_conv with random weights."""
    for tool in ("cmake", "arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")

    def make(folder: Path) -> None:  # in which there is no out/yes_no
        command = [sys.executable, str(BENCH / "firmware_bench.py"), "--engine", "compiled"]
        command += [flag for board_id in (*EMULATED, "host") for flag in ("--board", board_id)]
        command += ["--out", "out/bench/firmware.json"]
        done = subprocess.run(
            command, cwd=folder, env=with_ninja(), capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr
        assert "random weights" in done.stderr
        assert "TFLM CMSIS-NN (BASELINES.md)" in done.stdout

    written = once("bench", make) / "out/bench/firmware.json"
    return {result["board"]: result for result in json.loads(written.read_text())}


def test_measures_every_board(results: dict[str, dict[str, Any]]) -> None:
    assert sorted(results) == sorted((*EMULATED, "host"))


@pytest.mark.parametrize("board_id", EMULATED)
def test_counts_a_known_loop(results: dict[str, dict[str, Any]], board_id: str) -> None:
    assert abs(results[board_id]["check_loop_instructions"] - 200_000) <= 10


@pytest.mark.parametrize("board_id", EMULATED)
def test_writes_every_figure(results: dict[str, dict[str, Any]], board_id: str) -> None:
    result = results[board_id]
    assert (result["engine"], result["model"], result["label"]) == ("compiled", "tiny_conv", "emulated")
    assert all(result[field] > 0 for field in [*COUNTS, *SIZES] if field != "bss_bytes")
    assert 0 <= result["bss_bytes"] < 64
    assert TINY_CONV_BYTES <= result["model_bytes"] < TINY_CONV_BYTES + 1000
    assert result["macs"] == TINY_CONV_MACS
    assert result["instructions_per_mac"] == round(result["instructions_per_inference"] / TINY_CONV_MACS, 3)


# Window, sine, bit reversal; where groups begin, or mel slopes and shares; thresholds; logarithms.
TABLE_BYTES = {
    "average": 1920 + 2048 + 512 + 88,
    "log": 1920 + 2048 + 512 + 88 + 255 * 8,
    "log_mel": 1920 + 2048 + 512 + 84 + 128 * 4 + 255 * 8,
    "pcan": 1920 + 2048 + 512 + 84 + 128 * 4 + 255 * 4 + 257 * 4,
    # Window, two of turns, where bands end, weights, roots, gains, logarithms.
    "micro": 960 + 192 * 4 + 124 * 4 + 41 + 236 * 2 + 96 + 99 * 2 + 129 * 2,
}


@pytest.mark.sweep
def test_measures_every_front_end(tmp_path: Path) -> None:
    """A row that is wrong would be refused."""
    flags = [word for name in TABLE_BYTES for word in ("--preprocess", name)]
    command = [sys.executable, str(BENCH / "firmware_bench.py"), "--engine", "compiled", *flags]
    command += ["--board", "mps2-an385", "--out", str(tmp_path / "bench.json")]
    done = subprocess.run(
        command, cwd=tmp_path, env=with_ninja(), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    found = {result["front_end"]: result for result in json.loads((tmp_path / "bench.json").read_text())}
    assert {name: result["front_end_table_bytes"] for name, result in found.items()} == TABLE_BYTES
    costs = {name: result["instructions_per_row"] for name, result in found.items()}
    assert costs["average"] < min(costs[name] for name in TABLE_BYTES if name not in ("average", "micro"))
    assert max(costs.values()) < 1.4 * costs["average"]


@pytest.mark.parametrize("board_id", EMULATED)
def test_operators_make_up_the_inference(results: dict[str, dict[str, Any]], board_id: str) -> None:
    operators = results[board_id]["operators"]
    assert [op["name"] for op in operators] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert sum(op["macs"] for op in operators) == TINY_CONV_MACS
    total = results[board_id]["instructions_per_inference"]
    assert abs(sum(op["instructions"] for op in operators) - total) < HOOK_SHARE * total


def test_the_host_counts_nothing(results: dict[str, dict[str, Any]]) -> None:
    result = results["host"]
    assert result.keys() == results[EMULATED[0]].keys()
    assert result["label"] == "host"
    assert result["arena_bytes"] == results[EMULATED[0]]["arena_bytes"]
    assert all(result[field] is None for field in [*COUNTS, *SIZES] if field != "arena_bytes")
