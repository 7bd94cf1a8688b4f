"""Hours of stream through the firmware on this computer and through an emulated board, beside their twin."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from faults import emulated
from faults.material import SoundFile, Twin
from faults.memory import Memory

from hil.boards.board import Board, find_board
from hil.boards.build import EngineChoice
from hil.link.process import ProcessLink
from hil.proof.dut import connect, make_dut
from hil.protocol.transfers.stream import StreamTransfer
from hil.provenance import EMULATED, HOST
from train.core.console import log, progress
from train.core.operating_point import in_force
from train.core.spec import ModelSpec
from train.detection.reference_listener import Heard

_PATIENCE_S = 900  # of an emulator on a busy computer, for a minute of sound

Figures = dict[str, Any]


def host_stream(
    run: Path, spec: ModelSpec, sound: SoundFile, make_twin: Callable[[], Twin], stride_rows: int
) -> Figures:
    """All of it over the line of the firmware `proof`, as one stream."""
    running: list[ProcessLink] = []
    dut = make_dut(find_board("host", None), run, EngineChoice(), feed="serial")

    def open_link() -> ProcessLink:
        link = dut.open_link()
        assert isinstance(link, ProcessLink)
        running.append(link)
        return link

    rate_hz = spec.front_end.sample_rate_hz
    minutes = len(sound) // (60 * rate_hz)
    started_s = time.monotonic()
    pids = {"firmware": lambda: running[-1].process.pid, "Python": os.getpid}
    with connect(dataclasses.replace(dut, open_link=open_link), spec) as session, Memory(pids) as memory:
        with progress("host listens (minutes)", minutes) as advance:
            shown = 0

            def show(_: int) -> None:
                nonlocal shown
                now = transfer.heard_samples // (60 * rate_hz)
                advance(now - shown)
                shown = now

            samples: Any = sound
            transfer = StreamTransfer(samples, stride_rows, len(spec.labels), show)
            result = session.listen(transfer)
        retries = session.statistics.retries
    heard = [Heard(item.time_ms, item.label, item.score) for _, item in sorted(transfer.detections.items())]
    took_s = time.monotonic() - started_s
    twin = make_twin()
    found = _figures(run, spec, sound, twin, stride_rows, heard, took_s)
    return found | {
        "label": HOST,
        "memory": memory.figures(),
        "retries": retries,
        "inferences": result.inference_count,
        "scores_wrong": _wrong(twin, result.inference_count, result.scores_crc),
    }


def emulated_stream(
    board: Board, run: Path, spec: ModelSpec, sound: SoundFile, twin: Twin, stride_rows: int
) -> Figures:
    """All of it through a board in QEMU, which reads the file itself; compared each minute."""
    program = run / "firmware" / board.id / "long_stream"
    program.parent.mkdir(parents=True, exist_ok=True)
    emulated.build(board, run, spec, sound.path.resolve(), len(sound), stride_rows, program)
    minutes = len(sound) // (60 * spec.front_end.sample_rate_hz)
    heard, wrong_at, inferences = [], None, 0
    started_s = time.monotonic()
    with ProcessLink(board.command(program, semihosting=True), _PATIENCE_S) as link:
        pids = {"emulator": lambda: link.process.pid, "Python": os.getpid}
        with Memory(pids) as memory, progress(f"{board.id} listens (minutes)", minutes + 2) as advance:
            for item in emulated.said(link, spec.labels):
                if isinstance(item, Heard):
                    heard.append(item)
                    continue
                advance()
                inferences = item.inferences
                if wrong_at is None and twin.crc(inferences) != item.scores_crc:
                    wrong_at = inferences
                    log(f"{board.id}: the scores before inference {inferences} differ")
    found = _figures(run, spec, sound, twin, stride_rows, heard, time.monotonic() - started_s)
    return found | {
        "label": EMULATED,
        "board": board.id,
        "memory": memory.figures(),
        "inferences": inferences,
        "scores_wrong": 0 if wrong_at is None and inferences == len(twin.scores) else twin.scores.size,
    }


def _figures(
    run: Path,
    spec: ModelSpec,
    sound: SoundFile,
    twin: Twin,
    stride_rows: int,
    heard: list[Heard],
    took_s: float,
) -> Figures:
    wanted = twin.heard(in_force(run, spec)[1])
    seconds = len(sound) / spec.front_end.sample_rate_hz
    return {
        "hours": round(seconds / 3600, 4),
        "stride_rows": stride_rows,
        "scores_compared": int(twin.scores.size),
        "detections": len(heard),
        "detections_expected": len(wanted),
        "detections_wrong": len(set(heard) ^ set(wanted)),
        "features_compared": twin.features,
        "features_differing_from_python": twin.features_differing,
        "features_max_difference": twin.features_max_difference,
        "audio_s_per_s": round(seconds / took_s, 2),
    }


def _wrong(twin: Twin, inferences: int, crc: int) -> int:
    """0 or all: a checksum does not tell which."""
    is_right = inferences == len(twin.scores) and twin.crc(inferences) == crc
    return 0 if is_right else int(np.size(twin.scores))
