"""On every board the model gives the interpreter's scores, and the application hears what Python hears."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from emulator.conftest import heard
from numpy.typing import NDArray
from places import ROOT
from sweeping import sweep

from codegen.engine import Windows, build_engine
from hil.boards.arm_code import ArmCode
from hil.boards.board import QEMU, board_ids, load_board
from hil.boards.machine_code import read_functions
from hil.link.process import ProcessLink
from hil.link.raw_audio import stream_audio
from hil.live import Detector
from hil.live.engine import COMPILED_C, INTERPRETER
from train.audio import wav
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.core.spec import FrontEnd
from train.tflite.graph import read_graph

BOARDS = [load_board(board_id) for board_id in board_ids()]
EMULATED = [board.id for board in BOARDS if board.run_kind == QEMU and not board.microphone]
RUNNABLE = [*EMULATED, "host"]
# The two share no objects with the others.
QUICK = [board_id for board_id in RUNNABLE if board_id not in ("microbit", "rv32")]
ACK = b"\x06"
PASSED, FAILED = "~~~ALL TESTS PASSED~~~", "~~~SOME TESTS FAILED~~~"

pytestmark = pytest.mark.emulator

Start = Callable[..., ProcessLink]
Firmware = Callable[..., Path]


@pytest.fixture(scope="session")
def recording(run_folder: Path) -> NDArray[np.int16]:
    """Seven seconds with both words, the first one twice; not a whole number of rows or of blocks."""
    clip = {path.stem: wav.read_wav(path, 16000) for path in (run_folder / "clips").glob("*.wav")}
    quiet = np.zeros(16000 + 77, np.int16)
    yes, größe, other = clip["yes_0"], clip["größe_0"], clip["_unknown__0"]
    return np.concatenate([quiet[:4000], yes, quiet, größe, quiet[:5000], other, quiet, yes, quiet])


@pytest.fixture(scope="session")
def expected(run_folder: Path, recording: NDArray[np.int16]) -> list[str]:
    lines = heard(run_folder, recording)
    words = [line.split()[1] for line in lines]
    assert words.count("yes") >= 2, "a test without detections would prove nothing"
    assert "größe" in words
    return lines


def padded(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """With the zeros that stream_audio appends."""
    return np.pad(samples, (0, -len(samples) % 512))


@pytest.mark.parametrize("board_id", sweep(RUNNABLE, *QUICK))
def test_every_board_gives_the_scores_of_the_interpreter(
    start: Start, run_folder: Path, board_id: str
) -> None:
    link = start(board_id, "feature_test", run_folder / "c")
    lines = [link.read_line().decode() for _ in range(7)]
    assert lines[0] == f"earshot {board_id} ready"
    assert [line.split(": ")[0] for line in lines[1:5]] == [
        "Testing features of yes_0.wav",
        "Testing features of größe_0.wav",
        "Testing features of _unknown__0.wav",
        "Testing audio of yes_0.wav",
    ]
    assert lines[4].endswith("passed, 49 rows, 0 values differ, by at most 0")
    assert lines[5:] == ["4/4 tests passed", PASSED]


@pytest.mark.parametrize("board_id", sweep(RUNNABLE, "host", "mps2-an386"))
def test_every_board_hears_what_python_hears(
    start: Start, run_folder: Path, recording: NDArray[np.int16], expected: list[str], board_id: str
) -> None:
    link = start(board_id, "earshot", run_folder / "c")
    assert link.read_line().decode() == f"earshot {board_id} ready"
    assert link.read_line().decode() == "listening for yes, größe"
    assert list(stream_audio(link, recording)) == expected


@pytest.mark.parametrize("compiler", ["", "no-such-compiler"])
def test_a_detector_hears_what_boards_hear(
    own_run: Path,
    recording: NDArray[np.int16],
    expected: list[str],
    compiler: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("cc")
    monkeypatch.setenv("CC", compiler)
    with Detector.load(own_run) as detector:
        assert detector.engine == (INTERPRETER if compiler else COMPILED_C)
        found = detector.push(padded(recording))
    assert [f"Heard {it.word} ({it.score}) @{it.time_ms}ms" for it in found] == expected


def test_host_ends_well_with_its_input(
    firmware: Firmware, run_folder: Path, recording: NDArray[np.int16], expected: list[str]
) -> None:
    program = firmware("host", "earshot", run_folder / "c")
    data = padded(recording).astype("<i2").tobytes() + b"x"  # half a sample is no sample
    done = subprocess.run([program], input=data, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.replace(ACK, b"").decode().splitlines()[2:] == expected


def change_text(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def change_score(model: Path) -> None:
    change_text(model / "feature_tests.cc", r"(g_yes_0_data, \{ )-?\d+", r"\g<1>-77")


def change_feature(model: Path) -> None:
    change_text(model / "yes_0_features_data.cc", r"(data\[\] = \{\s+)(-?\d+, ){8}", r"\g<1>" + "99, " * 8)


def change_audio(model: Path) -> None:
    """In the middle of a window: at its start samples weigh nothing."""
    rows = r"(data\[\] = \{\n(?:[^\n]*\n){20}\s+)(-?\d+, ){8}"
    change_text(model / "yes_0_audio_data.cc", rows, r"\g<1>" + "30000, -30000, " * 4)


def change_weights(model: Path) -> None:
    """The dense layer turned around, in the engine alone."""
    tflite = (model.parent / "model.tflite").read_bytes()
    constants = [tensor.data for tensor in read_graph(tflite, "model").tensors if tensor.data is not None]
    weights = max(constants, key=np.size).tobytes()
    opposite = (-1 - np.frombuffer(weights, np.int8)).tobytes()
    changed = read_graph(tflite.replace(weights, opposite), "changed")
    windows = Windows(FrontEnd().frames, INFERENCE_STRIDE_ROWS)
    (model / "engine.c").write_text(build_engine(changed, "// changed", "", windows).sources["engine.c"])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (change_score, r"features of yes_0\.wav: failed, scores .*, expected -77 "),
        (change_feature, r"audio of yes_0\.wav: failed, 49 rows, \d+ values differ"),
        (change_audio, r"audio of yes_0\.wav: failed, 49 rows, \d+ values differ"),
        (change_weights, r"features of yes_0\.wav: failed"),
    ],
    ids=["score", "feature", "audio", "weights"],
)
def test_a_change_is_noticed(
    firmware: Firmware, own_run: Path, change: Callable[[Path], None], line: str
) -> None:
    change(own_run / "c")
    program = firmware("host", "feature_test", own_run / "c")
    done = subprocess.run([program], capture_output=True, encoding="utf-8", timeout=60)
    lines = done.stdout.splitlines()
    assert lines[-1] == FAILED
    assert done.returncode == sum(": failed" in found for found in lines) > 0
    assert re.search(line, done.stdout)


def hil(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hil", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=180, cwd=ROOT, env={**os.environ, **environment}
    )


@pytest.fixture
def own_run(run_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run_folder, tmp_path / "run")


def need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")


def test_build_tells_what_it_takes(own_run: Path) -> None:
    need("cmake", "arm-none-eabi-gcc")
    done = hil("build", "--board", "netduinoplus2", own_run)
    assert done.returncode == 0, done.stderr
    result = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert result["firmware"] == str(own_run / "firmware" / "netduinoplus2" / "earshot")
    assert Path(result["firmware"]).is_file()
    figures = {
        name: [int(figure.replace(",", "")) for figure in re.findall(r"[\d,]*\d", result[name])]
        for name in ("arena", "flash", "RAM", "stack")
    }
    board = load_board("netduinoplus2").target
    assert board is not None
    assert 4400 < figures["arena"][0] < 12_000
    assert 20_000 < figures["flash"][0] < figures["flash"][1] == board.flash_bytes
    assert figures["arena"][0] + board.stack_bytes < figures["RAM"][0] < figures["RAM"][1] == board.ram_bytes
    assert 200 < figures["stack"][0] < figures["stack"][1] == board.stack_bytes


def test_run_plays_a_recording(own_run: Path) -> None:
    need("cmake", "cc")
    done = hil("run", "--board", "host", own_run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["earshot host ready", "listening for yes, größe"]
    assert done.stdout.splitlines()[2].startswith("Heard yes (")
    assert "\nverdict: 2 of 2 words heard, 0 heard wrongly\n" in done.stdout


def test_the_frames_in_the_machine_code_are_those_the_compiler_tells(
    run_folder: Path, cmake: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """The oracle for hil/boards/stack.py: GCC's own account of every function that it compiled."""
    need("arm-none-eabi-gcc")
    flags = ["-DBOARD=mps3-an547", f"-DMODEL={run_folder / 'c'}", "-DCMAKE_C_FLAGS=-fstack-usage"]
    assert cmake("-S", ROOT, "-B", tmp_path, *flags).returncode == 0
    assert cmake("--build", tmp_path, "--target", "earshot").returncode == 0
    told: dict[str, set[int]] = {}
    for path in tmp_path.rglob("*.su"):
        for line in path.read_text().splitlines():
            place, frame_bytes, kind = line.split("\t")
            assert kind in ("static", "dynamic,bounded")
            told.setdefault(place.split(":")[-1].split(".")[0], set()).add(int(frame_bytes))
    plain = tmp_path / "plain"
    subprocess.run(
        ["arm-none-eabi-objcopy", "--wildcard", "--strip-symbol=KWS_*", tmp_path / "earshot", plain],
        check=True,
    )
    command = ["arm-none-eabi-objdump", "--disassemble", "--disassemble-zeroes", plain]
    disassembly = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    functions, _ = read_functions(disassembly, ArmCode)
    compared = 0
    for function in functions.values():
        name = re.split(r"[.@]", function.name)[0]
        if name in told:
            assert function.frame_bytes in told[name], name
            compared += 1
    assert compared > 20
