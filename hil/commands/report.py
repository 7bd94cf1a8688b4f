"""``earshot report``: what boards made of a run, joined in RUN/hil/report.json, shown in report.html.

report.html has one writer, train/report/run_report.py; it takes its section on boards from that file.
"""

import argparse
from pathlib import Path
from typing import Any

from hil.boards.build import Firmware
from hil.proof.proof import RESULT
from hil.proof.stream_check import STREAM
from train.core import runfolder
from train.core.command_line import add_run_argument
from train.core.console import warn
from train.core.errors import UserError
from train.report.boards_report import FILE
from train.report.run_report import write_report

SIZE = "size.json"
# Of each file, what the report shows: all of these, and the model that they are about, must be there.
_FIELDS: dict[str, tuple[str, ...]] = {
    RESULT: (
        "accuracy", "interval", "clips", "clips_asked", "split", "int8_accuracy", "features_compared",
        "features_differing", "features_max_difference", "scores_compared", "scores_differing", "proven",
        "clips_per_s", "retries", "crc_errors", "failed", "link", "faults", "feed", "engine", "label",
    ),
    STREAM: (
        "minutes", "words", "matched", "correct", "wrong", "false_positives", "wanted_words", "false_rejects",
        "false_accepts", "false_accepts_per_hour", "interval", "latency_ms", "per_label",
        "differences_to_host", "complete", "seed", "label", "truth", "detections",
    ),
    SIZE: ("program", "engine", "arena_bytes", "flash_bytes", "ram_bytes", "stack_bytes"),
}  # fmt: skip
_PART = {RESULT: "test", STREAM: "stream", SIZE: "size"}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The run folder alone."""
    add_run_argument(parser)


def run(flags: argparse.Namespace) -> None:
    """Join what is there, make the page, say where it is."""
    content = join(flags.run)
    runfolder.write_json(flags.run / runfolder.HIL / FILE, content)
    page = write_report(flags.run)
    for board in content["boards"]:
        parts = ", ".join(_summary(board))
        print(f"{board['board']:14} {parts}")
    print(f"report         {page}")


def join(run: Path) -> dict[str, Any]:
    """The figures of all boards, as report.json has them; those of another model are left out.

    Raises:
        UserError: no run folder, nothing to join, or a file that is not as expected.
    """
    model_sha256 = runfolder.read_spec(run).artefacts[runfolder.TFLITE]
    boards = []
    for folder in sorted(path for path in (run / runfolder.HIL).glob("*") if path.is_dir()):
        found = {_PART[name]: _read_part(folder / name, model_sha256) for name in _FIELDS}
        parts = {name: part for name, part in found.items() if part is not None}
        if parts:
            boards.append({"board": folder.name, **parts})
    if not boards:
        raise UserError(
            f"{run / runfolder.HIL}: there is nothing on this model to report; begin with: "
            f"earshot test --board host {run}"
        )
    return {"model_sha256": model_sha256, "boards": boards}


def write_size(run: Path, board: str, program: str, engine: str, firmware: Firmware) -> None:
    """Keep for the report what a firmware takes of its board; nothing is kept where that has no budget."""
    usage = firmware.usage
    if usage is None:
        return
    content = {
        "program": program,
        "engine": engine,
        "model_sha256": runfolder.read_spec(run).artefacts[runfolder.TFLITE],
        "arena_bytes": firmware.arena_bytes,
        "flash_bytes": usage.flash_bytes,
        "ram_bytes": usage.ram_bytes,
        "stack_bytes": usage.stack.bytes if usage.stack else None,
    }
    runfolder.write_json(run / runfolder.HIL / board / SIZE, content)


def _read_part(path: Path, model_sha256: str) -> dict[str, Any] | None:
    """What the report shows of a file; None where there is none, or none about this model."""
    if not path.is_file():
        return None
    content = runfolder.read_json(path)
    fields = _FIELDS[path.name]
    there = content if isinstance(content, dict) else {}
    missing = [name for name in (*fields, "model_sha256") if name not in there]
    if missing:
        raise UserError(
            f"{path}: has no {missing[0]!r}; it is of another version: remove it, and make it again"
        )
    if content["model_sha256"] != model_sha256:
        warn(
            f"{path}: is about another model (SHA-256 {content['model_sha256'][:12]}…, expected "
            f"{model_sha256[:12]}…) and is left out; make it again"
        )
        return None
    return {name: content[name] for name in fields}


def _summary(board: dict[str, Any]) -> list[str]:
    """A line of figures."""
    parts = []
    if test := board.get("test"):
        proven = "proven" if test["proven"] else "NOT PROVEN"
        parts.append(f"{100 * test['accuracy']:.1f} % of {test['clips']} clips ({test['label']}, {proven})")
    if stream := board.get("stream"):
        parts.append(
            f"{stream['correct']} of {stream['words']} words in {stream['minutes']:g} minutes, "
            f"{stream['false_accepts_per_hour']:g} false accepts an hour"
        )
    if size := board.get("size"):
        parts.append(f"flash {size['flash_bytes']:,}, RAM {size['ram_bytes']:,} bytes")
    return parts
