"""``earshot stream``: flags in, a stream through a board, stream.json and a table out."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from hil.boards.board import find_board
from hil.boards.build import build
from hil.boards.microphones.emulated import about as about_run
from hil.commands.firmware_flags import (
    add_firmware_flags,
    add_line_flags,
    dut_of,
    engine_of,
    patience_of,
)
from hil.proof.dut import SERIAL
from hil.protocol.faulty_link import Faults, FaultSource
from train.core import runfolder
from train.core.command_line import rare
from train.core.console import say, show
from train.core.errors import UserError
from train.core.layout import ALL, SPLITS, TESTING
from train.core.operating_point import in_force
from train.core.results.boards import Latency, StreamResult
from train.detection.labelled_stream import TRUTH_TEXT, WAV, StreamSettings

_DEFAULTS = StreamSettings()


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    parser.add_argument(
        "--data", metavar="WHERE", help="clips, as for earshot train (default: as in training)"
    )
    parser.add_argument(
        "--split", default=TESTING, choices=(*SPLITS, ALL), help="which of them (%(default)s)"
    )
    for name, what in (
        ("minutes", "length of the stream"),
        ("word_gap_ms", "a word comes once in a clip and this"),
        ("noise_volume", "loudest background noise, 0 to 1"),
        ("unknown_percentage", "share of the words that the model does not know"),
        ("seed", "of everything that is drawn"),
    ):
        default = getattr(_DEFAULTS, name)
        flag = f"--{name.replace('_', '-')}"
        text = f"{what} (%(default)s)"
        parser.add_argument(
            flag,
            type=type(default),
            default=default,
            metavar="N",
            help=text if name == "minutes" else rare(text),
        )
    parser.add_argument("--wav", type=Path, metavar="FILE", help="a recording of one's own, with --truth")
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FILE",
        help="what is said in it: lines of label, time in ms at which the second around the word begins",
    )
    parser.add_argument(
        "--time-tolerance-ms",
        "--time_tolerance_ms",  # as the original spells it
        type=float,
        metavar="N",
        help=rare("a detection may be so far from its word (default: 750, as the original's)"),
    )
    parser.add_argument(
        "--inference-stride-rows",
        type=int,
        metavar="N",
        help=rare("an inference every N rows of features (as in the application)"),
    )
    add_line_flags(parser)


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Build, make the stream, let the board and its twin listen, compare, judge, report."""
    from hil.proof.microphone_check import listen_by_microphone, microphone_dut
    from hil.proof.stream_check import Listening, listen
    from train.data.job_data import gather
    from train.detection.labelled_stream import make_stream, read_stream, write_stream
    from train.detection.scoring import TIME_TOLERANCE_MS
    from train.settings.job import trained_job

    if (flags.wav is None) != (flags.truth is None):
        raise UserError("--wav and --truth belong together: a recording, and what is said in it")
    settings = StreamSettings(
        **{field.name: getattr(flags, field.name) for field in dataclasses.fields(StreamSettings)}
    )
    tolerance_ms = TIME_TOLERANCE_MS if flags.time_tolerance_ms is None else flags.time_tolerance_ms
    if not 0 <= tolerance_ms <= 60_000:
        raise UserError(f"--time-tolerance-ms is {tolerance_ms:g}, expected 0 to 60000")
    asked = flags.inference_stride_rows
    if asked is not None and not 1 <= asked <= 255:
        raise UserError(f"--inference-stride-rows is {asked}, expected 1 to 255")
    board = find_board(flags.board, flags.board_dir)
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    _, point = in_force(flags.run, spec)
    stride_rows = asked or point.stride_rows
    faults = FaultSource(Faults.parse(flags.faults)) if flags.faults else None
    by_microphone = board.has_emulated_microphone and not flags.port
    if by_microphone:
        _check_microphone(flags, point.stride_rows)
        engine = engine_of(flags)
        dut = microphone_dut(board, engine, build(board, flags.run, engine), patience_of(flags))
    else:
        dut = dut_of(board, flags, SERIAL, faults)
    if flags.port:
        dut.open_link().close()  # a mistake in it is told before the corpus is read
    folder = flags.run / runfolder.HIL / board.id
    about: dict[str, Any]
    with runfolder.writing(folder):
        if flags.wav:
            stream = read_stream(flags.wav, flags.truth, spec)
            about = {"wav": str(flags.wav), "truth": str(flags.truth)}
        else:
            material = gather(trained_job(flags.run, spec, flags.data), (flags.split,))
            stream = make_stream(material.audio_of(flags.split), material.splits[flags.split], spec, settings)
            write_stream(folder, stream, spec.front_end.sample_rate_hz)
            about = {
                **dataclasses.asdict(settings),
                "split": flags.split,
                "corpus_sha256": material.tested.corpus.sha256,
                "wav": str(folder / WAV),
                "truth": str(folder / TRUTH_TEXT),
            }
        about |= {"time_tolerance_ms": tolerance_ms, "inference_stride_rows": stride_rows}
        job = Listening(dut, spec, flags.run, stream, about)
        if by_microphone:
            result, run_figures = listen_by_microphone(board, job)
            print_result(result, folder)
            say(about_run(run_figures))
        else:
            print_result(listen(job), folder)


def _check_microphone(flags: argparse.Namespace, stride_rows: int) -> None:
    """Refuse what a board does not know that listens by its own microphone."""
    if flags.faults:
        raise UserError(f"--faults spoils a serial line, but {flags.board} hears by its microphone")
    if flags.inference_stride_rows not in (None, stride_rows):
        raise UserError(
            f"--inference-stride-rows is {flags.inference_stride_rows}, but {flags.board} hears by its "
            f"microphone, as the application does: expected {stride_rows}"
        )


def print_result(result: StreamResult, folder: Path) -> None:
    """The figures on stdout."""
    from rich.table import Table

    table = Table(title=f"{result.board} ({result.label})", title_justify="left")
    for column in ("label", "said", "correct", "heard"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for row in result.per_label:
        table.add_row(row.label, str(row.words), str(row.correct), str(row.heard))
    show(table)
    link, compared = result.link, result.differences_to_host
    low, high = result.interval
    shares = ", ".join(
        f"{100 * count / max(1, result.words):.1f} % {title}"
        for count, title in (
            (result.matched, "matched"),
            (result.correct, "correct"),
            (result.wrong, "wrong"),
            (result.false_positives, "false positive"),
        )
    )
    say(
        f"stream         {result.minutes:g} minutes, {result.words} words: {shares}",
        f"false accepts  {result.false_accepts}: {result.false_accepts_per_hour:g} an hour (95 % interval "
        f"{low:g} to {high:g})",
        f"false rejects  {result.false_rejects} of {result.wanted_words} words",
        f"latency        {_latency(result.latency_ms)}",
        f"same in Python {compared.detections} of {len(result.detections)} detections differ; "
        f"scores {_scores(compared.scores_equal)}",
        f"link           {link.frames_sent:,} frames sent, {link.frames_received:,} received, "
        f"{link.retries} retries, {link.crc_errors} CRC errors; {result.audio_s_per_s:g} s of audio a second",
        f"report         {folder / StreamResult.NAME}",
    )


def _latency(latency: Latency | None) -> str:
    if latency is None:
        return "not known: no correct detection of a word whose end is known"
    return f"{latency.median:.0f} ms from the end of a word (median), {latency.p90:.0f} ms (90 %)"


def _scores(are_equal: bool | None) -> str:
    if are_equal is None:
        return "not compared"
    return "equal to the bit" if are_equal else "differ (features may be 1 apart: ADR 9)"
