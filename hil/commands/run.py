"""``earshot run``: an emulated board listens to recordings, says what it hears, and is judged."""

import argparse
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

from hil.boards.board import Board, find_board
from hil.boards.build import build
from hil.boards.microphones.emulated import EmulatedMicrophone, Played, about, play
from hil.commands.firmware_flags import add_firmware_flags, add_patience_flag, engine_of, patience_of
from hil.link.board_lines import BoardHeard, heard_in
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from hil.link.raw_audio import stream_audio
from hil.live.detector import Detector
from hil.live.playlist import Playlist, clips_of, recording_of
from hil.live.verdict import judge, lines_of
from train.core import runfolder
from train.core.console import log, say, warn
from train.core.errors import UserError


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    parser.add_argument(
        "--wav",
        type=Path,
        metavar="FILE",
        help="a recording of any kind, converted to the model's rate (default: the words in RUN/clips)",
    )
    parser.add_argument(
        "--said", default="", metavar="A,B", help="words said in --wav, each as often as it is said"
    )
    add_patience_flag(parser)
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="or a file that tells them, as for earshot stream"
    )


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Build, start, play, print what the board says, judge it."""
    patience = patience_of(flags)
    board = find_board(flags.board, flags.board_dir)
    board.require_emulator()
    if board.emulator and board.microphone and not board.has_emulated_microphone:
        raise UserError(
            f"board {board.id} hears by its own microphone, which its emulator has not; earshot test --board "
            f"{board.id} proves what it computes, and flashed onto a real one it listens"
        )
    playlist = _playlist(flags)
    firmware = build(board, flags.run, engine_of(flags))
    for line in playlist.titles:
        log(line)
    if board.has_emulated_microphone:
        played = play(board, playlist.samples)
        playlist = dataclasses.replace(playlist, samples=played.heard)
        heard = _shown(_by_microphone(board, firmware.path, played, patience))
    else:
        with ProcessLink(board.command(firmware.path), patience.answer_s) as link:
            say(link.read_line().decode(errors="replace"))  # before it, a board may not hear
            heard = _shown(stream_audio(link, playlist.samples))
    try:
        detector = Detector.load(flags.run)
    except UserError as error:
        warn(f"there is no verdict: {error}")
        return
    with detector:
        say("", *lines_of(judge(playlist, heard, detector), detector))


def _shown(lines: Iterable[str]) -> list[BoardHeard]:
    """Print what a board says; return what it heard."""
    heard = []
    for line in lines:
        say(line)
        if found := heard_in(line):
            heard.append(found)
    return heard


def _by_microphone(board: Board, firmware: Path, played: Played, patience: Patience) -> Iterator[str]:
    microphone = EmulatedMicrophone(board, firmware, played, patience)
    yield from microphone.lines()
    assert microphone.result is not None
    log(about(microphone.result))


def _playlist(flags: argparse.Namespace) -> Playlist:
    if (flags.said or flags.truth) and not flags.wav:
        raise UserError("--said and --truth are about a recording: add --wav FILE")
    if flags.said and flags.truth:
        raise UserError("--said and --truth exclude each other: both tell what is said")
    spec = runfolder.read_spec(flags.run)
    if flags.wav is None:
        return clips_of(flags.run, spec)
    words = [word.strip() for word in flags.said.split(",") if word.strip()]
    return recording_of(flags.wav, spec, words, flags.truth)
