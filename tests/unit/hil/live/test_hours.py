"""Hours of sound leave no memory behind, and counters of the C that wrap are not noticed."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_boards import own_memory_mb
from live_sounds import EAGER, RATE_HZ, noisy
from numpy.typing import NDArray

from hil.commands import listen
from hil.live import Detector
from hil.live.screen import Screen
from hil.live.session import Session
from hil.protocol.messages import Ack, AckStatus, Audio, StreamBegin, StreamResultRequest
from hil.protocol.transfers.stream import StreamTransfer
from hil.recording.recorder import Plan, Recorder
from hil.recording.take_files import TakeFiles

MINUTES = 4  # 2,400 inferences
MOST_MB = 1.0  # what stays of each, even if little, would take more
DAY_MS = 24 * 3600 * 1000


class Minutes:
    """A source that gives a minute of noise again and again."""

    name, overruns = "minutes", 0

    def __init__(self, minutes: float, seconds_a_piece: float = 0.5) -> None:
        self._sound = noisy(10.0, seed=9)
        self._pieces = round(60 * minutes / seconds_a_piece)
        self._length = round(seconds_a_piece * RATE_HZ)

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        for number in range(self._pieces):
            start = number * self._length % (len(self._sound) - self._length)
            yield self._sound[start : start + self._length]


def check_flat(work: Callable[[float], object], minutes: float = MINUTES) -> None:
    """``work(minutes)`` leaves no more behind than a part of it."""
    work(minutes / 3)
    before_mb = own_memory_mb()
    work(minutes)
    assert own_memory_mb() - before_mb < MOST_MB


class Sink(io.TextIOBase):
    """Takes what is said, and keeps nothing."""

    lines = 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        return len(text)


@pytest.mark.parametrize("how", ["screen", "json", "lines"])
def test_listening_keeps_nothing(live_run: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    sink = Sink()
    monkeypatch.setattr("sys.stdout", sink)
    with Detector.load(live_run, EAGER) as detector:

        def work(minutes: float) -> None:
            source, session = Minutes(minutes), Session(RATE_HZ)
            if how == "screen":
                screen = Screen(lambda picture: drawn.append(len(picture(80, 24, False))), detector, "x")
                for piece in source.pieces():
                    session.add(len(piece), detector.level, detector.listen(piece))
                    screen.show(session, 0)
            else:
                flags: Any = SimpleNamespace(json=how == "json", scores=True)
                listen._say_all(detector, source, session, flags)
            assert session.heard.total() > 0

        check_flat(work)
    assert sink.lines > 100 or drawn


def test_raw_samples_of_hours_end_without_a_copy_of_them(
    live_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hil.live.sources import RawSource

    path = tmp_path / "sound.raw"
    path.write_bytes(bytes(2 * RATE_HZ * 3600))
    before_mb = most_mb = own_memory_mb()
    for piece in RawSource(str(path), RATE_HZ, None).pieces():
        if len(piece) != 2048:
            most_mb = max(most_mb, own_memory_mb())
    assert most_mb - before_mb < MOST_MB


def test_a_stream_of_hours_is_not_copied() -> None:
    """Its requests are made when they are sent; the samples may be those of a file."""
    hour = np.broadcast_to(np.int16(1), RATE_HZ * 3600)
    before_mb = own_memory_mb()
    transfer = StreamTransfer(hour, 5, 4)
    transfer.begin(7)
    assert transfer.requests[0] == StreamBegin(7, 5)
    assert transfer.requests[-1] == StreamResultRequest(7, len(hour))
    for step in range(1, len(transfer.requests) - 1):
        request = transfer.requests[step]
        assert isinstance(request, Audio)
        end = request.first_sample + len(request.samples) // 2
        assert transfer.step_at(end) == step + 1
        assert transfer.take_ack(Ack(7, end, AckStatus.ACCEPTED, 0), step + 1) == ""
        if end > len(hour) // 20:
            break
    assert own_memory_mb() - before_mb < MOST_MB


def test_waiting_for_a_word_keeps_a_few_seconds(tmp_path: Path) -> None:
    class Quiet(Minutes):
        def pieces(self) -> Iterator[NDArray[np.int16]]:
            quiet = (noisy(10.0, seed=9) / 2000).astype(np.int16)
            for number in range(self._pieces):
                yield np.roll(quiet, number)[: self._length]

    files = TakeFiles(tmp_path, ["yes"], "me", RATE_HZ)
    keys = SimpleNamespace(pressed=lambda: "")

    def work(minutes: float) -> None:
        recorder = Recorder(Quiet(minutes, 0.1), files, Plan(["yes"], 1), keys, lambda _: None)  # type: ignore[arg-type]
        with pytest.raises((StopIteration, RuntimeError)):
            recorder.run()

    check_flat(work, 0.5)


def jump(detector: Detector, from_ms: int, to_ms: int) -> None:
    """Let the C believe that it has listened for longer: its count of samples is put forward."""
    stream: Any = detector._engine._stream  # type: ignore[attr-defined]
    samples = from_ms * RATE_HZ // 1000
    places = [place for place in range(len(stream)) if stream[place] == samples]
    assert len(places) == 1, "the count of samples was not found in the stream"
    stream[places[0]] = to_ms * RATE_HZ // 1000


@pytest.mark.parametrize("day", [2**31 / DAY_MS, 2**32 / DAY_MS, 3 * 2**32 / DAY_MS])
def test_a_detector_runs_for_months(live_run: Path, day: float) -> None:
    """Milliseconds are counted in 32 bits in C: they wrap after 24.8 and 49.7 days."""
    sound, start = noisy(6.0, seed=2), noisy(3.017, seed=5)
    with Detector.load(live_run, EAGER) as fresh:
        fresh.push(start)
        expected = fresh.listen(sound)
    with Detector.load(live_run, EAGER) as detector:
        detector.push(start)
        time_ms = 3017
        end_ms = round(day * DAY_MS) - 2000
        while time_ms < end_ms:  # in steps, since no stream is silent for 24 days
            step_ms = min(2**30, end_ms - time_ms)
            jump(detector, time_ms, time_ms + step_ms)
            time_ms += step_ms
            if time_ms < end_ms:
                detector.push(np.zeros(RATE_HZ * 2 // 5, np.int16))  # a whole number of strides
                time_ms += 400
        found = detector.listen(sound)
    shift_ms = found[0].time_ms - expected[0].time_ms
    assert shift_ms > 2**30
    assert [item.time_ms - shift_ms for item in found][-20:] == [item.time_ms for item in expected][-20:]
    assert [item.scores for item in found][-20:] == [item.scores for item in expected][-20:]
    assert json.dumps([item.detection is None for item in found[-20:]]) == json.dumps(
        [item.detection is None for item in expected[-20:]]
    )
