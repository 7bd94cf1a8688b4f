"""Firmware built for a board, once per session, and started; skipped where a tool is missing."""

import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from places import ROOT

from codegen.emit import generate
from hil.boards.board import Board, load_board
from hil.boards.build import PROOF, build_id, note_sources
from hil.boards.toolchain import Toolchain
from hil.link.link import Link
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from hil.proof.dut import DUT
from hil.proof.expected_clips import ClipSet, read_clip_set
from hil.protocol.faulty_link import Faults, FaultSource, FaultyLink
from hil.provenance import EMULATED, HOST
from train.audio import frontend, wav
from train.core import runfolder
from train.core.errors import UserError
from train.core.manifest import read_manifest
from train.core.operating_point import INFERENCE_STRIDE_ROWS, in_force
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.detection.reference_listener import recognize, stream_scores
from train.tflite.tflm import TflmModel

BUILD_TIMEOUT_S = 120

Firmware = Callable[..., Path]


def require(tool: str) -> str:
    """Where the tool is; the test is skipped where it is not."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not on the PATH")
    return path


def require_library(toolchain: Toolchain) -> None:
    """The C library, which Debian has in a package of its own."""
    asked = [require(toolchain.tool("gcc")), f"-print-file-name={toolchain.specs}"]
    if subprocess.run(asked, capture_output=True, text=True).stdout.strip() == toolchain.specs:
        pytest.skip(f"{toolchain.name} has no C library")


def require_tools(board: Board) -> None:
    require_builders(board)
    try:
        board.require_emulator()
    except UserError as error:
        pytest.skip(str(error))


def require_builders(board: Board) -> None:
    for tool in board.tools:
        require(tool)
    if board.target is not None:
        require_library(board.target.toolchain)


def with_ninja() -> dict[str, str]:
    """The environment in which CMake builds by Ninja, in two thirds of the time of make, if it is there."""
    return {**os.environ, "CMAKE_GENERATOR": "Ninja"} if shutil.which("ninja") else dict(os.environ)


@pytest.fixture(scope="session")
def cmake() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``cmake(argument, …, env=None)``: run, whatever comes of it."""
    program = require("cmake")

    def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [program, *(str(argument) for argument in arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, env=env)

    return run


@pytest.fixture(scope="session")
def firmware(cmake: Callable[..., subprocess.CompletedProcess[str]], once: Callable[..., Path]) -> Firmware:
    """``firmware(board_id, program, model=None)``: the program built for the board, with what is in model.

    Skipped where it cannot be started, unless ``is_started`` is false.
    """

    def build(board_id: str, program: str, model: Path | None = None, is_started: bool = True) -> Path:
        board = load_board(board_id)
        if is_started:
            require_tools(board)
        else:
            require_builders(board)

        def make(folder: Path) -> None:
            configure = ["-S", ROOT, "-B", folder, f"-DBOARD={board_id}", f"-DMODEL={model or ''}"]
            for arguments in (configure, ["--build", folder, "--parallel"]):
                result = cmake(*arguments, env=with_ninja())
                assert result.returncode == 0, result.stdout + result.stderr

        of_model = hashlib.sha256(str(model).encode()).hexdigest()[:8]
        return once(f"{board_id}-{of_model}", make) / program

    return build


@pytest.fixture(scope="session")
def sanitized_proof(
    cmake: Callable[..., subprocess.CompletedProcess[str]], run_folder: Path, once: Callable[..., Path]
) -> Path:
    """The program `proof` for this computer, under AddressSanitizer and UndefinedBehaviorSanitizer."""
    require("cc")

    def make(folder: Path) -> None:
        configure = ["-S", ROOT, "-B", folder, "-DBOARD=host", f"-DMODEL={run_folder / 'c'}", "-DSANITIZE=ON"]
        for arguments in (configure, ["--build", folder, "--target", "proof", "--parallel"]):
            result = cmake(*arguments, env=with_ninja())
            assert result.returncode == 0, result.stdout + result.stderr

    return once("sanitized-proof", make) / PROOF


@pytest.fixture
def start(firmware: Firmware) -> Iterator[Callable[..., ProcessLink]]:
    """``start(board_id, program, model=None)``: a link to the running program, which ends with the test."""
    links: list[ProcessLink] = []

    def open_link(board_id: str, program: str, model: Path | None = None) -> ProcessLink:
        links.append(ProcessLink(load_board(board_id).command(firmware(board_id, program, model))))
        return links[-1]

    yield open_link
    for link in links:
        link.close()


RATE_HZ = 16000
WORDS_HZ = {"yes": 500, "größe": 1500}  # each "word" is a tone


def tone(frequency_hz: float, milliseconds: int, amplitude: float = 0.3) -> NDArray[np.int16]:
    """(samples,) int16 sine."""
    seconds = np.arange(RATE_HZ * milliseconds // 1000) / RATE_HZ
    return wav.to_int16((amplitude * np.sin(2 * np.pi * frequency_hz * seconds)).astype(np.float32))


def noise(milliseconds: int) -> NDArray[np.int16]:
    """(samples,) int16, the "other words" of these tests."""
    samples = np.random.default_rng(3).normal(0, 1500, RATE_HZ * milliseconds // 1000)
    return samples.astype(np.int16)


def examples(front_end: FrontEnd) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(n, 49, 43) features and (n,) labels: a second of each sound, as it comes into the window and goes."""
    sounds = [np.zeros(RATE_HZ, np.int16), noise(1000), *(tone(hz, 1000) for hz in WORDS_HZ.values())]
    silence = np.zeros(RATE_HZ, np.int16)
    clips, labels = [], []
    for label, sound in enumerate(sounds):
        stream = np.concatenate([silence, sound, silence])
        for shift_ms in range(500, 1501, 100):
            start = RATE_HZ * shift_ms // 1000
            clips.append(stream[start : start + RATE_HZ])
            labels.append(label)
    return frontend.float_features(wav.to_float(np.stack(clips)), front_end), np.array(labels)


def convert_listening() -> bytes:
    """An int8 tiny_conv that knows the sounds of ``examples``: random filters, dense by least squares."""
    tf = pytest.importorskip("tensorflow")
    features, labels = examples(FrontEnd())
    inputs = features[..., np.newaxis]
    rng = np.random.default_rng(1)
    filters = rng.normal(0, 0.03, (10, 8, 1, 8)).astype(np.float32)

    def hidden(x):
        return tf.reshape(tf.nn.relu(tf.nn.conv2d(x, filters, 2, "SAME") + np.float32(0.5)), (-1, 4400))

    wanted = 24.0 * np.eye(4, dtype=np.float32)[labels] - 12
    dense = np.linalg.lstsq(hidden(inputs).numpy(), wanted, rcond=1e-3)[0].astype(np.float32)

    def network(x):
        return tf.nn.softmax(tf.matmul(hidden(x), dense))

    signature = [tf.TensorSpec((1, 49, 43, 1), tf.float32)]
    concrete = tf.function(network, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([example[np.newaxis]] for example in inputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


@pytest.fixture(scope="session")
def run_folder(once: Callable[..., Path]) -> Path:
    """A run folder of that model, with c/. Tests that change something take a copy."""
    return once("listening", lambda folder: write_run(folder / "tones")) / "tones"


def write_run(run: Path) -> None:
    runfolder.write_bytes(run / runfolder.TFLITE, convert_listening())
    runfolder.write_spec(run, ModelSpec(labels=labels_for(WORDS_HZ)), [runfolder.TFLITE])
    clips = {"yes": tone(500, 1000), "größe": tone(1500, 1000), "_unknown_": noise(1000)}
    entries = []
    for label, samples in clips.items():
        name = f"{label}_0.wav"
        runfolder.write_bytes(run / runfolder.CLIPS / name, wav.encode_wav(samples, RATE_HZ))
        entries.append({"file": name, "label": label, "source": ""})
    runfolder.write_json(run / runfolder.CLIPS / runfolder.CLIPS_LIST, entries)
    generate(run)


# hil test

TIME_LIMIT_S = 60
CLIPS_PER_WORD = 8


@pytest.fixture
def time_limit() -> Iterator[None]:
    """No test may hang."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"took longer than {TIME_LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(TIME_LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def corpus(run_folder: Path, once: Callable[..., Path]) -> Path:
    """Recordings between two sounds, where the model is not sure: elsewhere its scores are all alike."""
    return once("unsure", lambda folder: write_unsure(folder, run_folder))


def write_unsure(folder: Path, run_folder: Path) -> None:
    model = TflmModel((run_folder / runfolder.TFLITE).read_bytes(), "model")
    rng = np.random.default_rng(5)
    tones_hz = {**WORDS_HZ, "other": 3000}
    for word, frequency_hz in tones_hz.items():
        for number in range(CLIPS_PER_WORD):
            other_hz = rng.choice([hz for hz in tones_hz.values() if hz != frequency_hz])
            one, other = (
                tone(hz, 1000, rng.uniform(0.05, 0.5)) + rng.normal(0, 300, RATE_HZ)
                for hz in (frequency_hz, other_hz)
            )
            write(folder / word / f"s{number}_nohash_0.wav", between(model, one, other))
    write(folder / "_background_noise_" / "noise.wav", rng.normal(0, 2000, 20 * RATE_HZ))


def between(model: TflmModel, one: Any, other: Any) -> Any:
    """A mixture of two sounds at which the model changes its mind."""

    def mixture(share: float) -> Any:
        return (1 - share) * one + share * other

    def label(share: float) -> int:
        audio = wav.to_float(mixture(share).astype(np.int16))[np.newaxis]
        features = frontend.wav_features(audio, FrontEnd())
        return int(model.run(frontend.model_input(features, FrontEnd())).argmax())

    low, high = 0.0, 1.0
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (middle, high) if label(middle) == label(0) else (low, middle)
    return mixture(low)


def write(path: Path, samples: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(wav.encode_wav(np.clip(samples, -32768, 32767).astype(np.int16), RATE_HZ))


@pytest.fixture(scope="session")
def clip_set(run_folder: Path, corpus: Path) -> ClipSet:
    found = read_clip_set(run_folder, str(corpus), "all", None)
    assert len(found) == 4 * CLIPS_PER_WORD
    assert len({row.tobytes() for row in found.scores}) > 10, "clips with the same scores prove little"
    return found


def first(clip_set: ClipSet, count: int) -> ClipSet:
    names = ("samples", "truth", "sources", "features", "scores")
    return dataclasses.replace(clip_set, **{name: getattr(clip_set, name)[:count] for name in names})


@pytest.fixture
def own_run(run_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run_folder, tmp_path / "run")


@pytest.fixture
def dut(firmware: Firmware, run_folder: Path, own_run: Path) -> Callable[..., DUT]:
    """``dut(board_id, feed, faults=None, c=None)``: the firmware proof, in RUN/firmware as if built there.

    ``c`` is the generated C of another model.
    """

    def make(
        board_id: str = "host", feed: str = "serial", faults: Faults | None = None, c: Path | None = None
    ) -> DUT:
        board = load_board(board_id)
        require_tools(board)
        program = firmware(board_id, PROOF, c or run_folder / "c")
        folder = own_run / runfolder.FIRMWARE / board_id
        folder.mkdir(parents=True)
        shutil.copy(program, folder / PROOF)
        shutil.copytree(program.parent / f"{PROOF}_build_id", folder / f"{PROOF}_build_id")
        note_sources(folder, PROOF, read_manifest(own_run / runfolder.C_SOURCES, ""))
        source = FaultSource(faults) if faults else None

        def open_link() -> Link:
            link: Link = ProcessLink(board.command(folder / PROOF, feed == "semihosting"))
            return FaultyLink(link, source) if source else link

        label = EMULATED if board.target else HOST
        return DUT(board_id, "compiled", build_id(board, own_run), label, feed, open_link, source)

    return make


IMPATIENT = Patience(1.5)  # waits that are short enough for clip_set


def heard(run: Path, samples: NDArray[np.int16]) -> list[str]:
    """What the application must say: its twin in Python."""
    spec = runfolder.read_spec(run)
    model = TflmModel((run / runfolder.TFLITE).read_bytes(), "model")
    scores, times_ms = stream_scores(model.run, samples, spec.front_end, INFERENCE_STRIDE_ROWS)
    return [
        f"Heard {spec.labels[found.label]} ({found.score}) @{found.time_ms}ms"
        for found in recognize(scores, times_ms, in_force(run, spec)[1])
    ]


def boot_crc(data: bytes) -> int:
    """RP2040 Datasheet, 2.8.1.3.1: polynomial 04C11DB7, from all ones on, highest bit first, not inverted."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value
