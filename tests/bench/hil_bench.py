"""How fast each board proves clips, by each feed, and what bad lines cost: out/bench/hil.json.

Needs a finished run and its recordings: python tests/bench/hil_bench.py [RUN] [--data WHERE]. A bad line, bad
in another way each time, must never cost a score: the first one that does ends this with an error.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from hil.boards.board import QEMU, board_ids, load_board
from train.core import runfolder
from train.core.console import log
from train.core.results.boards import ProofResult
from train.core.typed_json import encode

_OUT = Path("out/bench/hil.json")
_SERIAL_CLIPS = 20  # over the serial line of an emulator, which takes a second or two for each
_FAULT_CLIPS = 100
_SEEDS = range(1, 11)
_FAULTS = (
    "drop=0.01,corrupt=0.01,duplicate=0.01,delay=0.002,split=0.05",
    "drop=0.01,corrupt=0.01,duplicate=0.01,stall=0.0002,disconnect=0.0004,restart=0.0003",
    "drop=0.05,corrupt=0.05,duplicate=0.05",
)
_FIGURES = (
    "board", "label", "feed", "clips", "features_compared", "features_differing", "features_max_difference",
    "scores_compared", "scores_differing", "accuracy", "int8_accuracy", "interval", "clips_per_s",
    "failed", "link", "faults",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path, default=Path("out/yes_no"), help="(%(default)s)")
    parser.add_argument("--data", help="as for earshot test")
    flags = parser.parse_args()
    data = ["--data", flags.data] if flags.data else []
    results = []
    for board_id in board_ids():
        is_emulated = load_board(board_id).run_kind == QEMU
        results.append(prove(flags.run, board_id, *data, "--split", "all"))
        if is_emulated:
            few = ("--feed", "serial", "--limit", str(_SERIAL_CLIPS))
            results.append(prove(flags.run, board_id, "--no-build", *data, *few))
    for faults in _FAULTS:
        for seed in _SEEDS:
            spoilt = ("--faults", f"{faults},seed={seed}", "--limit", str(_FAULT_CLIPS), "--no-build")
            results.append(prove(flags.run, "host", *data, *spoilt))
    runfolder.write_json(_OUT, results)
    print(_OUT)


def prove(run: Path, board_id: str, *arguments: str) -> dict[str, Any]:
    """The figures of one ``hil test``, which must end with 0, or with 3 where clips failed."""
    command = [sys.executable, "-m", "hil", "test", "--board", board_id, str(run), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    result = ProofResult.read(ProofResult.path_of(run, board_id))
    log(
        f"{board_id} {result.feed}: {result.clips} clips, {result.clips_per_s} a second, "
        f"{result.features_differing} features and {result.scores_differing} scores differ, "
        f"{result.link.retries} retries, {result.failed} failed {' '.join(arguments[-5:])}"
    )
    found = encode(result)
    return {name: found[name] for name in _FIGURES}


if __name__ == "__main__":
    main()
