"""Every board on one run: sizes, speed, features and scores, and a stream through a microphone.

    boards_bench.py RUN [--board ID ...] [--limit N] [--minutes M] [--data WHERE]

Boards that nobody emulates are compiled. out/bench/boards.json is written a board at a time, so that what was
done stays if the rest takes too long. rp2040js is slow: a second of audio takes several.
"""

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

from hil.boards.board import HARDWARE, Board, board_ids, load_board
from hil.boards.build import build
from train.core import runfolder
from train.core.console import log
from train.core.results.boards import BenchResult, ProofResult, StreamResult

_OUT = Path("out/bench/boards.json")
_FEW_INFERENCES = "2"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--board", action="append", help="only this one; several times for several")
    parser.add_argument("--limit", default="860", help="clips a board proves (%(default)s)")
    parser.add_argument("--minutes", default="10", help="of stream through a microphone (%(default)s)")
    parser.add_argument("--data", help="as for earshot test")
    flags = parser.parse_args()
    results = []
    for board_id in flags.board or board_ids():
        results.append(measure(load_board(board_id), flags))
        runfolder.write_json(_OUT, results)
        log(f"{board_id}: {results[-1]}")
    print(_OUT)


def measure(board: Board, flags: argparse.Namespace) -> dict[str, Any]:
    """The line of one board; figures that it has not are None."""
    line: dict[str, Any] = {
        "board": board.id,
        "core": board.cpu,
        "microphone": board.microphone,
        "state": board.proven,
    }
    usage = build(board, flags.run).usage
    line |= {
        "flash_bytes": usage.flash_bytes if usage else None,
        "ram_bytes": usage.ram_bytes if usage else None,
    }
    names = ("cycles_or_instructions_per_second", "scores_compared", "scores_differing")
    line |= dict.fromkeys((*names, "features_compared", "features_differing"))
    if board.run_kind == HARDWARE:
        return line
    data = ["--data", flags.data] if flags.data else []
    earshot("test", board, flags.run, "--limit", flags.limit, "--split", "all", *data)
    proof = ProofResult.read(ProofResult.path_of(flags.run, board.id))
    line |= {name: getattr(proof, name) for name in line.keys() & vars(proof).keys() - {"board"}}
    earshot("bench", board, flags.run, "--inferences", _FEW_INFERENCES)
    line |= per_second(BenchResult.read(BenchResult.path_of(flags.run, board.id)))
    if board.has_emulated_microphone:
        earshot("stream", board, flags.run, "--minutes", flags.minutes, *data)
        stream = StreamResult.read(StreamResult.path_of(flags.run, board.id))
        line["stream"] = {
            "minutes": stream.minutes,
            "detections": len(stream.detections),
            "differences_to_host": dataclasses.asdict(stream.differences_to_host),
            "microphone": stream.settings["microphone"],
        }
    return line


def per_second(bench: BenchResult) -> dict[str, Any]:
    """What listening takes in a second of audio: instructions of QEMU, or cycles as rp2040js counts them."""
    if (count := bench.instructions_per_audio_s) is not None:
        return {"cycles_or_instructions_per_second": count, "counted": "instructions (emulated)"}
    if bench.ticks_per_s and (ticks := bench.ticks_per_audio_s) is not None:
        return {"cycles_or_instructions_per_second": round(ticks), "counted": "cycles of the emulator"}
    return {"counted": "nothing (host)"}


def earshot(command: str, board: Board, run: Path, *arguments: str) -> None:
    """One of hil's commands, which must end well."""
    words = [sys.executable, "-m", "hil", command, "--board", board.id, str(run), *arguments]
    words += ["--patience-s", "600"]
    subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
