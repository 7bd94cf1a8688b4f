"""Detection smoothing: the C of the device against the rules of SEMANTICS.md B, written again in Python."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from train.core.operating_point import NEVER, OperatingPoint, original

APP, LISTENER = ROOT / "firmware" / "app", ROOT / "firmware" / "listener"
CAPACITY = 50
ERROR_TIME = -1
YES, NO = 2, 3
ORIGINAL = original(4)
QUIET = (-128, -128, -128, -128)
COMPILER = shutil.which("cc")
SANITIZE = ["-fsanitize=undefined", "-fno-sanitize-recover=all"]

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc)")


class Settings(ctypes.Structure):
    _fields_ = [
        ("window_ms", ctypes.c_uint32),
        ("suppression_ms", ctypes.c_uint32),
        ("minimum_count", ctypes.c_int32),
        ("thresholds", ctypes.c_void_p),
    ]


class State(ctypes.Structure):
    _fields_ = [
        ("settings", Settings),
        ("label_count", ctypes.c_int32),
        ("scores", ctypes.c_void_p),
        ("times_ms", ctypes.c_uint32 * CAPACITY),
        ("oldest", ctypes.c_int32),
        ("count", ctypes.c_int32),
        ("previous_label", ctypes.c_int32),
        ("previous_time_ms", ctypes.c_uint32),
        ("is_started", ctypes.c_int32),
        ("newest_time_ms", ctypes.c_uint32),
    ]


class Detection(ctypes.Structure):
    _fields_ = [("label", ctypes.c_int32), ("score", ctypes.c_int32), ("is_new", ctypes.c_int32)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("recognizer") / "recognizer.so"
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC", *SANITIZE]
    subprocess.run([str(COMPILER), *flags, "-o", path, LISTENER / "recognizer.c"], check=True, timeout=60)
    return ctypes.CDLL(str(path))


class Device:
    """The compiled recognizer."""

    def __init__(self, library: ctypes.CDLL, point: OperatingPoint = ORIGINAL) -> None:
        self.library = library
        label_count = len(point.thresholds)
        self.state = State()
        self.scores = (ctypes.c_int8 * (CAPACITY * label_count))()
        self.thresholds = (ctypes.c_uint8 * label_count)(*point.thresholds)
        address = ctypes.addressof(self.thresholds)
        settings = Settings(point.window_ms, point.suppression_ms, point.minimum_count, address)
        library.kws_recognizer_init(
            ctypes.byref(self.state), ctypes.byref(settings), self.scores, label_count
        )

    def update(self, scores: tuple[int, ...], time_ms: int) -> tuple[int, int, bool] | int:
        """(label, score, is new), or the error."""
        detection = Detection(-7, -7, -7)
        error: int = self.library.kws_recognizer_update(
            ctypes.byref(self.state),
            (ctypes.c_int8 * len(scores))(*scores),
            ctypes.c_uint32(time_ms),
            ctypes.byref(detection),
        )
        return error or (detection.label, detection.score, bool(detection.is_new))


@dataclass
class Model:
    """The rules, in the order in which the original applies them; time does not wrap around."""

    point: OperatingPoint = ORIGINAL
    queue: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    previous: int = 0
    previous_time_ms: int | None = None
    newest_time_ms: int = 0

    def update(self, scores: tuple[int, ...], time_ms: int) -> tuple[int, int, bool] | int:
        if time_ms < self.newest_time_ms:
            return ERROR_TIME
        self.newest_time_ms = time_ms
        if len(self.queue) < CAPACITY:
            self.queue.append((time_ms, scores))
        self.queue = [entry for entry in self.queue if entry[0] >= time_ms - self.point.window_ms]
        if len(self.queue) < self.point.minimum_count:
            return self.previous, 0, False
        if time_ms - self.queue[0][0] < self.point.window_ms // 4:
            return self.previous, 0, False
        columns = zip(*(entry[1] for entry in self.queue), strict=True)
        means = [sum(score + 128 for score in column) // len(self.queue) for column in columns]
        score = max(means)
        label = means.index(score)
        if self.previous == 0 or self.previous_time_ms is None:
            since_ms = float("inf")
        else:
            since_ms = time_ms - self.previous_time_ms
        is_late = label != self.previous or since_ms > self.point.suppression_ms
        is_new = score > self.point.thresholds[label] and is_late
        if is_new:
            self.previous, self.previous_time_ms = label, time_ms
        return label, score, is_new


def sure_of(label: int, score: int = 255, label_count: int = 4) -> tuple[int, ...]:
    """Scores of one inference: ``score`` (0 to 255) for the label, 0 for the rest."""
    return tuple(score - 128 if i == label else -128 for i in range(label_count))


@pytest.fixture
def device(library: ctypes.CDLL) -> Device:
    return Device(library)


def new_at(
    device: Device, scores: Callable[[int], tuple[int, ...]], times_ms: range
) -> list[tuple[int, int]]:
    """(time, label) of every new detection."""
    found = []
    for time_ms in times_ms:
        result = device.update(scores(time_ms), time_ms)
        assert isinstance(result, tuple)
        if result[2]:
            found.append((time_ms, result[0]))
    return found


def test_each_label_has_its_threshold(library: ctypes.CDLL) -> None:
    point = OperatingPoint(300, 1500, 2, (NEVER, NEVER, 100, 0))
    scores = {0: (0, 250), 500: (1, 250), 1000: (YES, 100), 1500: (YES, 101), 2000: (NO, 1)}
    found = new_at(Device(library, point), lambda t: sure_of(*scores[t // 500 * 500]), range(0, 2500, 100))
    # The mean of 300 ms is of four results; of 1 it is rounded down to 0 until the fourth.
    assert found == [(1800, YES), (2300, NO)]


def test_the_same_word_again_only_after_the_suppression(device: Device) -> None:
    # First decision: a quarter of the window filled. 1500 ms later is not yet more than 1500 ms.
    assert new_at(device, lambda _: sure_of(YES), range(0, 3601, 50)) == [
        (250, YES),
        (1800, YES),
        (3350, YES),
    ]


def test_another_word_is_new_at_once(device: Device) -> None:
    """The OR: the original on the host, with its AND, would be silent here until 1500 ms have passed."""
    found = new_at(device, lambda t: sure_of(YES) if t <= 300 else sure_of(NO), range(0, 1601, 100))
    assert found[0] == (300, YES)
    assert found[1][1] == NO
    assert found[1][0] - found[0][0] < 1500


@pytest.mark.parametrize(("score", "expected"), [(200, []), (201, [(250, YES)])])
def test_threshold_must_be_exceeded(device: Device, score: int, expected: list[tuple[int, int]]) -> None:
    assert new_at(device, lambda _: sure_of(YES, score), range(0, 1000, 50)) == expected


def test_mean_is_rounded_down(device: Device) -> None:
    for time_ms, score in ((0, 201), (200, 201), (400, 200)):
        result = device.update(sure_of(YES, score), time_ms)
    assert result == (YES, 200, False)  # 200.67


@pytest.mark.parametrize("times_ms", [(0, 400), (0, 100, 249)])
def test_too_few_or_too_close_is_no_decision(device: Device, times_ms: tuple[int, ...]) -> None:
    assert [device.update(sure_of(YES), time_ms) for time_ms in times_ms] == [(0, 0, False)] * len(times_ms)


def test_results_older_than_the_window_are_gone(device: Device) -> None:
    for time_ms in (0, 100, 200):
        device.update(sure_of(YES), time_ms)
    for time_ms in (1000, 1100, 1200):
        result = device.update(QUIET, time_ms)
    assert result == (YES, 255 // 4, False)  # the one at 200 ms is 1000 ms old: still in
    assert device.update(QUIET, 1201) == (0, 0, False)


def test_time_backwards_is_an_error_and_changes_nothing(device: Device) -> None:
    for time_ms in (1000, 1200):
        device.update(sure_of(YES), time_ms)
    assert device.update(sure_of(NO), 1199) == ERROR_TIME
    assert device.update(sure_of(YES), 1300) == (YES, 255, True)


def test_clock_may_wrap_around(device: Device) -> None:
    start_ms = 2**32 - 300
    results = [device.update(sure_of(YES), (start_ms + step) % 2**32) for step in range(0, 1900, 100)]
    assert [i for i, result in enumerate(results) if isinstance(result, tuple) and result[2]] == [3]


def test_full_queue_drops_the_newest(device: Device) -> None:
    for time_ms in range(0, 1000, 20):
        device.update(QUIET, time_ms)
    assert device.update(sure_of(YES), 1000) == (0, 0, False)
    assert device.state.count == CAPACITY
    assert device.state.times_ms[(device.state.oldest + CAPACITY - 1) % CAPACITY] == 980


points = st.one_of(
    st.just(ORIGINAL),
    st.builds(
        OperatingPoint,
        window_ms=st.sampled_from((1, 100, 300, 750, 1000)),
        suppression_ms=st.sampled_from((1, 500, 1500)),
        minimum_count=st.integers(1, 4),
        thresholds=st.lists(st.integers(180, NEVER), min_size=1, max_size=6).map(tuple),
    ),
)
steps_ms = st.one_of(st.integers(0, 40), st.integers(0, 400), st.integers(0, 3000), st.integers(-1200, 0))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), point=points)
def test_every_stream_as_the_rules_say(
    library: ctypes.CDLL, data: st.DataObject, point: OperatingPoint
) -> None:
    """Streams that dwell on one label, so that there is much to detect; any step of time, also backwards."""
    device, model = Device(library, point), Model(point)
    label_count = len(point.thresholds)
    time_ms = 5000
    for _ in range(data.draw(st.integers(1, 12), label="phases")):
        step_ms = data.draw(steps_ms, label="step")
        label = data.draw(st.integers(0, label_count - 1), label="label")
        noise = data.draw(
            st.lists(st.integers(0, 60), min_size=label_count, max_size=label_count), label="noise"
        )
        top = data.draw(st.integers(190, 255), label="top")
        scores = tuple((top if i == label else noise[i]) - 128 for i in range(label_count))
        for _ in range(data.draw(st.integers(1, 70), label="repeats")):
            time_ms += step_ms if time_ms + step_ms >= 0 else 0
            assert device.update(scores, time_ms) == model.update(scores, time_ms)


FAKE_HAL = """
#include <stdio.h>
#include "hal.h"
#include "print.h"
static int turn;
size_t kws_hal_serial_write(const uint8_t *bytes, size_t count) {  // takes 0 to 2 bytes, as a full line would
    size_t room = (size_t)(turn++ % 3);
    return fwrite(bytes, 1, room < count ? room : count, stdout);
}
void kws_hal_idle(void) {}
int main(void) {
    kws_print_heard("yes", 201, 4056);
    kws_print_heard("größe", 255, 4294967295u);
    kws_print_heard("no", 0, 0);
}
"""


def test_heard_line(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(FAKE_HAL, encoding="utf-8")
    program = tmp_path / "heard"
    folders = [f"-I{APP}", f"-I{APP.parent / 'hal'}"]
    subprocess.run(
        [str(COMPILER), "-std=c11", *folders, "-o", program, tmp_path / "main.c", APP / "print.c"],
        check=True,
        timeout=60,
    )
    text = subprocess.run([program], check=True, capture_output=True, timeout=10).stdout.decode()
    assert text == "Heard yes (201) @4056ms\nHeard größe (255) @4294967295ms\nHeard no (0) @0ms\n"
