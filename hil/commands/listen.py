"""``earshot listen``: what a run hears of a microphone, a recording or samples; or what a board hears."""

import argparse
import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from hil.commands.firmware_flags import add_patience_flag, patience_of
from hil.link.board_lines import BoardHeard, board_lines, heard_in, heard_line
from hil.link.link import Link
from hil.live.board_listener import BoardListener, HeardAhead, is_proof
from hil.live.detector import Detector, Inference
from hil.live.microphone import device_lines
from hil.live.model import load_model, newest_run
from hil.live.screen import live_screen
from hil.live.session import Session, duration, times
from hil.live.sources import MicrophoneSource, RawSource, Source, WavSource
from hil.pages.page import LISTEN_PAGE, write_page
from hil.proof.dut import open_port
from hil.protocol.microphone_messages import BoardInference
from train.core.console import leave_stdout, log, say, status_line, stdout_has_screen
from train.core.errors import UserError
from train.core.operating_point import NEVER, OperatingPoint
from train.core.pretrained.models import run_of

_BAUD = 115_200
_SHOWN_SCORES = 4  # of a board, in one line
_SOURCES = ("wav", "raw", "port", "device")  # flags that say where sound comes from


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    parser.add_argument(
        "place",
        nargs="?",
        type=run_of,
        metavar="RUN|MODEL",
        help="run folder, its model.tflite, or a name of earshot models (default: the newest run in out/)",
    )
    sound = parser.add_argument_group("where sound comes from (default: the system's microphone)")
    sound.add_argument("--device", metavar="NAME", help="microphone: its number or part of its name")
    sound.add_argument("--list-devices", action="store_true", help="list the microphones, and end")
    sound.add_argument("--wav", type=Path, metavar="FILE", help="a recording of any kind, as fast as it goes")
    sound.add_argument("--realtime", action="store_true", help="with --wav: take as long as it lasts")
    sound.add_argument(
        "--raw",
        metavar="FILE",
        help="16-bit little-endian samples of one channel, from a file, a pipe or - (standard input)",
    )
    sound.add_argument("--raw-rate-hz", type=int, metavar="N", help="of --raw (default: the model's)")
    sound.add_argument("--port", metavar="PORT", help="a board that listens by its own microphone")
    sound.add_argument("--baud", type=int, default=_BAUD, metavar="N", help="of --port (%(default)s)")
    add_patience_flag(sound)
    output = parser.add_argument_group("what is said")
    output.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="[WORD=]N",
        help="0 to 255, of a word or of all words, in place of the operating point's",
    )
    output.add_argument("--json", action="store_true", help="a JSON object a line, for other programs")
    output.add_argument(
        "--scores", action="store_true", help="with --json: the scores of every inference, too"
    )
    page = parser.add_argument_group("in a browser")
    page.add_argument(
        "--page", action="store_true", help="write a page that listens, without a server, and end"
    )
    page.add_argument(
        "--out", type=Path, metavar="FILE", help=f"with --page: the page to write (RUN/{LISTEN_PAGE})"
    )
    page.add_argument(
        "--overwrite", action="store_true", help="with --page: replace that file, whatever it is"
    )


def run(flags: argparse.Namespace) -> None:
    """Listen until the sound ends, or Ctrl-C; or write the page."""
    _check(flags)
    if flags.list_devices:
        say(*device_lines())
        return
    if flags.page:
        written = write_page(flags.place or newest_run(), flags.out, flags.overwrite)
        log(f"wrote a page of {written.stat().st_size / 1000:.0f} kB; open it in a browser")
        say(str(written))
        return
    with _pipes_may_break():
        if flags.port:
            _hear_board(flags)
            return
        place = flags.place or newest_run()
        point = _point(place, flags.threshold) if flags.threshold else None
        with Detector.load(place, point) as detector:
            source = _source(flags, detector.sample_rate_hz)
            words = ", ".join(detector.labels[2:])
            log(f"listening to {source.name} for {words} ({place}, {detector.engine})")
            _hear(detector, source, flags)


def _check(flags: argparse.Namespace) -> None:
    named = [f"--{name}" for name in _SOURCES if getattr(flags, name) is not None]
    if len(named) > 1:
        raise UserError(f"{' and '.join(named)} exclude each other: sound comes from one place")
    for flag, is_given, needs in (
        ("--realtime", flags.realtime, "wav"),
        ("--raw-rate-hz", flags.raw_rate_hz is not None, "raw"),
    ):
        if is_given and getattr(flags, needs) is None:
            raise UserError(f"{flag} is of no use without --{needs}")
    if (flags.out or flags.overwrite) and not flags.page:
        raise UserError("--out and --overwrite are of no use without --page")
    if flags.page and (named or flags.threshold or flags.json):
        raise UserError("--page writes a page, which has its own sound and thresholds; leave the others out")
    if flags.scores and not flags.json:
        raise UserError("--scores is of no use without --json")
    if flags.port and (flags.place or flags.threshold):
        raise UserError(
            "--port shows what a board hears, which has its own model; leave out what is about a run"
        )


def _source(flags: argparse.Namespace, rate_hz: int) -> Source:
    if flags.wav:
        return WavSource(flags.wav, rate_hz, flags.realtime)
    if flags.raw:
        return RawSource(flags.raw, rate_hz, flags.raw_rate_hz)
    return MicrophoneSource(flags.device, rate_hz)


def _point(place: Path, texts: list[str]) -> OperatingPoint:
    """The point in force, with the thresholds that the flags name."""
    model = load_model(place)
    labels, words, thresholds = model.spec.labels, model.spec.words, list(model.point.thresholds)
    for text in texts:
        word, _, number = text.rpartition("=")
        if not (number.isdecimal() and int(number) <= NEVER):
            raise UserError(f"--threshold {text}: expected 0 to {NEVER}, or WORD=0 to {NEVER}")
        if word and word not in words:
            raise UserError(f"--threshold {text}: {word} is no word of the model; it has {', '.join(words)}")
        for name in [word] if word else words:
            thresholds[labels.index(name)] = int(number)
    return dataclasses.replace(model.point, thresholds=tuple(thresholds))


def _hear(detector: Detector, source: Source, flags: argparse.Namespace) -> None:
    session = Session(detector.sample_rate_hz)
    is_watched = stdout_has_screen() and not flags.json
    try:
        if is_watched:
            with live_screen(detector, source.name) as screen:
                for piece in source.pieces():
                    inferences = detector.listen(piece)
                    session.add(len(piece), detector.level, inferences)
                    screen.show(session, source.overruns)
        else:
            _say_all(detector, source, session, flags)
    except KeyboardInterrupt:
        pass  # how one ends it
    for line in session.summary(source.name, source.overruns):
        log(line)


def _say_all(detector: Detector, source: Source, session: Session, flags: argparse.Namespace) -> None:
    overruns = 0
    for piece in source.pieces():
        inferences = detector.listen(piece)
        session.add(len(piece), detector.level, inferences)
        for inference in inferences:
            for line in _json_lines(detector, inference, flags.scores) if flags.json else _lines(inference):
                say(line)
        if source.overruns > overruns:
            overruns = source.overruns
            log(f"at {duration(session.seconds)} sound was lost: this computer was too busy to fetch it")


def _lines(inference: Inference) -> Iterator[str]:
    """As boards say it."""
    if found := inference.detection:
        yield heard_line(found.word, found.score, found.time_ms)


def _json_lines(detector: Detector, inference: Inference, with_scores: bool) -> Iterator[str]:
    if with_scores:
        means = inference.means
        yield json.dumps(
            {
                "type": "scores",
                "time_ms": inference.time_ms,
                "scores": dict(zip(detector.labels, inference.scores, strict=True)),
                "means": None if means is None else dict(zip(detector.labels, means, strict=True)),
                "level_dbfs": round(detector.level.rms_dbfs, 1),
            }
        )
    if inference.detection:
        yield json.dumps({"type": "detection", **asdict(inference.detection)})


def _hear_board(flags: argparse.Namespace) -> None:
    """Either program: `proof` answers questions, `earshot` says lines by itself."""
    link = open_port(flags.port, flags.baud)
    heard: Counter[str] = Counter()
    try:
        answers, came = is_proof(link)
        if answers:
            _watch_board(BoardListener(link, patience_of(flags)), flags, heard)
        elif flags.scores:
            raise UserError(
                f"{link.name}: nobody answers there, and the program earshot tells no scores; flash proof "
                "(earshot flash), or leave out --scores"
            )
        else:
            _read_board(HeardAhead(link, came), flags, heard)
    except KeyboardInterrupt:
        pass  # how one ends it
    finally:
        link.close()
        log(f"{link.name} heard {times(heard)}")


def _read_board(link: Link, flags: argparse.Namespace, heard: Counter[str]) -> None:
    """The lines of the program `earshot`."""
    log(f"listening to what {link.name} says; Ctrl-C ends")
    for line in board_lines(link):
        found = heard_in(line)
        heard.update([found.word] if found else [])
        if flags.json:
            content = {"type": "detection", **asdict(found)} if found else {"type": "line", "text": line}
            say(json.dumps(content))
        else:
            say(line)


def _watch_board(board: BoardListener, flags: argparse.Namespace, heard: Counter[str]) -> None:
    """What the listener of the program `proof` hears by the board's microphone, as it comes."""
    log(f"{board.name} listens by its microphone for {', '.join(board.labels[2:])}; Ctrl-C ends")
    told = board.watched.losses
    with status_line() as show:
        for inferences in board.pieces():
            for inference in inferences:
                for line in _board_lines(board, inference, flags):
                    say(line)
                if inference.is_new:
                    heard[board.labels[inference.label]] += 1
            if inferences:
                show(_board_status(board, inferences[-1]))
            if board.watched.losses != told:
                told = board.watched.losses
                log(f"at {duration(board.watched.seconds)}: so far {told}")


def _board_lines(board: BoardListener, inference: BoardInference, flags: argparse.Namespace) -> Iterator[str]:
    if flags.scores:
        scores = dict(zip(board.labels, inference.scores, strict=True))
        yield json.dumps({"type": "scores", "time_ms": inference.time_ms, "scores": scores})
    if not inference.is_new:
        return
    word, score, time_ms = board.labels[inference.label], inference.score, inference.time_ms
    if flags.json:
        yield json.dumps({"type": "detection", **asdict(BoardHeard(word, score, time_ms))})
    else:
        yield heard_line(word, score, time_ms)


def _board_status(board: BoardListener, inference: BoardInference) -> str:
    """Scores of now, the highest first, and how loud it is."""
    ranked = sorted(zip(inference.scores, board.labels, strict=True), reverse=True)
    shown = "  ".join(f"{label} {score}" for score, label in ranked[:_SHOWN_SCORES])
    return f"{duration(board.watched.seconds)}  loudest {100 * board.watched.peak / 32768:.0f} %  {shown}"


@contextmanager
def _pipes_may_break() -> Iterator[None]:
    """A program that reads what is said may end when it has enough."""
    try:
        yield
    except BrokenPipeError:
        leave_stdout()
