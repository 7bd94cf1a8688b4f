"""python -m hil COMMAND: firmware of a run on a board, its model.pb on a Raspberry Pi."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hil import aarch64_root, bench_command, flash_command, pi_command, stream_command, tune_command
from hil.proof_command import add_flags, run_test
from train.console import log, run
from train.errors import UserError

if TYPE_CHECKING:
    from hil.boards import Board

_SILENCE_MS = 1000  # behind a recording, so that a word at its end is decided upon


def main() -> None:
    """Run the command on ``sys.argv``."""
    parser = argparse.ArgumentParser(
        prog="python -m hil", description="Build the firmware of a run folder and run it on a board."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    boards = commands.add_parser("boards", help="list the boards, what they need, and what is connected")
    boards.set_defaults(command=_boards)

    build = commands.add_parser("build", help="RUN/c becomes RUN/firmware/BOARD/earshot")
    build.add_argument("--clean", action="store_true", help="start from an empty build folder")
    build.set_defaults(command=_build)

    flash = commands.add_parser("flash", help="build, bring it onto a board, ask the board what it runs")
    flash_command.add_flags(flash)
    flash.set_defaults(command=flash_command.run_flash)

    run_parser = commands.add_parser("run", help="build, start, play a recording to it, print what it hears")
    run_parser.add_argument(
        "--wav",
        type=Path,
        metavar="FILE",
        help="16-bit mono WAV at the model's rate (default: the words in RUN/clips)",
    )
    run_parser.set_defaults(command=_run)

    test = commands.add_parser("test", help="let a board score recordings, and prove every feature and score")
    add_flags(test)
    test.set_defaults(command=run_test)

    stream = commands.add_parser(
        "stream", help="let a board listen to words in noise, and count what it hears"
    )
    stream_command.add_flags(stream)
    stream.set_defaults(command=stream_command.run_stream)

    pi = commands.add_parser("pi", help="time model.pb on a Raspberry Pi, by the challenge's rules")
    pi_command.add_flags(pi)
    pi.set_defaults(command=pi_command.run_pi)

    root = commands.add_parser("pi-root", help="fetch an AArch64 Python and NumPy for pi --emulate (21 MB)")
    aarch64_root.add_flags(root)
    root.set_defaults(command=aarch64_root.run_make_root)

    bench = commands.add_parser("bench", help="count what an inference and a row of features take on a board")
    bench_command.add_flags(bench)
    bench.set_defaults(command=bench_command.run_bench)

    tune = commands.add_parser("tune", help="choose thresholds for a target of false accepts per hour")
    tune_command.add_flags(tune)
    tune.set_defaults(command=tune_command.run_tune)

    report = commands.add_parser("report", help="join what boards made of a run, in RUN/report.html")
    report.add_argument("run", metavar="RUN", type=Path, help="run folder, such as out/yes_no")
    report.set_defaults(command=_report)

    for command in (build, flash, run_parser, test, stream, bench):
        command.add_argument("run", metavar="RUN", type=Path, help="run folder, such as out/yes_no")
        several = "; several, as ID,ID, share the clips" if command is test else ""
        command.add_argument(
            "--board", required=True, metavar="ID", help=f"as python -m hil boards lists them{several}"
        )
        command.add_argument(
            "--engine",
            default="compiled",
            choices=("compiled", "tflm"),
            help="what runs the model (%(default)s)",
        )
        command.add_argument("--tflm-root", type=Path, metavar="DIR", help="TFLite-Micro checkout, for tflm")
        command.add_argument(
            "--tflm-library", type=Path, metavar="FILE", help="its static library, if there are several"
        )
    flags = parser.parse_args()
    flags.command(flags)


def _boards(flags: argparse.Namespace) -> None:
    from hil.boards import board_ids, load_board

    boards, mistakes = [], []
    for board_id in board_ids():
        try:
            board = load_board(board_id)
        except UserError as error:  # the others are of use all the same
            mistakes.append(str(error))
            continue
        boards.append(board)
        missing = [tool for tool in board.tools if shutil.which(tool) is None]
        if not (shutil.which("ninja") or shutil.which("make")):
            missing.append("ninja or make")
        budgets = (
            f"flash {board.target.flash_bytes:,}, RAM {board.target.ram_bytes:,}"
            if board.target
            else "no limits"
        )
        state = f"missing: {', '.join(missing)}" if missing else "ready"
        print(f"{board.id:14} {board.title:47} {board.cpu:11} {budgets:31} {board.run_kind:7} {state}")
    _print_ports(boards)
    if mistakes:
        raise UserError("; ".join(mistakes))


def _print_ports(boards: "list[Board]") -> None:
    """Serial ports, and the boards that have their USB id."""
    from hil.ports import connected_ports

    print()
    try:
        ports = connected_ports()
    except UserError as error:
        print(f"connected: {error}")
        return
    for port in ports:
        owners = [board.id for board in boards if port.usb is not None and port.usb == board.usb]
        usb = str(port.usb or "no USB")
        print(f"{port.device:14} {port.description:47} {usb:11} {' or '.join(owners) or 'unknown'}")
    if not ports:
        print("connected: no serial port")


def _report(flags: argparse.Namespace) -> None:
    from hil.report import run_report

    run_report(flags)


def _build(flags: argparse.Namespace) -> None:
    from hil.boards import load_board
    from hil.build import APPLICATION, Engine, build
    from hil.report import write_size

    board = load_board(flags.board)
    firmware = build(board, flags.run, Engine(flags.engine, flags.tflm_root, flags.tflm_library), flags.clean)
    write_size(flags.run, board.id, APPLICATION, flags.engine, firmware)
    print(f"firmware  {firmware.path}")
    print(f"arena     {firmware.arena_bytes:,} bytes")
    usage, target = firmware.usage, board.target
    if usage is None or target is None:
        return
    print(f"flash     {usage.flash_bytes:,} of {target.flash_bytes:,} bytes")
    print(f"RAM       {usage.ram_bytes:,} of {target.ram_bytes:,} bytes")
    bound = f"{usage.stack.bytes:,} bytes at worst" if usage.stack else "no bound known"
    print(f"stack     {bound}, {target.stack_bytes:,} set aside")


def _run(flags: argparse.Namespace) -> None:
    import numpy as np

    from hil.boards import load_board
    from hil.build import Engine, build
    from hil.link import ProcessLink
    from hil.stream import stream_audio
    from train import runfolder, wav

    board = load_board(flags.board)
    board.require_emulator()
    rate_hz = runfolder.read_spec(flags.run).front_end.sample_rate_hz
    silence = np.zeros(rate_hz * _SILENCE_MS // 1000, np.int16)
    samples = np.zeros(0, np.int16)
    playing = []
    for path in [flags.wav] if flags.wav else _words(flags.run):
        playing.append(f"playing {path} at {len(samples) * 1000 // rate_hz} ms")
        samples = np.concatenate([samples, wav.read_wav(path, rate_hz), silence])
    firmware = build(board, flags.run, Engine(flags.engine, flags.tflm_root, flags.tflm_library))
    for line in playing:
        log(line)
    with ProcessLink(board.command(firmware.path)) as link:
        print(link.read_line().decode(), flush=True)  # before it, a board may not hear
        for said in stream_audio(link, samples):
            print(said, flush=True)


def _words(run_folder: Path) -> list[Path]:
    """The clips of the run folder in which a word is said."""
    from train import runfolder
    from train.spec import SILENCE_LABEL, UNKNOWN_LABEL

    folder = run_folder / runfolder.CLIPS
    entries = runfolder.read_json(folder / runfolder.CLIPS_LIST)
    try:
        paths = [
            folder / entry["file"]
            for entry in entries
            if entry["label"] not in (SILENCE_LABEL, UNKNOWN_LABEL)
        ]
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{folder / runfolder.CLIPS_LIST}: expected a list of objects with file and label; "
            "name a recording with --wav FILE"
        ) from error
    if not paths:
        raise UserError(f"{folder}: holds no clip of a word; name a recording with --wav FILE")
    return paths


if __name__ == "__main__":
    run(main)
