"""A few of ``make bench-faults``'s interleavings: commands on one run folder at once, some of them killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

BENCH = ROOT / "tests" / "bench" / "faults" / "interleavings.py"


@pytest.mark.slow
def test_no_folder_is_of_two_states(trained: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, BENCH, "--run", trained, "--count", "4", "--seed", "1", "--json", figures],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())
    assert (found["interleavings"], found["disagreeing_folders"]) == (4, 0)
    assert found["kills"] > 0
