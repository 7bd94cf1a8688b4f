"""``hil pi --emulate`` and ``hil pi-root`` without emulator or network: with stand-ins for QEMU and apt."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT
from small_graphs import make_graph, run

from hil import __main__ as hil
from hil.pi import aarch64_root
from hil.pi import emulate as pi_emulate
from hil.pi.emulate import EmulationError, EmulatorError
from train.audio.wav import encode_wav
from train.core.errors import UserError

# In place of the emulator: takes its flags, then runs the root's Python, which is the one here.
QEMU = f"""#!{sys.executable}
import os, sys
if "--version" in sys.argv:
    sys.exit(print("qemu-aarch64 version 7.2.22 (a package)"))
if "-plugin" in sys.argv:
    sys.exit("plug-ins are not supported by this build")
assert sys.argv[1:4] == ["-cpu", "cortex-a53", "-L"] and "PYTHONPATH" not in os.environ
os.execv(sys.argv[5], sys.argv[5:])
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root whose Python is the one here; the stand-in for QEMU on the PATH."""
    program(tmp_path / "bin" / "qemu-aarch64", QEMU)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", "/meant/for/the/python/here")
    folder = tmp_path / "root"
    program(folder / aarch64_root.PYTHON, f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    return folder


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "clips").mkdir(parents=True)
    rng = np.random.default_rng(2)
    for index, length in enumerate((16000, 9000)):
        samples = rng.integers(-20000, 20000, length).astype(np.int16)
        (folder / "clips" / f"{index}.wav").write_bytes(encode_wav(samples, 16000))
    return make_graph(folder)


def emulate(monkeypatch: pytest.MonkeyPatch, graph: Path, root: Path, *more: object) -> dict[str, Any]:
    run(monkeypatch, graph, "--emulate", "--root", root, "--engine", "numpy", *more)
    return json.loads((graph.parent / "pi" / "emulate.json").read_text())


def times(content: Any) -> list[str]:
    """Names of what holds a time, and has one."""
    if isinstance(content, list):
        return [name for item in content for name in times(item)]
    if not isinstance(content, dict):
        return []
    own = [name for name in content if name.endswith(("_us", "_ms", "_s")) and content[name] is not None]
    return own + [name for item in content.values() for name in times(item)]


def test_scores_work_and_no_times(monkeypatch, graph, root, capsys):
    found = emulate(monkeypatch, graph, root)
    assert list(found)[:8] == [
        "version",
        "label",
        "avg_ms",
        "std_ms",
        "graph_bytes",
        "flops",
        "memory_bytes",
        "verdict",
    ]
    assert (found["label"], found["avg_ms"], found["std_ms"]) == ("emulated", None, None)
    assert (found["graph_bytes"], found["flops"], found["memory_bytes"]) == (
        graph.stat().st_size, 384000, 48,
    )  # fmt: skip
    assert found["clips"] == ["0.wav", "1.wav"]
    assert found["max_difference"] == 0.0
    latency = found["verdict"]["rules"]["latency"]
    assert latency["kept"] is None
    assert latency["found"].startswith("emulated: ")
    assert found["instructions_per_inference"] is None
    assert "plug-ins are not supported by this build" in found["not_counted"]
    assert times(found) == []
    log = (graph.parent / "pi" / "emulate.txt").read_text()
    assert "I hil/pi/remote/scorer.py: 2 clips on" in log
    assert "Memory (bytes): 48\nFLOPs estimate: 384.00k" in log
    captured = capsys.readouterr()
    assert "latency  not judged  emulated" in captured.out
    assert "guest instructions not counted: qemu-aarch64 takes no plug-ins" in captured.out
    for text in (log, captured.out, captured.err):
        assert not any(word in text.lower() for word in ("seconds", "timings", " us", "load_s"))


def test_a_graph_without_clips_gets_noise(monkeypatch, tmp_path, root):
    found = emulate(monkeypatch, make_graph(tmp_path), root)
    assert found["clips"] == ["noise 0", "noise 1", "noise 2"]
    assert found["max_difference"] == 0.0


def test_no_compiler_no_count(monkeypatch, graph, root):
    found_by = pi_emulate.shutil.which
    monkeypatch.setattr(pi_emulate.shutil, "which", lambda name: None if name == "cc" else found_by(name))
    found = emulate(monkeypatch, graph, root)
    assert found["not_counted"] == "there is no C compiler, cc; install one: sudo apt-get install gcc"


def test_other_scores_are_written_and_refused(monkeypatch, graph, root):
    """A guest whose exp() is another: the softmax of its scores is off."""
    (root / "site").mkdir()
    (root / "site" / "sitecustomize.py").write_text(
        "import numpy\nexact = numpy.exp\nnumpy.exp = lambda x, *a, **k: exact(x * 1.001, *a, **k)\n"
    )
    program(
        root / aarch64_root.PYTHON,
        f'#!/bin/sh\nPYTHONPATH="{root / "site"}" exec "{sys.executable}" "$@"\n',
    )
    with pytest.raises(EmulationError, match=r"model\.pb: scores by NumPy .* differ by up to") as caught:
        emulate(monkeypatch, graph, root)
    assert caught.value.exit_code == 4
    found = json.loads((graph.parent / "pi" / "emulate.json").read_text())
    assert found["max_difference"] > 1e-5


@pytest.mark.parametrize("difference", [None, float("nan")])
def test_scores_that_are_no_numbers_are_refused(difference):
    found = {"max_difference": difference, "engine": "a", "host_engine": "b"}
    with pytest.raises(EmulationError, match="differ by up to nan"):
        pi_emulate.check(Path("model.pb"), found)


def test_instructions_between_marks():
    """A mark takes 7; runs 100 and 120; before the traced run 50, before each node 3, the nodes 30 and 60."""
    nodes = [{"name": "a"}, {"name": "b"}]
    counts = [7, 107, 127, 57, 10, 37, 10, 67]
    found, counted = pi_emulate._instructions(nodes, counts, 2)
    assert counted == {"mean": 110, "least": 100, "most": 120, "runs": 2}
    assert [node["instructions"] for node in found] == [30, 60]
    assert pi_emulate._instructions(nodes, counts[:4], 2) == (nodes, counted)  # TensorFlow marks no nodes
    assert pi_emulate._instructions(nodes, counts[:2], 2) == (nodes, None)


def test_no_emulator(monkeypatch, graph):
    monkeypatch.setattr(pi_emulate.shutil, "which", lambda name: None)
    with pytest.raises(EmulatorError, match=r"qemu-aarch64: not found; install it, .* qemu-user") as caught:
        run(monkeypatch, graph, "--emulate")
    assert caught.value.exit_code == 4
    assert not (graph.parent / "pi").exists()


def test_no_root(monkeypatch, tmp_path, graph, root):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        aarch64_root.RootError, match=r"cache/aarch64-root: there is no such folder; .* pi-root"
    ):
        run(monkeypatch, graph, "--emulate")
    with pytest.raises(aarch64_root.RootError, match=r"run: has no usr/bin/python3; expected the root of an"):
        run(monkeypatch, graph, "--emulate", "--root", graph.parent)
    program(
        root / aarch64_root.PYTHON,
        "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'numpy'\" >&2; exit 1",
    )
    with pytest.raises(
        aarch64_root.RootError, match=r"does not get NumPy \(ModuleNotFoundError: .*python3-numpy"
    ):
        run(monkeypatch, graph, "--emulate", "--root", root)
    assert not (graph.parent / "pi").exists()


def test_root_is_of_the_emulator(monkeypatch, graph):
    with pytest.raises(UserError, match="--root is of the emulator; add --emulate"):
        run(monkeypatch, graph, "--local", "--root", graph.parent)


def test_foreign_ops_are_told(monkeypatch, tmp_path, root, capfd):
    with pytest.raises(
        UserError, match=r"model\.pb: node LeakyRelu is LeakyRelu, which the NumPy interpreter"
    ):
        emulate(monkeypatch, make_graph(tmp_path, foreign=True), root)
    assert "error" not in capfd.readouterr().err, "the caller says it, once"


# In place of apt: notes its arguments and leaves two packages where it was told to.
APT = f"""#!{sys.executable}
import pathlib, sys
options = dict(word.split("=", 1) for word in sys.argv if "::" in word)
assert options["APT::Architecture"] == "arm64" and open(options["Dir::State::status"]).read() == ""
archives = pathlib.Path(options["Dir::Cache"]) / "archives"
(pathlib.Path(options["Dir::State"]) / "lists" / "main_binary-arm64_Packages").touch()
if "install" in sys.argv:
    assert "--download-only" in sys.argv
    for name in ("python3_1_arm64.deb", "libblas3_1_arm64.deb"):
        (archives / name).touch()
"""
DPKG = """#!/bin/sh
case $2 in
*python3_*) mkdir -p "$3/usr/bin"; touch "$3/usr/bin/python3";;
*) mkdir -p "$3/usr/lib/aarch64-linux-gnu/blas"; touch "$3/usr/lib/aarch64-linux-gnu/blas/libblas.so.3";;
esac
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    program(folder / "apt-get", APT)
    program(folder / "dpkg-deb", DPKG)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def make_root(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["hil", "pi-root", *map(str, arguments)])
    hil.main()


def test_root_is_made(monkeypatch, tmp_path, apt, capsys):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    make_root(monkeypatch)
    folder = aarch64_root.require_root(tmp_path / "cache" / "aarch64-root")
    assert capsys.readouterr().out == f"root  {folder}\n"
    assert aarch64_root.library_folders(folder) == ["/usr/lib/aarch64-linux-gnu/blas"]
    with pytest.raises(UserError, match="aarch64-root: exists; remove it to make it again"):
        make_root(monkeypatch)


def test_root_whole_or_not_at_all(monkeypatch, tmp_path, apt):
    out = tmp_path / "made" / "root"
    program(
        apt / "apt-get",
        "#!/bin/sh\necho 'E: Unable to locate package python3-numpy\nW: more' >&2; exit 100\n",
    )
    with pytest.raises(aarch64_root.RootError, match=r"^apt-get: E: Unable to locate .* --root FOLDER$"):
        make_root(monkeypatch, "--out", out)
    program(apt / "apt-get", APT)
    program(apt / "dpkg-deb", "#!/bin/sh\necho 'dpkg-deb: error: No space left on device' >&2; exit 2\n")
    with pytest.raises(aarch64_root.RootError, match=r"No space left on device.*150 MB of disk"):
        make_root(monkeypatch, "--out", out)
    assert list(out.parent.iterdir()) == []


def test_no_network(monkeypatch, tmp_path, apt):
    """apt-get update ends with 0 all the same."""
    program(
        apt / "apt-get", "#!/bin/sh\necho 'W: Failed to fetch x  Could not connect\nW: Some failed' >&2\n"
    )
    with pytest.raises(aarch64_root.RootError, match=r"^apt-get: W: Failed to fetch x  Could not connect; a"):
        make_root(monkeypatch, "--out", tmp_path / "root")


def test_no_apt(monkeypatch, tmp_path):
    monkeypatch.setattr(aarch64_root.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"apt-get: not found, .* --emulate --root"):
        make_root(monkeypatch, "--out", tmp_path / "root")


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_leaves_no_half_root(tmp_path, apt):
    """In a process of its own, which a signal reaches while apt is at work."""
    program(apt / "apt-get", "#!/bin/sh\nkill -INT $PPID; sleep 0.5\n")
    done = subprocess.run(
        [sys.executable, "-m", "hil", "pi-root", "--out", tmp_path / "made" / "root"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "interrupted"
    assert list((tmp_path / "made").iterdir()) == []
