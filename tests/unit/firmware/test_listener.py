"""From samples to decisions, and the microphone of boards that have none, compiled for the host."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from places import ROOT

from codegen.emit import generate
from train.audio import frontend, wav
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.core.spec import FrontEnd

FIRMWARE = ROOT / "firmware"
FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC"]
SANITIZE = ["-fsanitize=undefined", "-fno-sanitize-recover=all"]
FRAMES, BINS = 49, 43
NEXT = INFERENCE_STRIDE_ROWS
EARLY = (FRAMES - 1) // NEXT  # windows before the first full one that share rows with it

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")

# A model that remembers what it was given, spoils its input, and says what the test wants.
FAKE_MODEL = """
#include <string.h>
#include "model/model.h"
int8_t seen[100][KWS_INPUT_BYTES];
int8_t was_next[100];
int invocations, status;
int8_t scores[KWS_OUTPUT_COUNT];
static int8_t input[KWS_INPUT_BYTES];
int32_t kws_model_init(kws_model *model) { (void)model; return 0; }
int8_t *kws_model_input(kws_model *model) { (void)model; return input; }
static int32_t invoke(int is_next) {
    was_next[invocations % 100] = (int8_t)is_next;
    memcpy(seen[invocations++ % 100], input, sizeof input);
    memset(input, 99, sizeof input);
    return status;
}
int32_t kws_model_invoke(kws_model *model) { (void)model; return invoke(0); }
int32_t kws_model_invoke_next(kws_model *model) { (void)model; return invoke(1); }
const int8_t *kws_model_output(const kws_model *model) { (void)model; return scores; }
"""

# As after so many samples, all of them listened to.
FAKE_CLOCK = """
#include "listener/stream.h"
void begin_at(kws_stream *stream, uint64_t samples, uint32_t rows) {
    kws_state *state = kws_state_of(stream);
    state->sample_count = samples;
    state->read = state->written = (uint32_t)samples;
    state->row_count = rows;
}
"""

FAKE_LINE = """
#include "hal.h"
static const uint8_t *line;
static size_t left, piece;
int acks, is_deaf;
void offer(const uint8_t *bytes, size_t count, size_t at_once) {
    line = bytes;
    left = count;
    piece = at_once;
}
size_t kws_hal_serial_read(uint8_t *bytes, size_t capacity) {
    size_t count = 0;
    while (count < piece && count < capacity && left > 0) { bytes[count++] = *line++; --left; }
    return count;
}
size_t kws_hal_serial_write(const uint8_t *bytes, size_t count) {
    if (is_deaf || count != 1 || *bytes != 6) return 0;
    ++acks;
    return 1;
}
"""


class Event(ctypes.Structure):
    _fields_ = [
        ("time_ms", ctypes.c_uint32),
        ("label", ctypes.c_int32),
        ("score", ctypes.c_int32),
        ("is_new", ctypes.c_int32),
    ]


class Listener:
    """The compiled kws.h with the fake model."""

    def __init__(self, library: ctypes.CDLL, stride_rows: int) -> None:
        self.library = library
        self.stream = (ctypes.c_uint64 * 4096)(*[~0] * 4096)  # 32 kB, more than it needs, of anything
        ctypes.c_int.in_dll(library, "invocations").value = 0
        ctypes.c_int.in_dll(library, "status").value = 0
        assert library.kws_init(self.stream) == 0
        library.kws_set_stride(self.stream, stride_rows)

    def push(self, samples: NDArray[np.int16], pieces: Sequence[int] = ()) -> list[Event]:
        """Events of a stream in pieces of these sizes, then whole; an error ends it."""
        samples = np.ascontiguousarray(samples, np.int16)
        events, start = [], 0
        for size in (*pieces, len(samples)):
            end = min(start + size, len(samples))
            while start < end:
                where = ctypes.c_void_p(samples.ctypes.data + 2 * start)
                start += self.library.kws_push(self.stream, where, ctypes.c_uint32(end - start))
                while status := self.library.kws_poll(self.stream, ctypes.byref(event := Event())):
                    if status < 0:
                        return [*events, status]
                    events.append(event)
        return events

    def was_next(self) -> list[bool]:
        """Of each inference, whether it was to compute only what is new."""
        count = ctypes.c_int.in_dll(self.library, "invocations").value
        return [bool(flag) for flag in (ctypes.c_int8 * 100).in_dll(self.library, "was_next")[:count]]

    def seen(self) -> NDArray[np.int8]:
        """(inferences, 49, 43): what the model was given, also before the first window was full."""
        count = ctypes.c_int.in_dll(self.library, "invocations").value
        memory = (ctypes.c_int8 * (100 * FRAMES * BINS)).in_dll(self.library, "seen")
        return np.frombuffer(memory, np.int8).reshape(100, FRAMES, BINS)[:count].copy()

    def say(self, scores: Sequence[int], status: int = 0) -> None:
        (ctypes.c_int8 * 4).in_dll(self.library, "scores")[:] = scores
        ctypes.c_int.in_dll(self.library, "status").value = status


@pytest.fixture(scope="module")
def compile_library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ctypes.CDLL]:
    def build(fake: str, sources: Sequence[Path], includes: Sequence[Path]) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("library")
        (folder / "fake.c").write_text(fake)
        command = ["cc", *FLAGS, *SANITIZE, *(f"-I{path}" for path in includes), "-o", folder / "library.so"]
        subprocess.run([*command, folder / "fake.c", "-x", "c", *sources], check=True, timeout=60)
        return ctypes.CDLL(str(folder / "library.so"))

    return build


@pytest.fixture
def library(make_run: Callable[..., Path], compile_library: Callable[..., ctypes.CDLL]) -> ctypes.CDLL:
    run = make_run()
    generate(run)
    app = [FIRMWARE / "listener" / name for name in ("stream.c", "recognizer.c")]
    front = [FIRMWARE / "frontend" / name for name in ("frontend.c", "window.c", "fft.c")]
    generated = [run / "c" / name for name in ("frontend_tables.c", "kws_settings.c")]
    return compile_library(FAKE_MODEL + FAKE_CLOCK, [*app, *front, *generated], [FIRMWARE, run / "c"])


def noise(count: int) -> NDArray[np.int16]:
    return np.random.default_rng(4).normal(0, 1000, count).astype(np.int16)


def rows_of(samples: NDArray[np.int16]) -> NDArray[np.int8]:
    """(rows, 43) int8: the definition, over a stream of any length."""
    count = (len(samples) - 480) // 320 + 1
    front_end = FrontEnd(clip_duration_ms=30 + 20 * (count - 1))
    audio = wav.to_float(samples[: front_end.clip_samples])[np.newaxis]
    return frontend.model_input(frontend.wav_features(audio, front_end), front_end)[0]


@pytest.mark.parametrize("stride_rows", [1, 5, 60])
def test_the_model_sees_the_newest_rows_in_order(library: ctypes.CDLL, stride_rows: int) -> None:
    samples = noise(16000 + 320 * 70)
    listener = Listener(library, stride_rows)
    events = listener.push(samples)
    rows = rows_of(samples)
    ends = range(FRAMES, len(rows) + 1, stride_rows)
    assert [event.time_ms for event in events] == [30 + 20 * (end - 1) for end in ends]
    windows = np.stack([rows[end - FRAMES : end] for end in ends])
    assert np.array_equal(listener.seen()[-len(ends) :], windows)
    assert listener.was_next() == [stride_rows == NEXT] * len(listener.seen())
    assert len(listener.seen()) == len(ends) + (EARLY if stride_rows == NEXT else 0)


def test_an_engine_that_computes_what_is_new_knows_all_windows_before(library: ctypes.CDLL) -> None:
    """Those that share rows with the first full one: what they share is there, in its place."""
    samples = noise(16000 + 320 * 21)
    rows = rows_of(samples)
    listener = Listener(library, NEXT)
    listener.push(samples)
    ends = range(FRAMES - EARLY * NEXT, len(rows) + 1, NEXT)
    assert len(listener.seen()) == len(ends)
    for window, end in zip(listener.seen(), ends, strict=True):
        shared = rows[max(0, end - FRAMES) : end]
        assert np.array_equal(window[FRAMES - len(shared) :], shared)


def test_after_another_stride_it_is_told_them_again(library: ctypes.CDLL) -> None:
    samples = noise(16000 + 320 * 40)
    rows = rows_of(samples)
    listener = Listener(library, NEXT)
    listener.push(samples[: 16000 + 320 * 10])
    library.kws_set_stride(listener.stream, 2)
    listener.push(samples[16000 + 320 * 10 : 16000 + 320 * 20])
    before = len(listener.seen())
    assert listener.was_next()[-5:] == [False] * 5
    library.kws_set_stride(listener.stream, NEXT)
    listener.push(samples[16000 + 320 * 20 :])
    assert all(listener.was_next()[before:])
    end = FRAMES + 20 + NEXT
    known, windows = rows[end - FRAMES : end], listener.seen()[before:]
    for early in range(EARLY):
        behind = (EARLY - early) * NEXT
        assert np.array_equal(windows[early][behind:], known[: FRAMES - behind])
    for position, window in enumerate(windows[EARLY:]):
        assert np.array_equal(window, rows[end - FRAMES + position * NEXT :][:FRAMES])
    assert len(windows) == EARLY + len(range(end, len(rows) + 1, NEXT))


def test_nothing_before_all_rows_are_there(library: ctypes.CDLL) -> None:
    listener = Listener(library, 1)
    assert listener.push(noise(480 + 48 * 320 - 1)) == []
    assert [event.time_ms for event in listener.push(noise(1))] == [990]


@pytest.mark.parametrize(
    "samples_before",
    [2**31 - 24_000, 2**32 - 24_000, 16 * 2**31 - 24_000, 16 * 2**32 - 24_000, 16 * 3 * 2**32 - 24_000],
    ids=["2^31 samples", "2^32 samples", "2^31 ms", "2^32 ms", "147 days"],
)
@pytest.mark.parametrize("stride_rows", [NEXT, 5])
def test_counters_wrap_unnoticed(library: ctypes.CDLL, stride_rows: int, samples_before: int) -> None:
    """The same rows, scores and decisions as from 0 on; the time wraps after 49.7 days."""
    samples, outcomes = noise(60_000), []
    for before, rows in ((0, 0), (samples_before, 2**32 - 60)):
        listener = Listener(library, stride_rows)
        library.begin_at(listener.stream, ctypes.c_uint64(before), ctypes.c_uint32(rows))
        listener.say([-128, -128, 127, -128])
        events = listener.push(samples, [700] * 80)
        times_ms = [(event.time_ms - before // 16) % 2**32 for event in events]
        decisions = [(event.label, event.score, event.is_new) for event in events]
        outcomes.append((times_ms, decisions, listener.seen().tobytes()))
    assert outcomes[0] == outcomes[1]
    assert sum(is_new for _, _, is_new in outcomes[0][1]) >= 2


def test_pieces_do_not_matter(library: ctypes.CDLL) -> None:
    samples = noise(25_000)
    whole = Listener(library, 5)
    times_ms = [event.time_ms for event in whole.push(samples)]
    seen = whole.seen()
    rng = np.random.default_rng(6)
    for largest in (1, 2, 7, 256, 319, 320, 321, 5000):
        split = Listener(library, 5)
        pieces = rng.integers(1, largest + 1, 25_000 // largest).tolist()
        assert [event.time_ms for event in split.push(samples, pieces)] == times_ms
        assert np.array_equal(split.seen(), seen)


def test_a_word_is_new_once_and_then_suppressed(library: ctypes.CDLL) -> None:
    listener = Listener(library, 5)
    listener.say([-128, -128, 127, -128])
    events = listener.push(noise(16000 * 3))
    new = [(event.time_ms, event.label) for event in events if event.is_new]
    assert new == [(1290, 2), (2890, 2)]  # a quarter of a second after the first; more than 1.5 s later
    assert {event.score for event in events[3:]} == {255}


def test_the_models_error_is_handed_on(library: ctypes.CDLL) -> None:
    listener = Listener(library, 5)
    listener.say([127, -128, -128, -128], status=-6)
    assert listener.push(noise(16000)) == [-6]


@pytest.fixture(scope="module")
def line(compile_library: Callable[..., ctypes.CDLL]) -> ctypes.CDLL:
    source = FIRMWARE / "boards" / "common" / "audio_serial.c"
    return compile_library(FAKE_LINE, [source], [FIRMWARE / "hal"])


def read_all(line: ctypes.CDLL, data: bytes, piece: int, capacity: int) -> NDArray[np.int16]:
    """Samples of a line that has ``piece`` bytes at a time."""
    line.kws_hal_audio_read.restype = ctypes.c_size_t
    line.offer(data, ctypes.c_size_t(len(data)), ctypes.c_size_t(piece))
    taken, room = [], (ctypes.c_int16 * capacity)()
    for _ in range(2 * len(data) // piece + 2 * len(data) // capacity + 4):
        count = line.kws_hal_audio_read(room, ctypes.c_size_t(capacity))
        assert count <= capacity
        taken += room[:count]
    return np.array(taken, np.int16)


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 64, 5000])
@pytest.mark.parametrize("capacity", [1, 7, 256])
def test_bytes_become_samples_however_they_are_split(line: ctypes.CDLL, piece: int, capacity: int) -> None:
    samples = np.random.default_rng(5).integers(-32768, 32768, 2048).astype(np.int16)
    acks = ctypes.c_int.in_dll(line, "acks")
    before = acks.value
    assert np.array_equal(read_all(line, samples.astype("<i2").tobytes(), piece, capacity), samples)
    assert acks.value - before == 4  # one for 1024 bytes


def test_acks_wait_for_room_and_are_not_lost(line: ctypes.CDLL) -> None:
    acks, is_deaf = ctypes.c_int.in_dll(line, "acks"), ctypes.c_int.in_dll(line, "is_deaf")
    before = acks.value
    is_deaf.value = 1
    read_all(line, bytes(3072), 64, 256)
    assert acks.value == before
    is_deaf.value = 0
    read_all(line, b"", 1, 256)
    assert acks.value - before == 3
