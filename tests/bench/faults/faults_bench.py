"""Long runs and bad lines, to out/bench/faults.json: ``make bench-faults RUN=FOLDER``.

Eight hours of sound go through the firmware on this computer, as one stream over its line, and through an
emulated board; every score is compared with TFLite-Micro's. An hour of clips and an hour of streams cross a
line that loses, spoils, repeats and delays, with restarts and disconnects. Two processes at one run folder
are made elsewhere (``interleavings``), damaged files by ``make fuzz``: their figures are joined. Each part is
kept in out/bench/faults and not repeated; ``rm -r out/bench/faults`` begins again.
"""

import argparse
import importlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from faults import bad_lines, streams
from faults.material import SoundFile, Twin, make_twin, write_sound

from codegen.emit import generate
from hil.boards.board import load_board
from train.core import runfolder
from train.core.console import log, say
from train.core.errors import UserError
from train.core.spec import ModelSpec
from train.tflite.tflm import TflmModel, int8_model

_OUT = Path("out/bench/faults.json")
_PARTS = Path("out/bench/faults")
_FUZZ = Path("out/bench/fuzz.json")
_BOARD = "mps2-an386"
_INTERLEAVINGS = "interleavings"

Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a finished run")
    parser.add_argument("--hours", type=float, default=8.0, help="of stream (%(default)s)")
    parser.add_argument("--line-minutes", type=int, default=60, help="over bad lines (%(default)s)")
    parser.add_argument(
        "--stride-rows",
        type=int,
        default=25,
        help="from one inference to the next in the long streams (%(default)s; the application has 5)",
    )
    parser.add_argument("--only", choices=(*_PARTS_OF_LINES, _INTERLEAVINGS, "join"), help="one part")
    flags = parser.parse_args()
    _PARTS.mkdir(parents=True, exist_ok=True)
    bench = Bench(flags.run, round(60 * flags.hours), flags.line_minutes, flags.stride_rows)
    for name in _PARTS_OF_LINES:
        if flags.only in (None, name):
            _once(name, lambda name=name: getattr(bench, name)())
    if flags.only in (None, _INTERLEAVINGS):
        _once(_INTERLEAVINGS, _interleavings)
    runfolder.write_json(_OUT, joined())
    say(str(_OUT))


class Bench:
    """The parts, on a copy of a run, whose C is made again."""

    def __init__(self, run: Path, minutes: int, line_minutes: int, stride_rows: int) -> None:
        self._minutes, self._line_minutes, self._stride_rows = minutes, line_minutes, stride_rows
        self.run = _PARTS / "run"
        if not self.run.is_dir():
            with tempfile.TemporaryDirectory(dir=_PARTS) as name:
                copy = shutil.copytree(
                    run, Path(name) / "run", ignore=shutil.ignore_patterns("firmware", "hil")
                )
                generate(copy)
                copy.rename(self.run)
        self.spec: ModelSpec = runfolder.read_spec(self.run, needs=[runfolder.TFLITE])
        tflite = self.run / runfolder.TFLITE
        self.model: TflmModel = int8_model(tflite.read_bytes(), str(tflite))

    def host_stream(self) -> Figures:
        return streams.host_stream(self.run, self.spec, self._sound(), self._twin, self._stride_rows)

    def emulated_stream(self) -> Figures:
        return streams.emulated_stream(
            load_board(_BOARD), self.run, self.spec, self._sound(), self._twin(), self._stride_rows
        )

    def bad_line_clips(self) -> Figures:
        return bad_lines.clips(self.run, self.spec, self.model, self._line_sound(), 60 * self._line_minutes)

    def bad_line_streams(self) -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            return bad_lines.streams(
                self.run, self.spec, self.model, self._line_sound(), self._line_minutes, Path(folder)
            )

    def _sound(self) -> SoundFile:
        rate_hz = self.spec.front_end.sample_rate_hz
        return write_sound(_PARTS / "sound.i16", self._minutes, self.run, rate_hz)

    def _line_sound(self) -> SoundFile:
        rate_hz = self.spec.front_end.sample_rate_hz
        return write_sound(_PARTS / "line.i16", self._line_minutes, self.run, rate_hz)

    def _twin(self) -> Twin:
        """What Python makes of the sound, kept: both streams are compared with it."""
        file = _PARTS / f"twin_{self._minutes}_{self._stride_rows}.npz"
        if not file.is_file():
            with tempfile.TemporaryDirectory() as folder:
                made = make_twin(self._sound(), self.model, self.spec, self._stride_rows, Path(folder))
            np.savez(file, **vars(made))
        with np.load(file) as kept:
            figures = (int(kept[name]) for name in list(kept)[2:])
            return Twin(kept["scores"], kept["times_ms"].tolist(), *figures)


_PARTS_OF_LINES = ("emulated_stream", "host_stream", "bad_line_clips", "bad_line_streams")


def _once(name: str, make: Callable[[], Figures]) -> Figures:
    """The figures of a part, made unless they are there."""
    file = _PARTS / f"{name}.json"
    if not file.is_file():
        log(f"part {name}")
        runfolder.write_json(file, make())
    return _kept(name) or {}


def _kept(name: str) -> Figures | None:
    file = _PARTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _interleavings() -> Figures:
    try:
        measure = importlib.import_module("faults.interleavings").measure
    except ModuleNotFoundError as error:
        raise UserError(f"interleavings cannot be run: {error}") from error
    found: Figures = measure()
    return found


def joined() -> Figures:
    """All parts that there are; None stands for what was not run."""
    parts = {name: _kept(name) for name in (*_PARTS_OF_LINES, _INTERLEAVINGS)}
    made = [part for name in _PARTS_OF_LINES if (part := parts[name])]
    folders = parts[_INTERLEAVINGS] or {}
    fuzz = json.loads(_FUZZ.read_text(encoding="utf-8")) if _FUZZ.is_file() else {}
    kinds = [kind for kind in fuzz.values() if isinstance(kind, dict) and "inputs" in kind]
    long_runs = [parts[name] for name in ("emulated_stream", "host_stream") if parts[name]]
    bad = [parts[name] for name in ("bad_line_clips", "bad_line_streams") if parts[name]]
    peaks = [who["peak_mb"] for part in made for who in part["memory"].values()]
    return {
        **{name: folders.get(name) for name in ("interleavings", "disagreeing_folders", "kills")},
        **{
            name: sum(kind.get(key, 0) for kind in kinds) if kinds else None
            for name, key in (("fuzzed", "inputs"), ("crashes", "crashes"), ("hangs", "hangs"))
        },
        "stream_hours": sum(part["hours"] for part in long_runs if part) if long_runs else None,
        "stream_hours_of": {part["label"]: part["hours"] for part in long_runs if part},
        "faults_injected": sum(sum(part["faults"].values()) for part in bad if part) if bad else None,
        "scores_compared": sum(part["scores_compared"] for part in made) if made else None,
        "scores_wrong": sum(part["scores_wrong"] for part in made) if made else None,
        "detections_wrong": sum(part.get("detections_wrong", 0) for part in made) if made else None,
        "peak_rss_mb": max(peaks) if peaks else None,
        "labels": sorted({part["label"] for part in made}),
        "not_run": [name for name, part in parts.items() if part is None] + ([] if kinds else ["make fuzz"]),
        "parts": {**parts, "fuzz": fuzz or None},
    }


if __name__ == "__main__":
    main()
