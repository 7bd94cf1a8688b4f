"""The same model on one core and on all: TensorFlow's threads are of a fixed number."""

import os
import subprocess
import sys

import pytest
from places import ROOT


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores"
)
@pytest.mark.parametrize("architecture", ["tiny_conv"])
def test_one_core_and_all_of_them_make_the_same_files(architecture: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "one_network.py", architecture],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    by_file: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        _, name, _, digest = line.split()
        by_file.setdefault(name, set()).add(digest)
    assert {name: len(digests) for name, digests in by_file.items()} == {
        "model.pb": 1, "model.tflite": 1, "weights.npz": 1,
    }  # fmt: skip
