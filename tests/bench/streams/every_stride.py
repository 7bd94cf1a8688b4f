"""Windows of real and adversarial audio by the incremental engine, on the host: ``make bench-incremental``.

Every network for boards, strides of 1 to 10 rows. All scores are compared with those of whole inferences of
the same engine, the first with TFLite-Micro's. To out/bench/incremental.json.
"""

import argparse
import tarfile
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from firmware_bench import random_subject
from firmware_measure import Subject
from networks_table import usual_front_end
from numpy.typing import NDArray

from codegen.engine import Windows
from codegen.native import NativeEngine
from train import architectures
from train.core import console, runfolder
from train.core.spec import FrontEnd
from train.detection.reference_listener import RowStream

OUT = Path("out/bench/incremental.json")
RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "speech_commands_dev.tar.xz"
STRIDES = range(1, 11)
_ORACLE_WINDOWS = 100  # an interpreter takes its time
_LARGEST_TFLITE_BYTES = 128 * 1024
_SPECIAL_EVERY, _SPECIAL_ROWS = 150, 12


def main() -> None:
    """Compare what the flags name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", action="append", choices=architectures.names_for_boards())
    parser.add_argument(
        "--windows", type=int, default=10_000, help="of each network and stride (%(default)s)"
    )
    flags = parser.parse_args()
    results = []
    for name in flags.network or architectures.names_for_boards():
        front_end = usual_front_end(name)
        subject = random_subject(name, name, front_end, 4, clips=50)
        if len(subject.tflite) > _LARGEST_TFLITE_BYTES:
            continue
        rows = stream(front_end, front_end.frames + max(STRIDES) * (flags.windows - 1))
        for stride_rows in STRIDES:
            results.append(compare(subject, rows, stride_rows, flags.windows))
            console.log(" ".join(f"{key} {value}" for key, value in results[-1].items()))
        runfolder.write_json(OUT, results)


def compare(subject: Subject, rows: NDArray[np.int8], stride_rows: int, window_count: int) -> dict[str, Any]:
    """One row of the table; rows: (n, bins)."""
    frames = subject.front_end.frames
    engine = NativeEngine(subject.tflite, subject.name, windows=Windows(frames, stride_rows))
    result = {"network": subject.name, "front_end": subject.front_end.name, "stride_rows": stride_rows}
    if not engine.next_rows:
        return {**result, "windows": 0, "note": "no row of it is kept"}
    used = rows[: frames + stride_rows * (window_count - 1)]
    windows = np.lib.stride_tricks.sliding_window_view(used, frames, axis=0)[::stride_rows].transpose(0, 2, 1)
    found = engine.run_stream(used)
    few = np.ascontiguousarray(windows[:_ORACLE_WINDOWS]).reshape(-1, *subject.oracle.input_shape)
    oracle = subject.oracle.run(few).reshape(len(few), -1)
    differing = int((found[: len(few)] != oracle).sum())
    for start in range(0, len(windows), 1000):
        whole = engine.run(np.ascontiguousarray(windows[start : start + 1000]))
        differing += int((found[start : start + 1000] != whole).sum())
    return {**result, "windows": len(windows), "scores_compared": found.size, "scores_differing": differing}


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
