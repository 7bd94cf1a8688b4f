"""``earshot record``: takes of words from a microphone, a board or a long recording, ready to train on."""

import argparse
import getpass
import shlex
from collections.abc import Sequence
from pathlib import Path

from hil.commands.firmware_flags import add_most_baud_flag, add_patience_flag, count, patience_of
from hil.live.sources import MicrophoneSource, Source
from hil.pages.page import RECORD_PAGE, write_record_page
from hil.recording.board_microphone import BoardMicrophone
from hil.recording.keys import Keys
from hil.recording.recorder import KEYS, Plan, Recorder, keep_words
from hil.recording.take_files import TakeFiles, words_of
from hil.recording.takes import room_noise
from train.audio.recording import read_recording
from train.core.console import log, say, status_line
from train.core.errors import Interrupted, UserError, typed
from train.core.spec import FrontEnd
from train.settings.words import parse_words

_FOLDER = Path("recordings")
_BAUD = 115_200  # at first: board and computer agree on more
_FEW_TAKES = 10  # of which too few can be held out
_RATES_HZ = (8000, 192_000)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    parser.description = "Record words one by one, ready for earshot train --data."
    parser.add_argument(
        "--words", required=True, metavar="A,B", help='such as yes,no or "lampe an,lampe aus"'
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help=f"where takes go ({_FOLDER}); with --page: the page to write ({RECORD_PAGE})",
    )
    parser.add_argument("--takes", type=count, default=30, metavar="N", help="of each word (%(default)s)")
    parser.add_argument("--speaker", metavar="NAME", help="who speaks (default: who is logged in)")
    parser.add_argument(
        "--language", metavar="CODE", help="of the words, such as de: for the command that is told at the end"
    )
    parser.add_argument(
        "--sample-rate-hz",
        type=count,
        default=FrontEnd().sample_rate_hz,
        metavar="N",
        help="of the takes (%(default)s); with --port the board's",
    )
    parser.add_argument("--no-room", action="store_true", help="leave out the minute of room noise")
    source = parser.add_argument_group("where from (default: the system's microphone)")
    source.add_argument(
        "--device", metavar="NAME", help="another microphone: its number, or a part of its name"
    )
    source.add_argument(
        "--wav", type=Path, metavar="FILE", help="a recording in which the one word is said again and again"
    )
    source.add_argument(
        "--port", metavar="PORT", help="a board's microphone: /dev/ttyACM0, COM5, socket://HOST:PORT"
    )
    source.add_argument("--baud", type=count, default=_BAUD, help="of the port, at first (%(default)s)")
    add_most_baud_flag(source)
    add_patience_flag(source)
    page = parser.add_argument_group("in a browser")
    page.add_argument(
        "--page", action="store_true", help="write a page that records and hands over a zip, and end"
    )
    page.add_argument(
        "--overwrite", action="store_true", help="with --page: replace that file, whatever it is"
    )


def run(flags: argparse.Namespace) -> None:
    """Check what is to go where, then record, and say what to do with it."""
    words = parse_words(flags.words)
    given = [name for name in ("device", "wav", "port") if getattr(flags, name) is not None]
    if len(given) > 1:
        raise UserError(
            f"--{given[0]} and --{given[1]} exclude each other: takes come from one place at a time"
        )
    low, high = _RATES_HZ
    if not low <= flags.sample_rate_hz <= high:
        raise UserError(f"--sample-rate-hz is {flags.sample_rate_hz}, expected {low} to {high}")
    if flags.page:
        _write_page(flags, words, given)
        return
    if flags.overwrite:
        raise UserError("--overwrite is of no use without --page: takes are added to those that are there")
    flags.out = flags.out or _FOLDER
    if flags.wav is not None:
        _cut(flags, words)
        return
    # A folder that cannot be written is told before a microphone is opened.
    files = TakeFiles(flags.out, words, flags.speaker or _logged_in(), flags.sample_rate_hz)
    if flags.port is not None:
        board = BoardMicrophone.open(flags.port, flags.baud, patience_of(flags), flags.most_baud)
        files.rate_hz = board.rate_hz
        _record(flags, words, files, board)
    else:
        _record(flags, words, files, MicrophoneSource(flags.device, flags.sample_rate_hz))


def _write_page(flags: argparse.Namespace, words: Sequence[str], given: Sequence[str]) -> None:
    """A page that records; its path goes to stdout."""
    if given:
        raise UserError(f"--page writes a page, which has a microphone of its own; leave out --{given[0]}")
    written = write_record_page(words, flags.takes, flags.sample_rate_hz, flags.out, flags.overwrite)
    log("open it in a browser; train on what it hands over with:")
    log(_training(words, "FILE.zip", flags.language, flags.sample_rate_hz))
    say(str(written))


def _cut(flags: argparse.Namespace, words: Sequence[str]) -> None:
    """Takes and the room's noise from one recording."""
    if len(words) > 1:
        raise UserError(
            f"--wav {flags.wav}: is to be a recording of one word, said again and again, but --words names "
            f"{len(words)}; cut them one by one, into the same --out"
        )
    (word,) = words
    recording = read_recording(flags.wav, flags.sample_rate_hz).samples
    files = TakeFiles(flags.out, words, flags.speaker or _logged_in(), flags.sample_rate_hz)
    _tell(files, words)
    kept = keep_words(files, word, recording, flags.takes)
    if not kept and files.count(word) < flags.takes:
        raise UserError(
            f"{flags.wav}: holds no take that will do; expected {word!r} said again and again, with a second "
            "of quiet between"
        )
    if not flags.no_room and not files.room.exists():
        room = room_noise(recording, flags.sample_rate_hz)
        if len(room):
            files.add_room(room)
            log(f"  {len(room) / flags.sample_rate_hz:.0f} s of its pauses are kept as the sound of the room")
    _end(flags, words, files)


def _record(flags: argparse.Namespace, words: Sequence[str], files: TakeFiles, source: Source) -> None:
    _tell(files, words)
    log(f"{source.name}, {files.rate_hz} Hz, into {files.root} as {files.speaker}")
    log(KEYS)
    plan = Plan(words, flags.takes, not flags.no_room)
    try:
        with Keys() as keys, status_line() as show:
            is_done = Recorder(source, files, plan, keys, show).run()
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; {_state(words, files)}; the same command goes on") from None
    if is_done:
        _end(flags, words, files)
    else:
        say(f"{_state(words, files)}; the same command goes on")


def _end(flags: argparse.Namespace, words: Sequence[str], files: TakeFiles) -> None:
    """What is there, and the command that trains on it."""
    say(_state(words, files))
    if lacking := [word for word in words if files.count(word) < _FEW_TAKES]:
        log(f"of {', '.join(lacking)} there are few: of {_FEW_TAKES} or more, better 30, some are tested on")
    say(f"now  {_training(words_of(files.root), typed(files.root), flags.language, files.rate_hz)}")
    if not flags.language:
        log("(its other words are said by English voices; --language de is for German ones, and so on)")


def _training(words: Sequence[str], data: str, language: str | None, rate_hz: int) -> str:
    """The command that trains on takes."""
    spoken = f" --language {language}" if language else ""
    rate = "" if rate_hz == FrontEnd().sample_rate_hz else f" --sample-rate-hz {rate_hz}"
    return f"earshot train --words {shlex.quote(','.join(words))} --data {data}{spoken}{rate} --preset best"


def _state(words: Sequence[str], files: TakeFiles) -> str:
    counts = ", ".join(f"{files.count(word)} of {word!r}" for word in words)
    room = " and the sound of the room" if files.room.exists() else ""
    return f"takes by {files.speaker} in {files.root}: {counts}{room}"


def _tell(files: TakeFiles, words: Sequence[str]) -> None:
    for note in files.notes():
        log(note)
    for word in words:
        if there := files.count(word):
            log(f"{there} takes of {word!r} by {files.speaker} are there already")


def _logged_in() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # nobody of that number has a name
        return "me"
