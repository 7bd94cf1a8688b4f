"""What boards leave: result, stream, size, bench and layers.json of each, and report.json of all."""

from dataclasses import dataclass
from typing import ClassVar

from train.core.results.accuracy import Accuracy
from train.core.results.board_file import BoardFile
from train.core.results.layers import LayersResult
from train.core.typed_json import Json


@dataclass
class LinkStatistics:
    """What the line cost, summed over all connections. Counted on while the line is in use.

    Attributes:
        frames_sent, frames_received: whole ones.
        retries: how often something was sent again, from some point on.
        crc_errors: stretches that were no frame, at both ends.
        lost_bytes: losses that the board's UART noticed.
        restarts: of the board, that nobody asked for.
        connections: how often the line was opened.
    """

    frames_sent: int = 0
    frames_received: int = 0
    retries: int = 0
    crc_errors: int = 0
    lost_bytes: int = 0
    restarts: int = 0
    connections: int = 0


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Ticks of the board's clock, over clips."""

    min: int
    median: int
    max: int


@dataclass(frozen=True, kw_only=True)
class ClipAt:
    """A clip of the split, by its place, and the file that it is of."""

    clip: int
    source: str


@dataclass(frozen=True, kw_only=True)
class FailedClip(ClipAt):
    """A clip of which there is no score, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ProofResult(Accuracy, BoardFile):
    """result.json: what a board computed of clips, compared with Python.

    Attributes:
        board: its id.
        label: what the figures are worth, see ``hil.provenance``.
        engine: that runs the model.
        build_id: of the firmware.
        front_end_sha256, corpus_sha256: what the comparison is of.
        split: of the corpus; ``seed`` draws ``clips_asked`` of it.
        labels: in the order of the scores.
        complete: each clip that was asked for was scored or failed.
        proven: features and scores are what they must be (ADR 9).
        features_compared, features_differing: values; ``features_max_difference`` in steps of 0 to 255.
        scores_compared, scores_differing: int8 values.
        clips_differing: those in which any value differs.
        int8_accuracy: of Python's int8 scores on the same clips, 0 to 1.
        failed: clips without a score; ``failed_clips`` names them.
        feed: how clips got to the board.
        clips_per_s, duration_s: of scoring, over all sittings.
        link: over all sittings.
        faults: of each sitting with faults on purpose: how many of each kind, ``frames`` seen, and ``seed``.
        arena_bytes: of the engine, as the board says.
        ticks_per_s: of the board's clock; 0 where it has none.
        features_ticks, inference_ticks: of a clip; None where the board counts none.
    """

    NAME: ClassVar[str] = "result.json"
    COMMAND: ClassVar[str] = "test"

    board: str
    label: str
    engine: str
    build_id: str
    front_end_sha256: str
    corpus_sha256: str
    split: str
    seed: int
    labels: tuple[str, ...]
    clips_asked: int
    complete: bool
    proven: bool
    features_compared: int
    features_differing: int
    features_max_difference: int
    scores_compared: int
    scores_differing: int
    clips_differing: tuple[ClipAt, ...]
    int8_accuracy: float
    failed: int
    failed_clips: tuple[FailedClip, ...]
    feed: str
    clips_per_s: float
    duration_s: float
    link: LinkStatistics
    faults: tuple[dict[str, int], ...]
    arena_bytes: int
    ticks_per_s: int
    features_ticks: Spread | None
    inference_ticks: Spread | None


@dataclass(frozen=True, kw_only=True)
class FalseAccepts:
    """Words heard that nobody said.

    Attributes:
        interval: 95 % interval of the rate an hour.
    """

    false_accepts: int
    false_accepts_per_hour: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds from the end of a word to its detection: the median, and what 90 % stay below."""

    median: float
    p90: float


@dataclass(frozen=True, kw_only=True)
class LabelHeard:
    """Of one label: how often it was said, heard where it was said, and heard at all."""

    label: str
    words: int
    correct: int
    heard: int


@dataclass(frozen=True, kw_only=True)
class DetectionAt:
    """What was heard.

    Attributes:
        time_ms: from the start of the stream to the end of the clip that it is about.
        score: mean of the label, 0 to 255.
        verdict: see ``train.detection.scoring``.
        said: the label that it was matched with; None for none.
    """

    time_ms: int
    label: str
    score: int
    verdict: str
    said: str | None


@dataclass(frozen=True, kw_only=True)
class StreamFigures(FalseAccepts):
    """What detections are worth, against what was said.

    Attributes:
        words: said, as far as the stream was heard.
        matched, correct: words with a detection near them, and with one of their label.
        wrong, false_positives: detections near another word, and near none.
        wanted_words: of the words, those of the model.
        false_rejects: of these, those without a correct detection.
        latency_ms: None where no end of a word is known.
    """

    words: int
    matched: int
    correct: int
    wrong: int
    false_positives: int
    wanted_words: int
    false_rejects: int
    latency_ms: Latency | None
    per_label: tuple[LabelHeard, ...]
    detections: tuple[DetectionAt, ...]


@dataclass(frozen=True, kw_only=True)
class DifferencesToHost:
    """Detections of the board that are not Python's.

    Attributes:
        detections: times at which the two differ.
        compared: detections of Python.
        scores_equal: all, to the bit; None where the stream was cut short.
        inferences_compared: whose scores were.
        first: the first difference in words; None for none.
    """

    detections: int
    compared: int
    scores_equal: bool | None
    inferences_compared: int
    first: str | None


@dataclass(frozen=True, kw_only=True)
class WordAt:
    """A word that was said; the clip that it is in begins at ``time_ms``."""

    label: str
    time_ms: float


@dataclass(frozen=True, kw_only=True)
class StreamResult(StreamFigures, BoardFile):
    """stream.json: what a board heard in a stream, compared with Python and with what was said.

    Attributes:
        board, label, engine, build_id: as in result.json.
        minutes: that were heard.
        complete: False where the stream was cut short.
        operating_point: name of the thresholds in force.
        settings: of the stream.
        inferences: None where the stream was cut short.
        audio_s_per_s: how much faster than life; ``duration_s`` is what it took.
        truth: all words of the stream.
    """

    NAME: ClassVar[str] = "stream.json"
    COMMAND: ClassVar[str] = "stream"

    board: str
    label: str
    engine: str
    build_id: str
    minutes: float
    complete: bool
    differences_to_host: DifferencesToHost
    operating_point: str
    settings: dict[str, Json]
    inferences: int | None
    duration_s: float
    audio_s_per_s: float
    link: LinkStatistics
    truth: tuple[WordAt, ...]


@dataclass(frozen=True, kw_only=True)
class FirmwareSize(BoardFile):
    """size.json: what a firmware takes of its board, in bytes.

    Attributes:
        program: which of the programs; ``engine`` runs its model.
        flash_bytes: code, constants and the initial values of variables.
        ram_bytes: variables, the arena among them, and what is set aside for the stack.
        stack_bytes: at worst; None where no bound is known.
    """

    NAME: ClassVar[str] = "size.json"
    COMMAND: ClassVar[str] = "build"

    program: str
    engine: str
    arena_bytes: int
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class FastestSlowest:
    """Ticks of the board's clock."""

    min: int
    max: int


@dataclass(frozen=True, kw_only=True)
class BenchResult(BoardFile):
    """bench.json: what inferences and rows of features take, the fastest of ``inference_count``.

    A window is an inference of what is new, and smoothing: every ``stride_rows`` of ``rows_per_s`` rows.

    Attributes:
        board, label, engine, build_id, ticks_per_s: as in result.json.
        instructions_per_inference, _window, _row: None where they are not counted.
        inference_us, window_us, row_us: microseconds; None where they are not measured.
        stride_rows, window_ticks, instructions_per_window, window_us, rows_per_s: None in files of before.
        arena_bytes, flash_bytes, ram_bytes, stack_bytes: as in size.json, of the program that was timed; the
            last three None on this computer.
    """

    NAME: ClassVar[str] = "bench.json"
    COMMAND: ClassVar[str] = "bench"

    board: str
    label: str
    engine: str
    build_id: str
    inference_count: int
    ticks_per_s: int
    inference_ticks: FastestSlowest
    row_ticks: FastestSlowest
    instructions_per_inference: int | None
    inference_us: float | None
    instructions_per_row: int | None
    row_us: float | None
    arena_bytes: int
    flash_bytes: int | None
    ram_bytes: int | None
    stack_bytes: int | None
    stride_rows: int | None = None
    rows_per_s: float | None = None
    window_ticks: FastestSlowest | None = None
    instructions_per_window: int | None = None
    window_us: float | None = None

    @property
    def instructions_per_audio_s(self) -> int | None:
        """What listening to a second of audio takes: rows, inferences, smoothing. None: not counted."""
        count = self._per_audio_s(self.instructions_per_row, self.instructions_per_window)
        return None if count is None else round(count)

    @property
    def busy_share(self) -> float | None:
        """Of the board's time, 0 to 1 where it keeps up, what listening takes. None: not measured."""
        busy_us = self._per_audio_s(self.row_us, self.window_us)
        return None if busy_us is None else busy_us / 1e6

    @property
    def ticks_per_audio_s(self) -> float | None:
        """Of the board's clock, what listening to a second of audio takes; None in files of before."""
        return self._per_audio_s(self.row_ticks.min, self.window_ticks.min if self.window_ticks else None)

    def _per_audio_s(self, row: float | None, window: float | None) -> float | None:
        if row is None or window is None or not self.stride_rows or not self.rows_per_s:
            return None
        return self.rows_per_s * (row + window / self.stride_rows)


@dataclass(frozen=True, kw_only=True)
class BoardFigures:
    """All files of a board that are about the model; None for those that are not there."""

    board: str
    test: ProofResult | None = None
    stream: StreamResult | None = None
    size: FirmwareSize | None = None
    bench: BenchResult | None = None
    layers: LayersResult | None = None
