"""The program `proof`: every request of docs/PROTOCOL.md, on this computer and on emulated boards."""

import re
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hil.boards.board import load_board
from hil.link.process import ProcessLink
from hil.protocol import codec
from hil.protocol import messages as m
from hil.protocol.framing import Decoder, Frame, Text
from hil.protocol.payload import Message
from train.audio import frontend, wav
from train.core import runfolder
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.core.spec import FrontEnd
from train.detection.reference_listener import stream_scores
from train.tflite.tflm import TflmModel

TESTED = ["host", "mps2-an386"]
FRAME_SAMPLES = 500
GARBAGE = b"\0\x07garbage\xff\xfe" + bytes(range(1, 256)) * 6 + b"\0\xff\0\x02"

pytestmark = pytest.mark.emulator


class Board:
    """A conversation of one request at a time, which tells news from answers."""

    def __init__(self, link: ProcessLink) -> None:
        self.link = link
        self.decoder = Decoder()
        self.lines: list[str] = []
        self.news: list[tuple[int, Message]] = []
        self.sequence = 0

    def _next(self) -> tuple[int, Message]:
        while True:
            for item in self.decoder.feed(self.link.read(1)):  # one byte completes one item at most
                if isinstance(item, Frame):
                    return item.sequence, codec.decode(item)
                assert isinstance(item, Text)
                self.lines.append(item.line)

    def hello(self) -> m.Hello:
        sequence, message = self._next()
        assert sequence == m.UNASKED
        assert isinstance(message, m.Hello)
        return message

    def ask(self, request: Message) -> Message:
        """The answer; what comes before it goes to ``news``."""
        self.sequence = self.sequence % 255 + 1
        self.link.send(codec.encode(request, self.sequence))
        while True:
            sequence, message = self._next()
            if sequence == self.sequence and not isinstance(message, m.Detection):
                return message
            if isinstance(message, m.Detection) and isinstance(request, m.DetectionRequest):
                return message
            self.news.append((sequence, message))

    def begin(self, clip_id: int, samples: NDArray[np.int16], crc_change: int = 0) -> m.Ack:
        crc = zlib.crc32(audio_bytes(samples)) ^ crc_change
        ack = self.ask(m.ClipBegin(clip_id, len(samples), crc))
        assert isinstance(ack, m.Ack), ack
        return ack

    def send(self, transfer_id: int, samples: NDArray[np.int16], first: int = 0) -> m.Ack:
        """All samples from ``first`` on; the last answer."""
        for start in range(first, len(samples), FRAME_SAMPLES):
            part = audio_bytes(samples[start : start + FRAME_SAMPLES])
            ack = self.ask(m.Audio(transfer_id, start, part))
            end = start + len(part) // 2
            assert isinstance(ack, m.Ack), ack
            assert (ack.transfer_id, ack.next_sample, ack.status) == (transfer_id, end, m.AckStatus.ACCEPTED)
        return ack

    def score(self, clip_id: int, samples: NDArray[np.int16]) -> m.Result:
        self.begin(clip_id, samples)
        self.send(clip_id, samples)
        result = self.ask(m.ResultRequest(clip_id))
        assert isinstance(result, m.Result), result
        return result


def audio_bytes(samples: NDArray[np.int16]) -> bytes:
    return samples.astype("<i2").tobytes()


@pytest.fixture(params=TESTED)
def board(request: pytest.FixtureRequest, start: Callable[..., ProcessLink], run_folder: Path) -> Board:
    talk = Board(start(request.param, "proof", run_folder / "c"))
    assert talk.hello().protocol_version == m.PROTOCOL_VERSION
    assert talk.lines == [f"earshot {request.param} ready"]
    return talk


@pytest.fixture
def host(start: Callable[..., ProcessLink], run_folder: Path) -> Board:
    talk = Board(start("host", "proof", run_folder / "c"))
    talk.hello()
    return talk


@pytest.fixture(scope="session")
def clips(run_folder: Path) -> dict[str, NDArray[np.int16]]:
    paths = sorted((run_folder / runfolder.CLIPS).glob("*.wav"))
    return {path.stem: wav.read_wav(path, 16000) for path in paths}


@pytest.fixture(scope="session")
def model(run_folder: Path) -> TflmModel:
    return TflmModel((run_folder / runfolder.TFLITE).read_bytes(), "model")


def expected(model: TflmModel, samples: NDArray[np.int16]) -> tuple[bytes, bytes]:
    """Model input and scores, int8, as training and the interpreter have them."""
    front_end = FrontEnd()
    features = frontend.wav_features(wav.to_float(samples)[np.newaxis], front_end)
    given = frontend.model_input(features, front_end)
    return given.astype(np.int8).tobytes(), model.run(given).astype(np.int8).tobytes()


def refusal(message: Message) -> m.ErrorCode:
    assert isinstance(message, m.Error), message
    return message.code


def test_says_what_it_is(board: Board, run_folder: Path) -> None:
    spec = runfolder.read_spec(run_folder)
    info = board.ask(m.InfoRequest())
    assert isinstance(info, m.Info)
    assert board.lines[0] == f"earshot {info.board_id} ready"
    assert info.model_sha256 == spec.artefacts[runfolder.TFLITE]
    assert info.front_end_sha256 == spec.front_end.sha256
    assert (info.sample_rate_hz, info.row_count, info.bin_count, info.input_zero_point) == (
        16000,
        49,
        43,
        -128,
    )
    assert info.engine == "compiled"
    assert re.fullmatch("[0-9a-f]{16}", info.build_id)
    assert 4000 < info.arena_bytes < 12_000
    assert info.receive_window_bytes == 4096
    assert info.clock_hz == (25_000_000 if load_board(info.board_id).target else 0)
    labels = board.ask(m.LabelsRequest(0))
    assert labels == m.Labels(0, spec.labels)
    assert len(spec.labels) == info.label_count
    assert board.ask(m.LabelsRequest(3)) == m.Labels(3, spec.labels[3:])
    assert board.ask(m.LabelsRequest(200)) == m.Labels(200, ())


def test_scores_clips_to_the_bit(board: Board, clips: dict[str, NDArray[np.int16]], model: TflmModel) -> None:
    seen = set()
    for clip_id, samples in enumerate(clips.values()):
        given, scores = expected(model, samples)
        result = board.score(clip_id, samples)
        assert (result.clip_id, result.status, result.scores) == (clip_id, m.ResultStatus.VALID, scores)
        crcs = [zlib.crc32(data) for data in (audio_bytes(samples), given, scores)]
        assert [result.audio_crc, result.features_crc, result.scores_crc] == crcs
        rows = [board.ask(m.FeaturesRequest(clip_id, first, min(23, 49 - first))) for first in (0, 23, 46)]
        assert b"".join(part.rows for part in rows if isinstance(part, m.Features)) == given
        seen.add(scores)
    assert len(seen) == len(clips), "clips with the same scores would prove little"


def test_the_same_request_twice_changes_nothing(
    board: Board, clips: dict[str, NDArray[np.int16]], model: TflmModel
) -> None:
    samples, other = list(clips.values())[:2]
    assert board.begin(1, samples).status == m.AckStatus.ACCEPTED
    board.send(1, samples[:2000])
    ack = board.begin(1, samples)
    assert (ack.status, ack.next_sample) == (m.AckStatus.DUPLICATE, 2000)
    ack = board.ask(m.Audio(1, 1500, audio_bytes(other[1500:2000])))
    assert ack == m.Ack(1, 2000, m.AckStatus.DUPLICATE, 0)
    assert board.ask(m.ResultRequest(1)) == m.Ack(1, 2000, m.AckStatus.INCOMPLETE, 0)
    board.send(1, samples, first=2000)
    first = board.ask(m.ResultRequest(1))
    assert isinstance(first, m.Result)
    assert first.scores == expected(model, samples)[1]
    assert board.ask(m.ResultRequest(1)) == first
    board.begin(2, other)
    board.send(2, other[:1000])
    assert board.ask(m.ResultRequest(1)) == first, "kept until the next clip is complete"
    board.send(2, other, first=1000)
    assert refusal(board.ask(m.ResultRequest(1))) == m.ErrorCode.NOT_THERE


def test_audio_at_a_wrong_offset_is_not_taken(
    board: Board, clips: dict[str, NDArray[np.int16]], model: TflmModel
) -> None:
    samples = next(iter(clips.values()))
    board.begin(1, samples)
    board.send(1, samples[:500])
    assert board.ask(m.Audio(1, 1000, audio_bytes(samples[1000:1500]))) == m.Ack(1, 500, m.AckStatus.GAP, 0)
    assert refusal(board.ask(m.Audio(9, 500, b"xx"))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.Audio(1, 15_999, b"xxxx"))) == m.ErrorCode.VALUE
    assert refusal(board.ask(m.Audio(1, 2**32 - 1, b"xxxx"))) == m.ErrorCode.VALUE
    assert refusal(board.ask(m.Audio(1, 500, b"xxx"))) == m.ErrorCode.LENGTH
    assert refusal(board.ask(m.Audio(1, 500, b""))) == m.ErrorCode.LENGTH
    board.send(1, samples, first=500)
    result = board.ask(m.ResultRequest(1))
    assert isinstance(result, m.Result)
    assert result.scores == expected(model, samples)[1]


def test_other_audio_than_announced_is_not_scored(board: Board, clips: dict[str, NDArray[np.int16]]) -> None:
    samples = next(iter(clips.values()))
    board.begin(1, samples, crc_change=1)
    board.send(1, samples)
    result = board.ask(m.ResultRequest(1))
    assert isinstance(result, m.Result)
    assert (result.status, result.scores, result.scores_crc) == (m.ResultStatus.AUDIO_CRC, b"", 0)
    assert result.audio_crc == zlib.crc32(audio_bytes(samples))


def test_refuses_what_cannot_be(board: Board) -> None:
    for count in (0, 15_839, 16_160, 2**32 - 1):
        assert refusal(board.ask(m.ClipBegin(1, count, 0))) == m.ErrorCode.VALUE
    assert refusal(board.ask(m.StreamBegin(1, 0))) == m.ErrorCode.VALUE
    assert refusal(board.ask(m.BenchRequest(0))) == m.ErrorCode.VALUE
    assert refusal(board.ask(m.BenchRequest(1001))) == m.ErrorCode.VALUE
    assert refusal(board.ask(m.ResultRequest(0))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.FeaturesRequest(0, 0, 1))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.StreamResultRequest(0, 0))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.DetectionRequest(0, 0))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.Log("x"))) == m.ErrorCode.UNKNOWN_TYPE  # not a request
    board.begin(5, np.zeros(16_000, np.int16))
    board.send(5, np.zeros(800, np.int16))  # two rows
    assert isinstance(board.ask(m.FeaturesRequest(5, 0, 2)), m.Features)
    assert refusal(board.ask(m.FeaturesRequest(5, 1, 2))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.FeaturesRequest(5, 65_535, 65_535))) == m.ErrorCode.NOT_THERE


def test_survives_garbage(board: Board, clips: dict[str, NDArray[np.int16]], model: TflmModel) -> None:
    samples = next(iter(clips.values()))
    board.link.send(GARBAGE)
    before = board.ask(m.StatusRequest())
    assert isinstance(before, m.Status)
    assert before.dropped >= 2
    board.begin(1, samples)
    board.send(1, samples[:1000])
    damaged = bytearray(codec.encode(m.Audio(1, 1000, audio_bytes(samples[1000:1500])), 77))
    damaged[500] ^= 0x40
    board.link.send(bytes(damaged) + damaged[:300])
    board.send(1, samples, first=1000)
    result = board.ask(m.ResultRequest(1))
    assert isinstance(result, m.Result)
    assert result.scores == expected(model, samples)[1]
    after = board.ask(m.StatusRequest())
    assert isinstance(after, m.Status)
    assert after.dropped - before.dropped == 2
    assert (after.lost, after.unsent) == (0, 0)
    assert after.uptime_ms >= before.uptime_ms


def test_a_restart_is_told_and_forgets(board: Board, clips: dict[str, NDArray[np.int16]]) -> None:
    samples = next(iter(clips.values()))
    board.score(1, samples)
    board.link.send(codec.encode(m.Reset(), 1))
    board.hello()
    assert len(board.lines) == 2
    assert refusal(board.ask(m.ResultRequest(1))) == m.ErrorCode.NOT_THERE
    assert refusal(board.ask(m.Audio(1, 0, b"xx"))) == m.ErrorCode.NOT_THERE


def test_bench(board: Board) -> None:
    info = board.ask(m.InfoRequest())
    assert isinstance(info, m.Info)
    # Without -icount the timer stands still while QEMU is late with its interrupt, at times for a few
    # inferences, or for all rows: they are measured again then.
    for _ in range(5):
        bench = board.ask(m.BenchRequest(50))
        assert isinstance(bench, m.Bench)
        assert bench.inference_count == 50
        if bench.row_ticks_max:
            break
    if info.clock_hz:
        assert bench.inference_ticks_min <= bench.inference_ticks_max > 0
        assert bench.row_ticks_min <= bench.row_ticks_max > 0


def test_listens_to_a_stream(board: Board, run_folder: Path, model: TflmModel) -> None:
    """The same detections as `earshot` has, each told once, and again when asked for; all scores proven."""
    clip = {path.stem: wav.read_wav(path, 16000) for path in (run_folder / "clips").glob("*.wav")}
    quiet = np.zeros(16_077, np.int16)
    samples = np.concatenate([quiet, clip["yes_0"], quiet, clip["größe_0"], quiet, clip["yes_0"], quiet])
    assert board.ask(m.StreamBegin(8, INFERENCE_STRIDE_ROWS)) == m.Ack(8, 0, m.AckStatus.ACCEPTED, 0)
    ack = board.send(8, samples)
    told = [message for _, message in board.news if isinstance(message, m.Detection)]
    assert [found.index for found in told] == list(range(ack.detections))
    heard = [found.label for found in told]
    assert heard.count(2) >= 2
    assert 3 in heard
    again = board.ask(m.DetectionRequest(8, 1))
    assert again == told[1]
    incomplete = board.ask(m.StreamResultRequest(8, len(samples) + 1))
    assert incomplete == m.Ack(8, len(samples), m.AckStatus.INCOMPLETE, len(told))
    result = board.ask(m.StreamResultRequest(8, len(samples)))
    scores, _ = stream_scores(model.run, samples, FrontEnd(), INFERENCE_STRIDE_ROWS)
    assert result == m.StreamResult(
        8,
        m.ResultStatus.VALID,
        0,
        len(samples),
        zlib.crc32(audio_bytes(samples)),
        len(scores),
        zlib.crc32(scores.tobytes()),
        len(told),
    )
    assert board.ask(m.StreamBegin(8, INFERENCE_STRIDE_ROWS)) == m.Ack(
        8, len(samples), m.AckStatus.DUPLICATE, len(told)
    )
