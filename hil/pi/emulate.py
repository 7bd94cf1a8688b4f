"""A frozen graph on an emulated Cortex-A53, the core of a Pi 3: what it computes, in how many instructions.

QEMU's user mode runs the Python and the NumPy (or TensorFlow) of an AArch64 root on
``hil/pi/remote/scorer.py``; the same program with the same engine on this computer says what the scores
should be. How long an emulator takes says nothing of a Pi, so no time is kept or shown.
"""

import itertools
import math
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.pi.aarch64_root import COMMAND, PYTHON, RootError, default_root, library_folders, require_root
from hil.pi.bundle import BUNDLE, Ended, TimerError, bundle, figures, run, watch
from hil.pi.remote.ends import INPUT_SHAPE, RATE_HZ, Ends
from hil.pi.remote.graphdef import GraphError, Node
from hil.pi.remote.timer import NUMPY, TENSORFLOW
from hil.pi.remote.work import human_number
from hil.provenance import EMULATED
from train.audio.wav import read_wav, to_float
from train.core import runfolder
from train.core.errors import UserError

TOLERANCE = 1e-5  # between scores there and here
PROCESSOR = "cortex-a53"
_QEMU = "qemu-aarch64"
_COUNTER = Path(__file__).with_name("count_instructions.c")
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-shared", "-fPIC")
_FIRST_QEMU_OF_API_2 = 9
_MOST_CLIPS, _MOST_RUNS = 8, 5  # the emulator takes minutes for a large graph
_NOISE_CLIPS, _NOISE_SEED = 3, 1
_MOST_S = 120.0  # for what takes seconds


class EmulatorError(TimerError):
    """There is no emulator."""


class EmulationError(TimerError):
    """The scores under emulation are not those of this computer."""


def emulate(
    graph: Path,
    root: Path | None,
    engine: str,
    most_runs: int,
    nodes: list[Node],
    ends: Ends,
) -> tuple[dict[str, Any], str]:
    """The figures of a run under emulation, and its log, neither with a time in it.

    Args:
        root: of an AArch64 Linux with Python; None for that of ``earshot pi-root``.
        engine: ``auto``, ``tensorflow`` or ``numpy``.
        most_runs: whose instructions are counted; a few are enough, as they hardly differ.
        nodes: of the graph; ``ends``: what it takes and gives.
    Raises:
        EmulatorError, RootError: there is none.
        UserError: the graph cannot be run.
        TimerError: it broke down.
    """
    qemu = find_qemu()
    root = require_root(root or default_root()).absolute()
    try:
        ends.check(nodes)
        names, clips = _clips(graph, ends.input_shape(nodes))
    except GraphError as error:
        raise UserError(f"{graph}: {error}") from error
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / BUNDLE).write_bytes(bundle("scorer"))
        np.save(folder / "clips.npy", clips)
        program = [*map(str, (folder / BUNDLE, graph.absolute(), folder / "clips.npy")), "--num-threads", "1"]
        program += ends.arguments
        marks = folder / "marks"
        counter, missing = _compile_counter(qemu, folder, marks)
        guest = ["-cpu", PROCESSOR, "-L", str(root), str(root / PYTHON)]
        _require_numpy([qemu, *guest], root)
        runs = min(most_runs, _MOST_RUNS)
        marked = ["--marked-runs", str(runs)] if counter else []
        command = [qemu, *counter, *guest, *program, "--engine", engine, *marked]
        ended = watch(command, _environment(root))
        found = figures(ended, graph)
        counts = _counts(marks)
        kind = NUMPY if found["engine"].startswith("NumPy") else TENSORFLOW
        here = figures(watch([sys.executable, *program, "--engine", kind]), graph)
    found["nodes"], counted = _instructions(found["nodes"], counts, runs)
    difference = float(np.abs(np.array(found.pop("scores")) - np.array(here.pop("scores"))).max())
    found = {
        "label": EMULATED,
        "avg_ms": None,
        "std_ms": None,
        "instructions_per_inference": counted["mean"] if counted else None,
        "instructions": counted,
        "not_counted": None if counted else missing or "the emulator noted no marks",
        "clips": names,
        "max_difference": difference if math.isfinite(difference) else None,
        "tolerance": TOLERANCE,
        "host_engine": here["engine"],
        "emulator": f"{_version(qemu)}, -cpu {PROCESSOR}",
        **found,
    }
    return found, "\n".join([*_log_lines(ended.log), "", *describe(found), "", *_node_table(found), ""])


def check(graph: Path, found: dict[str, Any]) -> None:
    """Make sure that the scores were the same as here.

    Raises:
        EmulationError: they differ by more than the tolerance.
    """
    if not _is_same(found):
        raise EmulationError(
            f"{graph}: scores by {found['engine']} under {PROCESSOR} differ by up to "
            f"{_difference(found):.1e} from those of {found['host_engine']} here, expected "
            f"{TOLERANCE:g} at most; the graph, or one of the two, is not to be trusted"
        )


def _difference(found: dict[str, Any]) -> float:
    return math.nan if found["max_difference"] is None else float(found["max_difference"])


def _is_same(found: dict[str, Any]) -> bool:
    return _difference(found) <= TOLERANCE  # which NaN is not


def describe(found: dict[str, Any]) -> list[str]:
    """Who ran it, whether it computed the same, and what that took."""
    machine = found["machine"]
    count = found["instructions"]
    said = (
        f"{count['mean']:,} guest instructions an inference, {count['least']:,} to {count['most']:,} in "
        f"{count['runs']} runs (emulated)"
        if count
        else f"guest instructions not counted: {found['not_counted']}"
    )
    verdict = "same" if _is_same(found) else "NOT the same"
    return [
        f"machine  {found['emulator']} ({machine['architecture']}), {found['engine']}, "
        f"Python {machine['python']}",
        f"scores   {verdict} as by {found['host_engine']} here: {len(found['clips'])} clips, largest "
        f"difference {_difference(found):.1e}, at most {TOLERANCE:g} expected",
        f"work     {said}",
    ]


def find_qemu() -> str:
    """The emulator.

    Raises:
        EmulatorError: there is none.
    """
    program = shutil.which(_QEMU) or shutil.which(f"{_QEMU}-static")
    if program is None:
        raise EmulatorError(
            f"{_QEMU}: not found; install it, on Debian or Ubuntu: sudo apt-get install qemu-user"
        )
    return program


def _require_numpy(python: list[str], root: Path) -> None:
    command = [*python, "-c", "import numpy"]
    done = _run(command, _environment(root))
    if done.code:
        said = [line.strip() for line in done.log.splitlines() if line.strip()]
        reason = [f"exit code {done.code}", *said][-1]
        raise RootError(
            f"{root}: its Python does not get NumPy ({reason}); expected an AArch64 Linux with "
            f"python3-numpy, as {COMMAND} makes it"
        )


def _run(command: list[str], environment: dict[str, str] | None = None) -> Ended:
    """A program that takes seconds."""
    return run(command, Path(command[0]).name, _MOST_S, environment)


def _environment(root: Path) -> dict[str, str]:
    """All that the guest knows of this computer; nothing meant for the Python here."""
    return {
        "PATH": "/usr/bin",
        "HOME": "/",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": ":".join(library_folders(root)),
        "PYTHONHASHSEED": "0",  # the same instructions each time
        "OPENBLAS_NUM_THREADS": "1",
    }


def _clips(graph: Path, shape: tuple[int, ...]) -> tuple[list[str], NDArray[np.float32]]:
    """Names and audio of the run's own clips, else noise: (clips, values) float32.

    Args:
        shape: of the graph's input; where that is no second of audio, it gets noise.
    """
    length = math.prod(shape)
    is_audio = length == math.prod(INPUT_SHAPE)
    paths = sorted((graph.parent / runfolder.CLIPS).glob("*.wav"))[:_MOST_CLIPS] if is_audio else []
    audio = np.zeros((len(paths) or _NOISE_CLIPS, length), np.float32)
    if not paths:
        audio[:] = np.random.default_rng(_NOISE_SEED).normal(0, 0.1, audio.shape)
        return [f"noise {number}" for number in range(_NOISE_CLIPS)], audio
    for row, path in zip(audio, paths, strict=True):
        samples = to_float(read_wav(path, RATE_HZ))[:length]
        row[: len(samples)] = samples
    return [path.name for path in paths], audio


def _compile_counter(qemu: str, folder: Path, marks: Path) -> tuple[list[str], str]:
    """Flags with which the emulator counts; none, and why, where it cannot."""
    compiler = shutil.which("cc")
    if compiler is None:
        return [], "there is no C compiler, cc; install one: sudo apt-get install gcc"
    plugin = folder / "count_instructions.so"
    api = 2 if int((re.search(r"version (\d+)", _version(qemu)) or [0, 0])[1]) >= _FIRST_QEMU_OF_API_2 else 1
    command = [compiler, *_FLAGS, f"-DAPI_VERSION={api}", str(_COUNTER), "-o", str(plugin)]
    done = _run(command)
    if done.code:
        return [], f"{_COUNTER.name} does not compile: {(done.log.splitlines() or ['?'])[0]}"
    # A comma in a path is doubled; between an option's parts it is not.
    flags = ["-plugin", ",".join(part.replace(",", ",,") for part in (f"file={plugin}", f"out={marks}"))]
    # Plug-ins are loaded, and this one makes its file, before the emulator misses the program.
    probe = _run([qemu, *flags, str(folder / "nothing")])
    if not marks.exists():
        return [], f"{Path(qemu).name} takes no plug-ins: {(probe.log.splitlines() or ['?'])[0]}"
    return flags, ""


def _version(qemu: str) -> str:
    """``qemu-aarch64 version 7.2.22``."""
    return _run([qemu, "--version"]).output.partition("(")[0].partition("\n")[0].strip()


def _counts(marks: Path) -> list[int]:
    """Instructions between each mark and the next."""
    totals = [int(line) for line in marks.read_text().split()] if marks.is_file() else []
    return [after - before for before, after in itertools.pairwise(totals)]


def _instructions(
    nodes: list[dict[str, Any]], counts: list[int], run_count: int
) -> tuple[list[dict[str, Any]], dict[str, int] | None]:
    """The nodes, with instructions where those were counted; those of an inference.

    Args:
        counts: between marks: nothing at all, that is a mark itself; each run; what lies between them and
            the traced run; then in turn what comes before each node, and the node.
    """
    if len(counts) <= run_count:
        return nodes, None
    runs = [count - counts[0] for count in counts[1 : 1 + run_count]]
    # First what lies between the last run and the traced one, then that one's start.
    of_nodes = counts[1 + run_count + 2 :: 2]
    if len(of_nodes) == len(nodes):
        pairs = zip(nodes, of_nodes, strict=True)
        nodes = [{**node, "instructions": count - counts[0]} for node, count in pairs]
    mean = round(sum(runs) / len(runs))
    return nodes, {"mean": mean, "least": min(runs), "most": max(runs), "runs": len(runs)}


def _log_lines(text: str) -> list[str]:
    """The scorer's own lines: others might tell a time."""
    return [line for line in text.splitlines() if line.startswith("I hil/pi/remote/scorer.py:")]


def _node_table(found: dict[str, Any]) -> list[str]:
    lines = [f"{'[node type]':>24} {'[instructions]':>15} {'[mem KB]':>10}  [Name]"]
    for node in found["nodes"]:
        count = f"{node['instructions']:,}" if "instructions" in node else "-"
        lines.append(f"{node['op']:>24} {count:>15} {node['memory_bytes'] / 1000:>10.3f}  {node['name']}")
    flops = "not counted" if found["flops"] is None else human_number(found["flops"])
    sums = f"Memory (bytes): {found['memory_bytes']}", f"FLOPs estimate: {flops}"
    return [*lines, *sums]
