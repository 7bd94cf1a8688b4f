"""earshot listen: a line a detection, or JSON; its input ends, or Ctrl-C ends it, or its reader leaves."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke import invoke
from live_sounds import RATE_HZ, noisy
from places import ROOT

from hil.commands import listen
from hil.link.link import LinkError
from hil.live import Detection, Detector
from train.audio import wav
from train.core.errors import UserError

ALL_WORDS = ("--threshold", "0")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "sound.wav"
    path.write_bytes(wav.encode_wav(noisy(6.0, seed=2), RATE_HZ))
    return path


@pytest.fixture
def detections(live_run: Path, recording: Path) -> list[Detection]:
    """What a detector hears whose words have a threshold of 0, and all else what is in force."""
    with Detector.load(live_run) as detector:
        point = detector.point
    thresholds = (*point.thresholds[:2], 0, 0)
    with Detector.load(live_run, type(point)(**(vars(point) | {"thresholds": thresholds}))) as detector:
        found = detector.push(noisy(6.0, seed=2))
    assert found, "a test without detections would prove nothing"
    return found


def test_a_line_a_detection(
    live_run: Path, recording: Path, detections: list[Detection], capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(listen, [live_run, "--wav", recording, *ALL_WORDS])
    said, about = capsys.readouterr()
    expected = [f"Heard {it.word} ({it.score}) @{it.time_ms}ms" for it in detections]
    assert said.splitlines()[: len(expected)] == expected
    assert re.search(r"listened to sound\.wav for 7\.\d s; heard ", about)
    assert "loudest sample at -" in about


def test_json(
    live_run: Path, recording: Path, detections: list[Detection], capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(listen, [live_run, "--wav", recording, "--json", "--scores", *ALL_WORDS])
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [entry for entry in entries if entry.pop("type") == "detection"]
    scores = [entry for entry in entries if "scores" in entry]
    assert found[: len(detections)] == [vars(detection) for detection in detections]
    assert [entry["time_ms"] for entry in scores[:3]] == [990, 1070, 1150]
    assert scores[0]["means"] is None
    assert set(scores[5]["scores"]) == set(scores[5]["means"]) == {"_silence_", "_unknown_", "yes", "größe"}


def listening(*arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hil", "listen", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **options
    )


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_ends_it_with_what_was_heard(live_run: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with listening(live_run, "--raw", fifo, *ALL_WORDS) as process, fifo.open("wb", buffering=0) as pipe:
        pipe.write(noisy(6.0, seed=2).astype("<i2").tobytes())
        assert process.stdout.readline().startswith("Heard ")
        process.send_signal(signal.SIGINT)
        _, about = process.communicate(timeout=30)
    assert process.returncode == 0
    assert re.search(r"listened to .*fifo for \d\.\d s; heard .*(yes|größe)", about)


def test_a_reader_that_leaves_is_no_error(live_run: Path, recording: Path) -> None:
    with listening(live_run, "--wav", recording, "--json", "--scores") as process:
        process.stdout.close()
        about = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in about
    assert "rror" not in about


@pytest.fixture
def talking_port() -> Iterator[str]:
    """Of a board with the program `earshot`, which is unplugged then."""

    def speak_and_leave() -> None:
        with server.accept()[0] as line:
            time.sleep(0.5)  # a port throws away what came before it was open
            line.sendall(b"earshot nano ready\nHeard yes (235) @1290ms\nHeard yes (230) @5290ms\n")

    with socket.create_server(("localhost", 0)) as server:
        board = threading.Thread(target=speak_and_leave)
        board.start()
        yield f"socket://localhost:{server.getsockname()[1]}"
        board.join()


def test_a_board_that_only_says_what_it_hears_has_no_scores(talking_port: str) -> None:
    with pytest.raises(UserError, match=r"the program earshot tells no scores; flash proof"):
        invoke(listen, ["--port", talking_port, "--json", "--scores"])


@pytest.mark.parametrize("is_json", [False, True])
def test_a_board_says_what_it_hears(
    is_json: bool, talking_port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LinkError, match="the connection was lost"):
        invoke(listen, ["--port", talking_port, *(["--json"] if is_json else [])])
    said, about = capsys.readouterr()
    first, *heard = said.splitlines()
    if is_json:
        assert json.loads(first) == {"type": "line", "text": "earshot nano ready"}
        expected = {"type": "detection", "word": "yes", "score": 235, "time_ms": 1290}
        assert json.loads(heard[0]) == expected
    else:
        assert [first, heard[0]] == ["earshot nano ready", "Heard yes (235) @1290ms"]
    assert "heard yes twice" in about


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--wav", "a", "--raw", "b"], "--wav and --raw exclude each other"),
        (["--wav", "a", "--raw", "b", "--port", "c"], "--wav and --raw and --port exclude each other"),
        (["--realtime"], "--realtime is of no use without --wav"),
        (["--raw-rate-hz", "8000"], "--raw-rate-hz is of no use without --raw"),
        (["--scores"], "--scores is of no use without --json"),
        (["--threshold", "256", "--wav", "a"], "--threshold 256: expected 0 to 255"),
        (["--threshold", "ja=3", "--wav", "a"], "ja is no word of the model; it has yes, größe"),
        (["--threshold", "yes=", "--wav", "a"], "--threshold yes=: expected 0 to 255"),
        (["--port", "x"], "which has its own model; leave out what is about a run"),
    ],
)
def test_what_is_refused(live_run: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        invoke(listen, [live_run, *arguments])
