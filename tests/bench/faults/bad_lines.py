"""Clips and streams of an hour over a line that is bad on purpose: nothing may be lost or wrong."""

import dataclasses
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from faults.material import SoundFile, make_twin
from faults.memory import Memory

from hil.boards.board import find_board
from hil.boards.build import EngineChoice
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from hil.proof.dut import DUT, connect, make_dut
from hil.proof.expected_clips import ClipSet
from hil.proof.proof import prove
from hil.protocol.faulty_link import Faults, FaultSource, FaultyLink
from hil.protocol.transfers.stream import StreamTransfer
from hil.provenance import HOST
from train.audio.frontend import model_input, wav_features
from train.audio.wav import to_float
from train.core.console import log, progress
from train.core.operating_point import in_force
from train.core.spec import ModelSpec
from train.detection.reference_listener import Heard
from train.tflite.tflm import TflmModel
from train.tflite.tflm_pool import run_model

_SHARE = 0.02
_FAULTS = Faults(
    drop=_SHARE,
    corrupt=_SHARE,
    duplicate=_SHARE,
    delay=_SHARE,
    restart=1 / 2000,
    disconnect=1 / 3000,
    seed=18,
)
_STREAM_FAULTS = dataclasses.replace(
    _FAULTS, restart=1 / 20_000, disconnect=1 / 30_000
)  # each costs a whole minute
_PATIENCE = Patience(8.0)

Figures = dict[str, Any]


def _bad_line(run: Path, faults: Faults) -> tuple[DUT, list[ProcessLink]]:
    """The firmware `proof` of a run behind a bad line, and the processes that it had so far."""
    dut = make_dut(find_board("host", None), run, EngineChoice(), feed="serial")
    source, running = FaultSource(faults), []

    def open_link() -> FaultyLink:
        link = dut.open_link()
        assert isinstance(link, ProcessLink)
        running.append(link)
        return FaultyLink(link, source)

    return dataclasses.replace(dut, open_link=open_link, faults=source, patience=_PATIENCE), running


def clips(run: Path, spec: ModelSpec, model: TflmModel, sound: SoundFile, count: int) -> Figures:
    """Each second of the sound as a clip of its own, proven as ``earshot test`` proves clips."""
    length = spec.front_end.clip_samples
    samples = np.stack([sound[length * i : length * (i + 1)] for i in range(count)])
    features = model_input(wav_features(to_float(samples), spec.front_end, 1), spec.front_end)
    scores = run_model(model, features)
    truth, sources = np.zeros(count, np.int64), tuple(f"second {i}" for i in range(count))
    tests = ClipSet(spec, "all", "0" * 64, 0, samples, truth, sources, features, model, scores)
    own_run = run.with_name(f"{run.name}_clips")
    shutil.rmtree(own_run, ignore_errors=True)
    shutil.copytree(run, own_run)
    dut, running = _bad_line(own_run, _FAULTS)
    pids = {"firmware": lambda: running[-1].process.pid if running else None, "Python": os.getpid}
    with Memory(pids) as memory:
        result = prove(dut, tests, own_run, resume=False)
    shutil.rmtree(own_run)
    (counts,) = result.faults
    return {
        "label": HOST,
        "hours": round(count * length / spec.front_end.sample_rate_hz / 3600, 4),
        "clips": result.clips,
        "clips_lost": count - result.clips,
        "scores_compared": result.scores_compared,
        "scores_wrong": result.scores_differing,
        "features_differing_from_python": result.features_differing,
        "features_max_difference": result.features_max_difference,
        "faults": {name: number for name, number in counts.items() if name not in ("seed", "frames")},
        "frames": counts["frames"],
        "connections": result.link.connections,
        "retries": result.link.retries,
        "duration_s": result.duration_s,
        "memory": memory.figures(),
    }


def streams(
    run: Path, spec: ModelSpec, model: TflmModel, sound: SoundFile, minutes: int, folder: Path
) -> Figures:
    """Each minute of the sound as a stream of its own: a restart takes the board back to its beginning."""
    length, stride_rows = 60 * spec.front_end.sample_rate_hz, 5
    point = in_force(run, spec)[1]
    dut, running = _bad_line(run, _STREAM_FAULTS)
    pids = {"firmware": lambda: running[-1].process.pid if running else None, "Python": os.getpid}
    compared = wrong = lost = detections = 0
    started_s = time.monotonic()
    with (
        connect(dut, spec) as session,
        Memory(pids) as memory,
        progress("bad line (minutes)", minutes) as advance,
    ):
        for minute in range(minutes):
            part = folder / "minute.i16"
            samples = sound[length * minute : length * (minute + 1)]
            part.write_bytes(samples.tobytes())
            twin = make_twin(SoundFile(part), model, spec, stride_rows, folder)
            transfer = StreamTransfer(samples, stride_rows, len(spec.labels))
            result = session.listen(transfer)
            heard = [Heard(found.time_ms, found.label, found.score) for found in transfer.detections.values()]
            is_right = (result.inference_count, result.scores_crc) == (
                len(twin.scores),
                twin.crc(len(twin.scores)),
            )
            wanted = twin.heard(point)
            compared += twin.scores.size
            wrong += 0 if is_right else twin.scores.size
            lost += len(set(wanted) ^ set(heard))
            detections += len(wanted)
            if not is_right or set(wanted) != set(heard):
                log(f"minute {minute}: scores or detections differ")
            advance()
        statistics = session.statistics
    assert dut.faults is not None
    return {
        "label": HOST,
        "hours": round(minutes / 60, 4),
        "scores_compared": compared,
        "scores_wrong": wrong,
        "detections": detections,
        "detections_wrong": lost,
        "faults": dict(dut.faults.counts),
        "frames": dut.faults.frames,
        "connections": statistics.connections,
        "retries": statistics.retries,
        "duration_s": round(time.monotonic() - started_s, 1),
        "memory": memory.figures(),
    }
