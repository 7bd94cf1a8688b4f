"""Streams of exported libraries hear what Python hears: several at once, in any pieces, from a thread."""

import ctypes
import itertools
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from export_tools import WARNINGS, write
from live_sounds import EAGER, RATE_HZ, noisy
from numpy.typing import NDArray
from places import C_PROGRAMS
from sweeping import sweep

from codegen.export.library import Library, load_library
from train.audio import wav
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.detection.reference_listener import recognize, stream_scores
from train.tflite.tflm import int8_model

PIECES = (1, 7, 319, 321, 16000)
Heard = list[tuple[int, int, int, int]]  # time in ms, label, mean score, whether it is new


def expected(run: Path, library: Library, samples: NDArray[np.int16]) -> tuple[NDArray[np.int8], Heard]:
    """Scores of each inference, and the detections, as Python has them."""
    assert library.spec is not None
    model = int8_model((run / "model.tflite").read_bytes(), "model")
    scores, times_ms = stream_scores(model.run, samples, library.spec.front_end, INFERENCE_STRIDE_ROWS)
    heard = [(it.time_ms, it.label, it.score, 1) for it in recognize(scores, times_ms, EAGER)]
    assert len(heard) > 3, "a test without detections would prove nothing"
    return scores, heard


class Stream:
    """One stream of a library that was compiled for this computer."""

    def __init__(self, code: ctypes.CDLL, library: Library) -> None:
        self._call = {
            name: getattr(code, f"{library.prefix}_{name}")
            for name in ("init", "push", "poll", "scores", "reset", "label", "version", "error_text")
        }
        self._call["scores"].restype = ctypes.POINTER(ctypes.c_int8)
        for name in ("label", "version", "error_text"):
            self._call[name].restype = ctypes.c_char_p
        self._memory = (ctypes.c_uint64 * (library.memory_bytes // 8))()
        self._event = (ctypes.c_int32 * 4)()
        self._label_count = len(library.labels)
        self.heard: Heard = []
        self.scores: list[NDArray[np.int8]] = []

    def begin(self) -> int:
        """Make it ready."""
        return self._call["init"](self._memory)

    def reset(self) -> None:
        """Forget everything, here too."""
        self._call["reset"](self._memory)
        self.heard, self.scores = [], []

    def push(self, samples: NDArray[np.int16]) -> int:
        """How many found room."""
        return self._call["push"](self._memory, samples.ctypes.data_as(ctypes.c_void_p), len(samples))

    def poll(self) -> int:
        """One inference at most."""
        status = self._call["poll"](self._memory, self._event)
        if status > 0:
            self.heard.append(tuple(self._event))  # type: ignore[arg-type]
            self.scores.append(
                np.ctypeslib.as_array(self._call["scores"](self._memory), (self._label_count,)).copy()
            )
        return status

    def text(self, name: str, *arguments: int) -> str:
        """What a function that returns a text says."""
        return self._call[name](*arguments).decode()

    def listen(self, samples: NDArray[np.int16], pieces: Sequence[int] = PIECES) -> Iterator[None]:
        """Push and poll all of it; a step for each piece."""
        place = 0
        for size in itertools.cycle(pieces):
            if place >= len(samples):
                return
            place += self.push(samples[place : place + size])
            while self.poll() > 0:
                pass
            yield


@pytest.fixture(scope="module")
def code(libraries, compiler, tmp_path_factory) -> ctypes.CDLL:
    """Both libraries in one, as in one program."""
    folder = tmp_path_factory.mktemp("both")
    sources = [path for library in libraries.values() for path in write(library, folder)]
    flags = ["-std=c99", "-O0", *WARNINGS, "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, *sources, "-o", folder / "both.so"], check=True)
    return ctypes.CDLL(str(folder / "both.so"))


def words(heard: Heard) -> Heard:
    """What is new."""
    return [event for event in heard if event[3]]


def test_two_models_and_two_streams_of_each_hear_what_each_hears_alone(code, libraries, runs):
    sounds = {name: [noisy(4.0, 20 + number), noisy(4.0, 30 + number)] for number, name in enumerate(runs)}
    streams, turns = {}, []
    for name, library in libraries.items():
        for number, samples in enumerate(sounds[name]):
            streams[name, number] = stream = Stream(code, library)
            assert stream.begin() == 0
            turns.append(stream.listen(samples, PIECES[number:] + PIECES[:number]))
    for _ in itertools.zip_longest(*turns):
        pass
    for (name, number), stream in streams.items():
        scores, heard = expected(runs[name], libraries[name], sounds[name][number])
        assert words(stream.heard) == heard
        assert np.array_equal(stream.scores, scores)
        first = stream.heard
        stream.reset()
        for _ in stream.listen(sounds[name][number], (800,)):
            pass
        assert stream.heard == first
        assert np.array_equal(stream.scores, scores)


def test_what_finds_no_room_is_left_to_the_caller(code, libraries):
    stream = Stream(code, libraries["one"])
    samples = noisy(1.0, 3)
    assert stream.push(samples) == 0  # not ready yet
    assert stream.poll() < 0
    assert "init" in stream.text("error_text", stream.poll())
    assert stream.begin() == 0
    assert stream.push(samples) == 2048
    assert stream.push(samples) == 0
    assert stream.poll() == 0
    assert stream.push(samples) == 2048
    assert stream.text("label", 3) == "größe"
    assert stream.text("label", 4) == stream.text("label", -1) == ""
    assert stream.text("version") in libraries["one"].files["one.h"]


@pytest.mark.parametrize("sanitizer", sweep(["thread", "address,undefined"], "thread"))
def test_a_thread_may_push_while_another_polls(runs, compiler, tmp_path, sanitizer):
    library = load_library(runs["one"], "kws")
    samples = noisy(3.0, 5)
    flags = ["-std=gnu11", "-O0", "-g", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", "-pthread"]
    program = tmp_path / "program"
    command = [
        compiler,
        *flags,
        f"-I{tmp_path}",
        *write(library, tmp_path),
        C_PROGRAMS / "push_from_a_thread.c",
    ]
    subprocess.run([*command, "-o", program], check=True)
    done = subprocess.run([program], input=samples.tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    heard = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert words(heard) == expected(runs["one"], library, samples)[1]  # type: ignore[arg-type]


def test_the_example_prints_the_words_of_a_recording(runs, libraries, compiler, tmp_path):
    library = libraries["other"]
    (tmp_path / "example.c").write_text(library.render_of_kind("example.c"), encoding="utf-8")
    samples = noisy(3.0, 6)
    (tmp_path / "sound.wav").write_bytes(wav.encode_wav(samples, RATE_HZ))
    sources = [*write(library, tmp_path), tmp_path / "example.c"]
    subprocess.run([compiler, *WARNINGS, "-std=c99", *sources, "-o", tmp_path / "example"], check=True)
    lines = [
        f"{time_ms} ms: {library.labels[label]} ({score})"
        for time_ms, label, score, _ in expected(runs["other"], library, samples)[1]
    ]
    for sound in ((tmp_path / "sound.wav").read_bytes(), samples.tobytes()):
        (tmp_path / "input").write_bytes(sound)
        with (tmp_path / "input").open("rb") as file:
            done = subprocess.run([tmp_path / "example"], stdin=file, capture_output=True, check=True)
        assert done.stdout.decode().splitlines() == lines
