"""``earshot stream``: the board hears what Python hears, whatever the line does to it."""

import dataclasses
import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulator.conftest import IMPATIENT, RATE_HZ, WORDS_HZ, noise, require_tools, tone
from emulator.proof_lines import EndingLink
from operating_points import put_in_force

from codegen.emit import generate
from hil.boards.board import load_board
from hil.boards.build import PROOF, build_id, note_sources
from hil.link.link import Link, LinkError
from hil.link.process import ProcessLink
from hil.proof import stream_check
from hil.proof.dut import DUT
from hil.proof.proof import ProofError
from hil.proof.stream_check import Listening, listen
from hil.protocol import codec
from hil.protocol.faulty_link import Faults, FaultSource, FaultyLink
from hil.protocol.framing import Decoder, Frame, encode
from hil.protocol.messages import Detection, Reset
from hil.protocol.transfers.transfer import FRAME_SAMPLES
from hil.provenance import EMULATED, HOST
from train.audio.wav import encode_wav
from train.core import runfolder
from train.core.errors import Interrupted, UserError
from train.core.manifest import read_manifest
from train.core.operating_point import NEVER, ORIGINAL, TUNED, OperatingPoint
from train.core.results.boards import StreamResult
from train.detection.labelled_stream import Stream, Word

WORDS = 4
SETTINGS = {"time_tolerance_ms": 750, "inference_stride_rows": 5}

pytestmark = pytest.mark.emulator

Firmware = Callable[..., Path]


@pytest.fixture(scope="session")
def stream() -> Stream:
    """The two words of the model in turn, and something else, which is in no truth."""
    samples = np.zeros(13 * RATE_HZ + 123, np.int16)
    words = []
    for number, (word, hz) in enumerate(list(WORDS_HZ.items()) * 2):
        start = RATE_HZ * (1 + 5 * number // 2) + 777 * number
        samples[start : start + RATE_HZ] = tone(hz, 1000)
        begin_ms = 1000 * start / RATE_HZ
        words.append(Word(word, begin_ms, begin_ms, begin_ms + 1000))
    samples[11 * RATE_HZ : 12 * RATE_HZ] = noise(1000)
    return Stream(samples, tuple(words))


@pytest.fixture
def own_run(run_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run_folder, tmp_path / "run")


@pytest.fixture(scope="session")
def tuned_run(run_folder: Path, once: Callable[..., Path]) -> Path:
    """The run with a short mean and low thresholds, of the words alone."""

    def make(folder: Path) -> None:
        run = shutil.copytree(run_folder, folder / "tuned")
        put_in_force(run, OperatingPoint(300, 1500, 3, (NEVER, NEVER, 90, 120)))
        generate(run)

    return once("tuned", make) / "tuned"


@pytest.fixture
def job(firmware: Firmware, run_folder: Path, own_run: Path, stream: Stream) -> Callable[..., Listening]:
    """``job(board_id, disturb, **settings)``: ``disturb`` makes a link of one that is open."""
    return job_maker(firmware, run_folder, own_run, stream)


def job_maker(
    firmware: Firmware, built_from: Path, own_run: Path, stream: Stream
) -> Callable[..., Listening]:
    """The same for any run; ``own_run`` is a copy of the one that firmware is built from, once for all."""

    def make(
        board_id: str = "host", disturb: Callable[[Link], Link] = lambda link: link, **settings: Any
    ) -> Listening:
        board = load_board(board_id)
        require_tools(board)
        program = firmware(board_id, PROOF, built_from / "c")
        folder = own_run / runfolder.FIRMWARE / board_id
        shutil.copytree(program.parent / f"{PROOF}_build_id", folder / f"{PROOF}_build_id")
        shutil.copy(program, folder / PROOF)
        note_sources(folder, PROOF, read_manifest(own_run / runfolder.C_SOURCES, ""))
        dut = DUT(
            board_id,
            "compiled",
            build_id(board, own_run),
            EMULATED if board.target else HOST,
            "serial",
            lambda: disturb(ProcessLink(board.command(folder / PROOF))),
        )
        return Listening(dut, runfolder.read_spec(own_run), own_run, stream, {**SETTINGS, **settings})

    return make


def check_heard_all(result: StreamResult) -> None:
    """As many detections as words, all of them Python's, and the scores to the bit."""
    assert result.complete
    compared = result.differences_to_host
    assert (compared.detections, compared.scores_equal, compared.first) == (0, True, None)
    assert compared.compared == len(result.detections) >= WORDS
    assert compared.inferences_compared == result.inferences > 110


@pytest.fixture(scope="module", params=["host", pytest.param("mps2-an386", marks=pytest.mark.slow)])
def untuned(
    request: pytest.FixtureRequest,
    firmware: Firmware,
    run_folder: Path,
    stream: Stream,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Listening, StreamResult]:
    """What a board heard, of each kind."""
    own_run = shutil.copytree(run_folder, tmp_path_factory.mktemp("untuned") / "run")
    listening = job_maker(firmware, run_folder, own_run, stream)(request.param)
    return listening, listen(listening)


def test_the_board_hears_what_python_hears(untuned: tuple[Listening, StreamResult]) -> None:
    listening, result = untuned
    board_id = listening.dut.board
    check_heard_all(result)
    assert (result.words, result.correct, result.false_rejects) == (WORDS, WORDS, 0)
    assert result.label == (HOST if board_id == "host" else EMULATED)
    assert result.minutes == pytest.approx(13.008 / 60, abs=0.001)
    assert 0 < result.latency_ms.median <= result.latency_ms.p90 < 750
    assert result.link.retries == 0
    assert StreamResult.read(listening.report) == result


def test_a_tuned_board_hears_what_tuned_python_hears(
    firmware: Firmware,
    untuned: tuple[Listening, StreamResult],
    tuned_run: Path,
    stream: Stream,
    tmp_path: Path,
) -> None:
    own_run = shutil.copytree(tuned_run, tmp_path / "tuned")
    listening, before = untuned
    result = listen(job_maker(firmware, tuned_run, own_run, stream)(listening.dut.board))
    check_heard_all(result)
    assert result.operating_point == TUNED
    assert before.operating_point == ORIGINAL
    assert result.latency_ms.median < before.latency_ms.median, "a shorter mean is sooner"
    assert {item.label for item in result.detections} == set(WORDS_HZ), "only words are news"


def test_python_with_other_thresholds_than_the_board_is_found_out(job: Callable[..., Listening]) -> None:
    listening = job()
    put_in_force(listening.run, OperatingPoint(300, 1500, 3, (NEVER, NEVER, 90, NEVER)))
    with pytest.raises(ProofError, match="though the scores are the same"):
        listen(listening)


def test_another_stride(job: Callable[..., Listening]) -> None:
    """An inference each row: the queue of the recognizer is full, and the oldest rules apply."""
    result = listen(job(inference_stride_rows=1))
    assert result.inferences > 550
    assert result.differences_to_host.detections == 0
    assert result.differences_to_host.scores_equal is True
    assert len(result.detections) >= WORDS


class ForgetfulLink:
    """A link that loses each detection when it is told for the first time."""

    def __init__(self, link: Link) -> None:
        self.name = "forgetful line"
        self._link, self._decoder = link, Decoder()
        self.lost: set[bytes] = set()

    def send(self, data: bytes) -> None:
        self._link.send(data)

    def receive(self, timeout_s: float) -> bytes:
        items = self._decoder.feed(self._link.receive(timeout_s))
        return b"".join(encode(item) for item in items if isinstance(item, Frame) and not self._loses(item))

    def close(self) -> None:
        self._link.close()

    def _loses(self, frame: Frame) -> bool:
        if frame.type != Detection.TYPE or frame.payload in self.lost:
            return False
        self.lost.add(frame.payload)
        return True


def test_lost_detections_are_asked_for(job: Callable[..., Listening]) -> None:
    links: list[ForgetfulLink] = []

    def forget(link: Link) -> Link:
        links.append(ForgetfulLink(link))
        return links[-1]

    result = listen(job(disturb=forget))
    check_heard_all(result)
    assert len(links) == 1
    assert len(links[0].lost) == len(result.detections)


def test_a_bad_line_changes_nothing(job: Callable[..., Listening]) -> None:
    source = FaultSource(Faults(drop=0.02, corrupt=0.02, duplicate=0.02, split=0.02, seed=2))
    result = listen(job(disturb=lambda link: FaultyLink(link, source)))
    check_heard_all(result)
    assert min(source.counts[kind] for kind in ("drop", "corrupt", "duplicate", "split")) > 0
    assert result.link.retries > 0


class RestartingLink:
    """A link that restarts the board once, after so many receptions."""

    def __init__(self, link: Link, receptions: int) -> None:
        self.name = "restarting line"
        self._link, self._left = link, receptions

    def send(self, data: bytes) -> None:
        self._link.send(data)

    def receive(self, timeout_s: float) -> bytes:
        self._left -= 1
        if self._left == 0:
            self._link.send(codec.encode(Reset(), 255))
        return self._link.receive(timeout_s)

    def close(self) -> None:
        self._link.close()


def test_after_a_restart_the_stream_begins_again(job: Callable[..., Listening]) -> None:
    receptions = 20  # packed, all of the stream takes fewer than sixty
    result = listen(job(disturb=lambda link: RestartingLink(link, receptions)))
    check_heard_all(result)
    assert result.link.restarts == 1
    assert result.link.frames_sent > 13 * RATE_HZ / FRAME_SAMPLES + receptions


@pytest.mark.parametrize(
    ("end", "kind"), [(KeyboardInterrupt(), Interrupted), (LinkError("line: cut"), LinkError)]
)
def test_what_was_heard_before_the_end_is_kept(
    job: Callable[..., Listening], end: BaseException, kind: type[UserError]
) -> None:
    opened: list[Link] = []

    def cut(link: Link) -> Link:
        """After a while; then nobody is there any more."""
        opened.append(link)
        if len(opened) > 1:
            link.close()
            raise LinkError("line: nobody is there")
        return EndingLink(lambda: link, 4000, end)

    listening = job(disturb=cut)
    listening = dataclasses.replace(listening, dut=dataclasses.replace(listening.dut, patience=IMPATIENT))
    with pytest.raises(kind, match=r"stream\.json is of the first \d+ s") as caught:
        listen(listening)
    assert caught.value.exit_code == (130 if kind is Interrupted else 3)
    result = StreamResult.read(listening.report)
    assert not result.complete
    assert 0.02 < result.minutes < 0.2
    assert 0 < result.words < WORDS
    assert result.differences_to_host.detections == 0
    assert result.differences_to_host.scores_equal is None


def test_other_decisions_on_the_same_scores_are_an_error(
    job: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    recognize = stream_check.recognize
    monkeypatch.setattr(stream_check, "recognize", lambda *given: recognize(*given)[:-1])
    complaint = r"1 of \d+ detections are not those of Python; first: at \d+ ms"
    with pytest.raises(ProofError, match=complaint) as caught:
        listen(job())
    assert caught.value.exit_code == 5


def hil(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """``earshot …``, up to the catching of errors."""
    monkeypatch.setattr(sys, "argv", ["hil", *map(str, arguments)])
    importlib.import_module("hil.__main__").main()


def test_the_command_takes_a_recording_of_ones_own(
    job: Callable[..., Listening],
    stream: Stream,
    own_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    job()
    (tmp_path / "own.wav").write_bytes(encode_wav(stream.samples, RATE_HZ))
    (tmp_path / "own.txt").write_text("".join(f"{word.label}, {word.time_ms}\n" for word in stream.words))
    own = ("--wav", tmp_path / "own.wav", "--truth", tmp_path / "own.txt")
    hil(monkeypatch, "stream", "--board", "host", "--no-build", own_run, *own)
    printed = capsys.readouterr().out
    assert "0.217 minutes, 4 words: 100.0 % matched, 100.0 % correct" in printed
    assert "latency        not known" in printed
    assert "scores equal to the bit" in printed
    settings = StreamResult.read(StreamResult.path_of(own_run, "host")).settings
    assert settings["wav"] == str(tmp_path / "own.wav")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--wav", "a.wav"], "--wav and --truth belong together"),
        (["--truth", "a.txt"], "--wav and --truth belong together"),
        (["--minutes", "0"], "--minutes is 0, expected 0.05 to 1440"),
        (["--time-tolerance-ms", "-1"], "--time-tolerance-ms is -1, expected 0 to 60000"),
        (["--inference-stride-rows", "0"], "--inference-stride-rows is 0, expected 1 to 255"),
        (["--baud", "9600"], "--baud is of no use without --port"),
        (["--no-build"], "the firmware proof is not there"),
    ],
)
def test_mistakes_in_the_flags(
    own_run: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint):
        hil(monkeypatch, "stream", "--board", "host", own_run, *arguments)
