"""Windows of real and adversarial audio by the incremental engine: ``make bench-incremental``.

Every network for boards, strides of 1 to 10 rows, on the host and on emulated cores. All scores are compared
with those of whole inferences of the host's engine, the first of those with TFLite-Micro's; on emulated cores
some windows are computed whole there as well. To out/bench/incremental.json, where rows stay until what makes
the engine changes; the table of docs/NETWORKS.md follows from it.
"""

import argparse
import functools
import hashlib
import json
import tarfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import document_table
import numpy as np
from emulator.emulated_engine import EmulatedEngine
from firmware_bench import random_subject
from firmware_measure import Subject
from networks_table import usual_front_end
from numpy.typing import NDArray

from codegen.engine import Windows, build_engine
from codegen.native import NativeEngine
from hil.provenance import EMULATED, HOST
from train import architectures
from train.core import console, runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.core.spec import FrontEnd
from train.detection.reference_listener import RowStream

OUT = Path("out/bench/incremental.json")
RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "speech_commands_dev.tar.xz"
STRIDES = range(1, 11)
_HOST = "host"
BOARDS = {_HOST: "host", "mps2-an385": "M3", "mps2-an386": "M4F", "mps3-an547": "M55", "rv32": "RV32"}
_HOST_WINDOWS, _EMULATED_WINDOWS = 10_000, 250  # a core does some forty of a large network a second
_WHOLE_EVERY = 8  # windows, of which an emulated core computes one whole as well
_ORACLE_WINDOWS = 100  # an interpreter takes its time
_LARGEST_TFLITE_BYTES = 128 * 1024
_SPECIAL_EVERY, _SPECIAL_ROWS = 150, 12
_KEY = ("board", "network", "stride_rows")

Row = dict[str, Any]


def main() -> None:
    """Compare what the flags name, and what was not compared before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", action="append", choices=architectures.names_for_boards())
    parser.add_argument("--board", action="append", choices=BOARDS, help="may be repeated (all)")
    parser.add_argument("--stride-rows", action="append", type=int, choices=STRIDES)
    parser.add_argument(
        "--windows",
        type=int,
        help=f"of each network and stride ({_HOST_WINDOWS} on the host, {_EMULATED_WINDOWS} elsewhere)",
    )
    flags = parser.parse_args()
    for name in flags.network or architectures.names_for_boards():
        front_end = usual_front_end(name)
        subject = random_subject(name, name, front_end, 4, clips=50)
        if len(subject.tflite) > _LARGEST_TFLITE_BYTES:
            continue
        for stride_rows in flags.stride_rows or STRIDES:
            for row in compare(subject, stride_rows, flags.board or BOARDS, flags.windows, _known()):
                # Read again: another process may have written since.
                others = [kept for kept in _known() if any(kept[key] != row[key] for key in _KEY)]
                runfolder.write_json(OUT, [*others, row])
                console.log(" ".join(f"{key} {value}" for key, value in row.items() if key != "made_of"))
    document_table.write("NETWORKS.md", "make bench-incremental", table(_known()))


def _known() -> list[Row]:
    return json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else []


def compare(
    subject: Subject, stride_rows: int, boards: Sequence[str], window_count: int | None, known: Sequence[Row]
) -> Iterator[Row]:
    """A row of each board that is not known: of the same engine, with as many windows."""
    made_of = sources_hash(subject, stride_rows)
    expected: NDArray[np.int8] | None = None
    for board in boards:
        count = window_count or (_HOST_WINDOWS if board == _HOST else _EMULATED_WINDOWS)
        row: Row = {"board": board, "network": subject.name, "stride_rows": stride_rows, "made_of": made_of}
        if any(row.items() <= other.items() and other["windows"] in (count, None) for other in known):
            continue
        row |= {"front_end": subject.front_end.name, "label": HOST if board == _HOST else EMULATED}
        if not made_of:
            yield row | {"windows": None, "note": "no row of it is kept"}
            continue
        frames = subject.front_end.frames
        rows = _rows(subject.front_end, frames + stride_rows * (count - 1))
        if expected is None or len(expected) < count:
            expected = _whole(subject, rows, stride_rows)
        windows = Windows(frames, stride_rows)
        if board == _HOST:
            found = NativeEngine(subject.tflite, subject.name, windows=windows).run_stream(rows)
        else:
            with EmulatedEngine(
                subject.tflite, subject.name, board, windows=windows, whole_every=_WHOLE_EVERY
            ) as engine:
                found, whole, others = engine.run_stream(rows)
            row |= {"windows_whole_on_board": whole, "of_those_differing": others}
        yield row | {
            "windows": count,
            "scores_compared": found.size,
            "scores_differing": int((found != expected[:count]).sum()),
        }


def sources_hash(subject: Subject, stride_rows: int) -> str:
    """Of the C that becomes the engine, all kernels among it; "" for one that keeps no rows."""
    windows = Windows(subject.front_end.frames, stride_rows)
    engine = build_engine(subject.graph, "", subject.where, windows)
    if not engine.next_rows:
        return ""
    kernels = sorted([*(FIRMWARE_SOURCES / "kernels").iterdir(), FIRMWARE_SOURCES / "compiler.h"])
    texts = [*engine.sources.values(), *(path.read_text(encoding="utf-8") for path in kernels)]
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def _whole(subject: Subject, rows: NDArray[np.int8], stride_rows: int) -> NDArray[np.int8]:
    """(windows, outputs): by whole inferences on the host, of which the first are TFLite-Micro's.

    Raises:
        UserError: they are not.
    """
    frames = subject.front_end.frames
    windows = np.lib.stride_tricks.sliding_window_view(rows, frames, axis=0)[::stride_rows].transpose(0, 2, 1)
    engine = _native(subject.tflite, subject.name)
    found = np.concatenate(
        [
            engine.run(np.ascontiguousarray(windows[start : start + 1000]))
            for start in range(0, len(windows), 1000)
        ]
    )
    few = np.ascontiguousarray(windows[:_ORACLE_WINDOWS]).reshape(-1, *subject.oracle.input_shape)
    if (differing := int((found[: len(few)] != subject.oracle.run(few).reshape(len(few), -1)).sum())) > 0:
        raise UserError(f"{subject.where}: {differing} scores of whole inferences are not TFLite-Micro's")
    return found


@functools.lru_cache(1)
def _native(tflite: bytes, where: str) -> NativeEngine:
    return NativeEngine(tflite, where)


@functools.cache
def _stream(front_end: FrontEnd, row_count: int) -> NDArray[np.int8]:
    return stream(front_end, row_count)


def _rows(front_end: FrontEnd, row_count: int) -> NDArray[np.int8]:
    """The first of a stream, which is made in a few lengths only."""
    longest = max(STRIDES) * (_HOST_WINDOWS if row_count > max(STRIDES) * 1000 else 1000)
    return _stream(front_end, max(row_count, longest + front_end.frames))[:row_count]


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown: a line for each network."""
    lines = [
        "| network, front end | " + " | ".join(BOARDS.values()) + " |",
        "|---|" + "---:|" * len(BOARDS),
    ]
    for name in dict.fromkeys(row["network"] for row in rows):
        of_name = [row for row in rows if row["network"] == name]
        cells = [_cell([row for row in of_name if row["board"] == board]) for board in BOARDS]
        lines.append(f"| `{name}`, `{of_name[0]['front_end']}` | {' | '.join(cells)} |")
    counted = [row for row in rows if row["windows"]]
    sums = {
        key: sum(row.get(key, 0) for row in counted)
        for key in (
            "windows",
            "scores_compared",
            "scores_differing",
            "windows_whole_on_board",
            "of_those_differing",
        )
    }
    return "\n".join(
        [
            *lines,
            "",
            "Scores that differ, of windows (strides) that were compared. Together "
            f"{sums['scores_differing']:,} of {sums['scores_compared']:,} scores of {sums['windows']:,} "
            "windows are not those of whole inferences on the host. Of windows that an emulated core "
            f"computed whole as well, {sums['of_those_differing']:,} of {sums['windows_whole_on_board']:,} "
            "differ.",
        ]
    )


def _cell(rows: Sequence[Row]) -> str:
    counted = [row for row in rows if row["windows"]]
    if not rows:
        return "not run"
    if not counted:
        return "keeps no rows"
    differing = sum(row["scores_differing"] for row in counted)
    return f"{differing} of {sum(row['windows'] for row in counted):,} ({len(counted)})"


def stream(front_end: FrontEnd, row_count: int) -> NDArray[np.int8]:
    """(row_count, bins): recordings one behind the other, among them noise, extremes, rows that repeat."""
    rng = np.random.default_rng(1)
    source, found, count = RowStream(front_end), [], 0
    for samples in _recordings(rng):
        found.append(source.push(samples))
        count += len(found[-1])
        if count >= row_count:
            break
    rows = np.concatenate(found)[:row_count]
    for number, start in enumerate(range(_SPECIAL_EVERY, row_count - _SPECIAL_ROWS, _SPECIAL_EVERY)):
        place = rows[start : start + _SPECIAL_ROWS]
        if number % 4 == 0:
            place[:] = rng.choice(np.array([-128, 127], np.int8), place.shape)
        elif number % 4 == 1:
            place[:] = place[0]
        elif number % 4 == 2:
            place[:] = rng.integers(-128, 128, place.shape, dtype=np.int8)
        else:
            place[:] = -128 if number % 8 == 3 else 127
    return rows


def _recordings(rng: np.random.Generator) -> Iterator[NDArray[np.int16]]:
    """Real ones where they are, then noise of all levels without an end."""
    if RECORDINGS.is_file():
        with tarfile.open(RECORDINGS) as archive:
            for member in archive:
                if member.name.endswith(".wav") and (file := archive.extractfile(member)):
                    with wave.open(file) as recording:
                        yield np.frombuffer(recording.readframes(recording.getnframes()), "<i2")
    while True:
        yield (rng.normal(size=16_000) * 10 ** rng.uniform(0, 4.3)).clip(-32768, 32767).astype(np.int16)


if __name__ == "__main__":
    console.run(main)
