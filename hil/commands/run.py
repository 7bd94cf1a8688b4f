"""``earshot run``: an emulated board listens to recordings and says what it hears."""

import argparse
from pathlib import Path

import numpy as np

from hil.boards.board import find_board
from hil.boards.build import build
from hil.commands.firmware_flags import add_firmware_flags, engine_of
from hil.link.process import ProcessLink
from hil.link.raw_audio import stream_audio
from train.audio.recording import read_recording
from train.core import runfolder
from train.core.console import log, say
from train.core.errors import UserError
from train.core.results.training import ClipList
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL

_SILENCE_MS = 1000  # behind a recording, so that a word at its end is decided upon


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    parser.add_argument(
        "--wav",
        type=Path,
        metavar="FILE",
        help="a recording of any kind, converted to the model's rate (default: the words in RUN/clips)",
    )


def run(flags: argparse.Namespace) -> None:
    """Build, start, play, print what the board says."""
    board = find_board(flags.board, flags.board_dir)
    board.require_emulator()
    rate_hz = runfolder.read_spec(flags.run).front_end.sample_rate_hz
    silence = np.zeros(rate_hz * _SILENCE_MS // 1000, np.int16)
    samples = np.zeros(0, np.int16)
    playing = []
    for path in [flags.wav] if flags.wav else _words(flags.run):
        playing.append(f"playing {path} at {len(samples) * 1000 // rate_hz} ms")
        samples = np.concatenate([samples, read_recording(path, rate_hz).samples, silence])
    firmware = build(board, flags.run, engine_of(flags))
    for line in playing:
        log(line)
    with ProcessLink(board.command(firmware.path)) as link:
        say(link.read_line().decode(errors="replace"))  # before it, a board may not hear
        for said in stream_audio(link, samples):
            say(said)


def _words(run_folder: Path) -> list[Path]:
    """The clips of the run folder in which a word is said."""
    folder = run_folder / runfolder.CLIPS
    clips = ClipList.read(folder / runfolder.CLIPS_LIST).clips
    paths = [folder / clip.file for clip in clips if clip.label not in (SILENCE_LABEL, UNKNOWN_LABEL)]
    if not paths:
        raise UserError(f"{folder}: holds no clip of a word; name a recording with --wav FILE")
    return paths
