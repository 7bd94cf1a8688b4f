"""``python -m hil bench``: instructions where an emulator counts them, nothing made up elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest
from emulator.conftest import ROOT, require_tools

from hil.bench_command import BENCH, measure
from hil.boards import load_board
from hil.conversation import FirmwareError
from hil.link import ProcessLink
from train import runfolder

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
        done = bench(own_run, "--board", "mps2-an386", "--inferences", "2")
        assert done.returncode == 0, done.stderr
        result = runfolder.read_json(own_run / "hil" / "mps2-an386" / BENCH)
        counts.append(result["instructions_per_inference"])
    assert counts[0] == pytest.approx(counts[1], rel=1e-3)
    assert counts[0] > MACS * LEAST_INSTRUCTIONS_PER_MAC
    assert 20_000 < result["instructions_per_row"] < 60_000
    assert (result["label"], result["inference_us"]) == ("emulated", None)
    assert f"{counts[1]:,} instructions" in done.stdout


def test_this_computer_counts_nothing(own_run: Path) -> None:
    done = bench(own_run, "--board", "host")
    assert done.returncode == 0, done.stderr
    result = runfolder.read_json(own_run / "hil" / "host" / BENCH)
    assert result["instructions_per_inference"] is result["inference_us"] is None
    assert "not counted on this board" in done.stdout


def test_another_build_is_refused(own_run: Path) -> None:
    assert bench(own_run, "--board", "host").returncode == 0
    with pytest.raises(FirmwareError, match="expected 0123456789abcdef; flash it"):
        measure(ProcessLink([str(own_run / "firmware" / "host" / "proof")]), "0123456789abcdef", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--inferences", "0"], "--inferences is 0, expected 1 to 1000"),
        (["--port", "/dev/null"], "has no port; leave out --port"),
        (["--baud", "9600"], "--baud is of no use without --port"),
    ],
)
def test_wrong_flags(own_run: Path, arguments: list[str], message: str) -> None:
    done = bench(own_run, "--board", "host", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
