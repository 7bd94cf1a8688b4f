"""The programs for the Pi as one file each: the same bytes every time, without the project."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small_graphs import small_graph

from hil.pi import remote
from hil.pi.bundle import BUNDLE, TimerError, bundle, watch


def test_bundle_is_the_same_every_time_and_runs_without_the_project(tmp_path):
    assert bundle() == bundle()
    timer, graph = tmp_path / BUNDLE, tmp_path / "model.pb"
    timer.write_bytes(bundle())
    graph.write_bytes(b"no graph")
    command = [sys.executable, "-I", str(timer), str(graph), "--engine", "numpy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (f"error: {graph}: not a GraphDef, damaged or cut short (8 bytes)")


PROGRAMS = ("scorer", "submission", "timer")

# Nothing but the file, the standard library and NumPy is there, as on a Pi; the project is nowhere.
ALONE = """
import importlib.util, runpy, sys, zipfile
file, numpy_folder, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = file
sys.path += [numpy_folder]
assert not any(importlib.util.find_spec(name) for name in ("hil", "train", "tensorflow"))
sys.path.insert(0, file)
if len(sys.argv) > 1:
    runpy.run_path(file, run_name="__main__")
for name in sorted(zipfile.ZipFile(file).namelist()):
    if name != "__main__.py":
        importlib.import_module(name[:-3].replace("/", ".").removesuffix(".__init__"))
        print(name)
"""


@pytest.fixture
def alone(tmp_path):
    """``alone(module, *arguments)``: a bundle in a fresh interpreter: run, or without arguments imported."""
    numpy_folder = tmp_path / "packages"
    numpy_folder.mkdir()
    installed = Path(np.__file__).parents[1]
    for path in installed.glob("numpy*"):
        (numpy_folder / path.name).symlink_to(path)

    def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / f"{module}.pyz"
        path.write_bytes(bundle(module))
        command = [sys.executable, "-I", "-S", "-c", ALONE, str(path), str(numpy_folder), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_these_are_all_the_programs():
    folder = Path(remote.__file__).parent
    assert (
        tuple(sorted(path.stem for path in folder.glob("*.py") if "\ndef main(" in path.read_text()))
        == PROGRAMS
    )


@pytest.mark.parametrize("module", PROGRAMS)
def test_every_program_starts_without_the_project(alone, module):
    done = alone(module, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: earshot_{module} ")


def test_every_module_of_a_bundle_is_imported_without_the_project(alone):
    done = alone("timer")
    assert (done.returncode, done.stderr) == (0, "")
    there = {f"earshot_timer/{path.name}" for path in Path(remote.__file__).parent.glob("*.py")}
    packages = {"train/__init__.py", "train/challenge/__init__.py"}
    assert set(done.stdout.split()) == {*there, *packages, "train/challenge/submission_rules.py"}


def test_bundle_ends_when_stdin_does(tmp_path):
    """What ssh started must not outlive the connection."""
    graph = small_graph(
        ("decoded_sample_data", "DecodeWav", []), ("labels_softmax", "Relu", ["decoded_sample_data"])
    )
    timer, path = tmp_path / BUNDLE, tmp_path / "model.pb"
    timer.write_bytes(bundle())
    path.write_bytes(graph)
    command = [sys.executable, str(timer), str(path), "--engine", "numpy", "--max-num-runs", "1000000000"]
    process = subprocess.Popen(
        [*command, "--max-time", "60", "--watch-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for line in process.stderr:
        if b"max 1000000000" in line:
            break
    process.stdin.close()
    assert process.wait(timeout=10) == 3
    process.stdout.close()
    process.stderr.close()


def test_bundle_writes_its_figures(tmp_path):
    graph = small_graph(
        ("decoded_sample_data", "DecodeWav", []), ("labels_softmax", "Relu", ["decoded_sample_data"])
    )
    timer, path, figures = tmp_path / BUNDLE, tmp_path / "model.pb", tmp_path / "figures.json"
    timer.write_bytes(bundle())
    path.write_bytes(graph)
    command = [sys.executable, str(timer), str(path), "--engine", "numpy", "--max-num-runs", "5"]
    subprocess.run([*command, "--json", str(figures)], check=True, capture_output=True)
    found = json.loads(figures.read_text())
    assert found["engine"] == f"NumPy {np.__version__}"
    assert (found["graph_bytes"], found["flops"], found["output_shape"]) == (len(graph), 0, [16000, 1])
    assert found["timings_us"]["count"] == found["no_stats_us"]["count"] == 5
    assert found["memory_bytes"] == 64000
    assert found["machine"]["architecture"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("sleep 30", "the timer did not end within 0.5 s"),
        ("exec >&- 2>&-; sleep 30", "the timer did not end within 0.5 s"),
        ("yes", "the timer writes without end: more than 16,000,000 bytes"),
        ("yes $(printf %09999d 0) >&2", "the timer writes without end"),
    ],
)
def test_a_program_that_does_not_end(script, message, capfd):
    longest_s = 0.5 if "sleep" in script else 30
    with pytest.raises(TimerError, match=message):
        watch(["sh", "-c", script], longest_s=longest_s)


def test_what_a_program_leaves_behind_holds_nobody_up(capfd):
    started_s = time.monotonic()
    ended = watch(["sh", "-c", "sleep 60 & echo out; echo log >&2; exit 7"])
    assert (ended.code, ended.output, ended.log) == (7, "out\n", "log\n")
    assert time.monotonic() - started_s < 30
    assert capfd.readouterr().err == "log\n"
