"""``earshot bench``: instructions where an emulator counts them, nothing made up elsewhere."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from emulator.conftest import ROOT, require_tools

from hil.boards.board import load_board
from hil.boards.build import Firmware
from hil.commands.bench import figures, measure
from hil.proof.dut import DUT
from hil.protocol.connection import FirmwareError
from hil.provenance import MEASURED
from train.core import runfolder
from train.core.results.boards import BenchResult

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("time_limit")]

LEAST_INSTRUCTIONS_PER_MAC = 0.5  # instructions: an SMLAD does two
MACS = 369_600


def bench(run: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hil", "bench", *arguments, str(run)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_an_emulator_counts_instructions_and_the_same_each_time(own_run: Path) -> None:
    require_tools(load_board("mps2-an386"))
    counts = []
    for _ in range(2):
        done = bench(own_run, "--board", "mps2-an386", "--inferences", "2", "--clock-mhz", "80")
        assert done.returncode == 0, done.stderr
        result = BenchResult.read(BenchResult.path_of(own_run, "mps2-an386"))
        counts.append(result.instructions_per_inference)
    assert counts[0] == pytest.approx(counts[1], rel=1e-3)
    assert counts[0] > MACS * LEAST_INSTRUCTIONS_PER_MAC
    assert 20_000 < result.instructions_per_row < 60_000
    assert (result.label, result.inference_us) == ("emulated", None)
    assert f"{counts[1]:,} instructions" in done.stdout
    assert 0.2 < result.instructions_per_window / result.instructions_per_inference < 0.5  # most is known
    second = round(50 * (result.instructions_per_row + result.instructions_per_window / 4))
    assert result.instructions_per_audio_s == second
    assert f"{second:,} instructions a second of audio: 50 rows, a window every 4" in done.stdout
    assert f"{second / 80e6:.1%} to {second / 40e6:.1%} of a core at 80 MHz (estimated" in done.stdout


def test_this_computer_counts_nothing(own_run: Path) -> None:
    done = bench(own_run, "--board", "host")
    assert done.returncode == 0, done.stderr
    result = BenchResult.read(BenchResult.path_of(own_run, "host"))
    assert result.instructions_per_inference is result.inference_us is None
    assert "not counted on this board" in done.stdout


def test_another_build_is_refused(own_run: Path, dut: Callable[..., DUT]) -> None:
    built = dut("host")
    other = dataclasses.replace(built, build_id="0123456789abcdef")
    message = f"the build id is {built.build_id}, expected 0123456789abcdef; another build is running"
    with pytest.raises(FirmwareError, match=message):
        measure(other, runfolder.read_spec(own_run), 1)


def test_ticks_of_an_emulator_that_others_started_are_no_instructions(
    own_run: Path, dut: Callable[..., DUT]
) -> None:
    built = dataclasses.replace(
        dut("mps2-an386"), firmware=Firmware(path=own_run, arena_bytes=5472, usage=None)
    )
    info, counted = measure(built, runfolder.read_spec(own_run), 1)
    assert counted.inference_ticks_max > 0
    of_ours = figures(built, info, counted, is_counting=True)
    of_others = figures(built, info, counted, is_counting=False)
    assert of_ours.instructions_per_row == round(counted.row_ticks_min * 1e9 / info.clock_hz / 8)
    for result in (of_ours, of_others):
        assert (result.label, result.row_us) == ("emulated", None)
    assert of_others.instructions_per_inference is of_others.instructions_per_row is None


def test_silicon_is_timed(own_run: Path, dut: Callable[..., DUT]) -> None:
    """Where the label says so: here an emulator under its name."""
    built = dataclasses.replace(
        dut("mps2-an386"), label=MEASURED, firmware=Firmware(path=own_run, arena_bytes=5472, usage=None)
    )
    info, counted = measure(built, runfolder.read_spec(own_run), 1)
    result = figures(built, info, counted, is_counting=False)
    assert result.inference_us == round(counted.inference_ticks_min * 1e6 / info.clock_hz, 1) > 0
    assert result.instructions_per_inference is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clock-mhz", "0"], "--clock-mhz is 0, expected more than 0, at most 10000"),
        (["--inferences", "0"], "--inferences is 0, expected 1 to 1000"),
        (["--port", "/dev/null"], "has no port; leave out --port"),
        (["--baud", "9600"], "--baud is of no use without --port"),
    ],
)
def test_wrong_flags(own_run: Path, arguments: list[str], message: str) -> None:
    done = bench(own_run, "--board", "host", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
