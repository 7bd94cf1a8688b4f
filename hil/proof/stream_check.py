"""Lets a board and its twin in Python listen to one stream, and compares what they hear."""

import functools
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.link.link import LinkError
from hil.proof.dut import DUT, connect
from hil.proof.proof import ProofError
from hil.protocol import messages
from hil.protocol.transfers.stream import StreamTransfer
from train.core import runfolder
from train.core.console import progress, warn
from train.core.errors import Interrupted
from train.core.files.plain import read_plain
from train.core.operating_point import in_force
from train.core.results.boards import DifferencesToHost, LinkStatistics, StreamResult, WordAt
from train.core.spec import ModelSpec
from train.detection.labelled_stream import Stream
from train.detection.reference_listener import Heard, recognize, stream_scores
from train.detection.scoring import score_stream
from train.tflite.tflm import int8_model
from train.tflite.tflm_pool import run_model


@dataclass(frozen=True, eq=False)
class Listening:
    """A stream to be listened to, and the settings of the board that does.

    Attributes:
        settings: for the report; ``time_tolerance_ms`` and ``inference_stride_rows`` are used, too.
    """

    dut: DUT
    spec: ModelSpec
    run: Path
    stream: Stream
    settings: dict[str, Any]

    @property
    def report(self) -> Path:
        """Where the figures go."""
        return StreamResult.path_of(self.run, self.dut.board)


@dataclass(frozen=True)
class Twin:
    """What Python hears: detections, and the CRC of all scores, computed as for StreamResult."""

    heard: list[Heard]
    inferences: int
    scores_crc: int


def listen(job: Listening) -> StreamResult:
    """Let both listen, and write RUN/hil/<board>/stream.json.

    Returns:
        the content of stream.json.
    Raises:
        Interrupted: Ctrl-C; the figures of what was heard so far are written.
        LinkError: the line was lost for good; the same.
        FirmwareError: something else is running.
        ProofError: the board decides otherwise than Python on the same scores.
    """
    dut, rate_hz = job.dut, job.spec.front_end.sample_rate_hz
    twin = twin_of(job)
    seconds = -(-len(job.stream.samples) // rate_hz)
    with (
        connect(dut, job.spec) as session,
        progress(f"{dut.board} listens (seconds)", seconds) as advance,
    ):
        shown_s = 0

        def show(_: int) -> None:
            nonlocal shown_s
            now_s = transfer.heard_samples // rate_hz
            advance(now_s - shown_s)
            shown_s = now_s

        transfer = StreamTransfer(
            job.stream.samples, job.settings["inference_stride_rows"], len(job.spec.labels), show
        )
        started_s = time.monotonic()
        try:
            outcome = session.listen(transfer)
            duration_s = time.monotonic() - started_s
            session.read_counters()
        except (KeyboardInterrupt, LinkError) as error:
            duration_s = time.monotonic() - started_s
            write_result(
                job, _heard(transfer), transfer.heard_samples, None, twin, session.statistics, duration_s
            )
            so_far = f"{job.report} is of the first {transfer.heard_samples / rate_hz:.0f} s"
            if isinstance(error, LinkError):
                raise LinkError(f"{error}; {so_far}") from error
            raise Interrupted(f"stopped; {so_far}") from None
        result = write_result(
            job, _heard(transfer), transfer.heard_samples, outcome, twin, session.statistics, duration_s
        )
    complain(result)
    return result


def complain(result: StreamResult) -> None:
    """Refuse detections that are not Python's.

    Raises:
        ProofError: and there is no score that differs, too.
    """
    differing = result.differences_to_host
    if differing.detections:
        complaint = (
            f"{result.board}: {differing.detections} of {len(result.detections)} detections are not "
            f"those of Python; first: {differing.first}"
        )
        if differing.scores_equal:
            raise ProofError(f"{complaint}, though the scores are the same")
        warn(f"{complaint}; the scores differ, too: prove them with earshot test")


def twin_of(job: Listening) -> Twin:
    """What Python hears in the stream of a job."""
    model_file = job.run / runfolder.TFLITE
    model = int8_model(read_plain(model_file), str(model_file))
    stride_rows = job.settings["inference_stride_rows"]
    score = functools.partial(run_model, model)
    scores, times_ms = stream_scores(score, job.stream.samples, job.spec.front_end, stride_rows)
    heard = recognize(scores, times_ms, in_force(job.run, job.spec)[1])
    return Twin(heard, len(scores), zlib.crc32(scores.tobytes()))


def _heard(transfer: StreamTransfer) -> list[Heard]:
    found = sorted(transfer.detections.values(), key=lambda detection: detection.index)
    return [Heard(item.time_ms, item.label, item.score) for item in found]


def write_result(
    job: Listening,
    heard: list[Heard],
    heard_samples: int,
    outcome: messages.StreamResult | None,
    twin: Twin,
    link: LinkStatistics,
    duration_s: float,
) -> StreamResult:
    """Write stream.json about what was heard; return its content.

    Args:
        outcome: None: it was cut short, or nobody counted.
    """
    labels, front_end = job.spec.labels, job.spec.front_end
    heard_ms = 1000 * heard_samples / front_end.sample_rate_hz
    figures = score_stream(
        job.stream.words,
        heard,
        labels,
        front_end.clip_duration_ms,
        job.settings["time_tolerance_ms"],
        heard_ms,
    )
    result = StreamResult(
        **vars(figures),
        board=job.dut.board,
        label=job.dut.label,
        engine=job.dut.engine,
        build_id=job.dut.build_id,
        model_sha256=job.spec.artefacts[runfolder.TFLITE],
        minutes=round(heard_ms / 60_000, 3),
        complete=outcome is not None,
        differences_to_host=_differences(heard, outcome, twin, heard_ms, labels),
        operating_point=in_force(job.run, job.spec)[0],
        settings=job.settings,
        inferences=outcome.inference_count if outcome else None,
        duration_s=round(duration_s, 3),
        audio_s_per_s=round(heard_ms / 1000 / duration_s, 2) if duration_s else 0.0,
        link=link,
        truth=tuple(WordAt(label=word.label, time_ms=word.time_ms) for word in job.stream.words),
    )
    result.write(job.report)
    return result


def _differences(
    heard: list[Heard],
    outcome: messages.StreamResult | None,
    twin: Twin,
    heard_ms: float,
    labels: tuple[str, ...],
) -> DifferencesToHost:
    """How the board's detections differ from Python's, up to where it heard."""
    end_ms = max([heard_ms, *(item.time_ms for item in heard)])  # a detection comes before its audio's ACK
    wanted = [item for item in twin.heard if item.time_ms <= end_ms]
    differing = sorted(set(heard) ^ set(wanted), key=lambda item: item.time_ms)
    times_ms = {item.time_ms for item in differing}
    first = None
    if differing:
        at_ms = differing[0].time_ms
        texts = (
            ", ".join(f"{labels[i.label]} ({i.score})" for i in items if i.time_ms == at_ms) or "nothing"
            for items in (heard, wanted)
        )
        first = "at {} ms the board heard {}, Python {}".format(at_ms, *texts)
    return DifferencesToHost(
        detections=len(times_ms),
        compared=len(wanted),
        scores_equal=outcome.scores_crc == twin.scores_crc if outcome else None,
        inferences_compared=twin.inferences if outcome else 0,
        first=first,
    )
