"""Proves a board: its features must be Python's, and its scores TFLite-Micro's.

Features may be 1 apart in one value of 10,000: the board computes them in whole numbers, Python in floating
point (docs/adr/0009-integer-front-end.md). The scores are compared bit for bit, on the features that the
board itself gave its model.
"""

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.link.link import LinkError
from hil.proof.dut import DUT, connect
from hil.proof.expected_clips import ClipSet
from hil.proof.records import Records
from hil.protocol.faulty_link import FaultSource
from hil.protocol.messages import Info
from hil.protocol.session import Session
from hil.protocol.transfers.clip import ClipResult
from train.core import runfolder
from train.core.console import progress
from train.core.errors import Interrupted, UserError
from train.core.metrics import summarize
from train.core.results.boards import ClipAt, FailedClip, LinkStatistics, ProofResult, Spread

CLIPS = "clips.jsonl"
_LARGEST_DIFFERENCE, _VALUES_PER_DIFFERENCE = 1, 10_000  # of features; ADR 9


class ProofError(UserError):
    """Features or scores of the board are not what they must be."""

    exit_code = 5


class AccuracyError(UserError):
    """The board is right, but the model is not good enough."""

    exit_code = 6


def prove(dut: DUT, tests: ClipSet, run: Path, resume: bool) -> ProofResult:
    """Let the board score all clips that it has not yet scored, and write RUN/hil/<board>/result.json.

    Returns:
        the content of result.json.
    Raises:
        Interrupted: Ctrl-C; the report on the clips so far is written.
        LinkError: nobody is there, or the line was lost for good; the same.
        FirmwareError: something else is running.
    """
    path = ProofResult.path_of(run, dut.board)
    subject = {
        "model_sha256": tests.spec.artefacts[runfolder.TFLITE],
        "front_end_sha256": tests.spec.front_end.sha256,
        "corpus_sha256": tests.corpus_sha256,
        "split": tests.split,
        "clips_asked": len(tests),
        "seed": tests.seed,
        "engine": dut.engine,
        "build_id": dut.build_id,
        "label": dut.label,
    }
    with (
        connect(dut, tests.spec) as session,
        Records(path.with_name(CLIPS), resume).append(subject) as records,
    ):
        try:
            _score(dut, session, tests, records)
        except KeyboardInterrupt:
            done = _write_result(dut, session.info, tests, records, path).clips
            raise Interrupted(
                f"stopped after {done} of {len(tests)} clips; {path} is of these; go on with --resume"
            ) from None
        except LinkError as error:
            _write_result(dut, session.info, tests, records, path)
            raise LinkError(f"{error}; {path} is of the clips so far; go on with --resume") from error
        return _write_result(dut, session.info, tests, records, path)


def verdict(result: ProofResult, min_accuracy: float | None) -> None:
    """Raise the error whose exit code tells a CI what is wrong.

    Raises:
        ProofError: anything differs.
        LinkError: everything else was proven, but clips failed.
        AccuracyError: all is proven, but below ``min_accuracy`` (0 to 1).
    """
    if not result.proven:
        raise ProofError(
            f"{result.board}: not proven: {result.features_differing:,} of "
            f"{result.features_compared:,} features differ (1 of {_VALUES_PER_DIFFERENCE:,} may), by "
            f"up to {result.features_max_difference} ({_LARGEST_DIFFERENCE} may be), and "
            f"{result.scores_differing:,} of {result.scores_compared:,} scores (none may); first: "
            f"{result.clips_differing[0].source}"
        )
    if result.failed:
        first = result.failed_clips[0]
        raise LinkError(
            f"{result.board}: {result.failed} clips failed (first: {first.source}: "
            f"{first.reason}); try them again with --resume"
        )
    if min_accuracy is not None and result.accuracy < min_accuracy:
        raise AccuracyError(
            f"{result.board}: accuracy is {result.accuracy:.4f}, expected at least {min_accuracy:g} "
            "(--min-accuracy)"
        )


def _score(dut: DUT, session: Session, tests: ClipSet, records: Records) -> None:
    """Score the clips that have no scores yet; note what the line cost, even after an error."""
    wanted = [index for index in range(len(tests)) if not records.is_scored(index)]
    started_s = last_s = time.monotonic()
    scored = 0
    with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        file = None
        if dut.feed != "serial":
            file = Path(folder) / "clips.i16"
            tests.write_samples(file)
            started_s = last_s = time.monotonic()
        try:
            with progress(f"{dut.board} scores clips", len(wanted)) as advance:
                results = session.score(tests.clips(wanted, file))
                for index, result in zip(wanted, results, strict=True):
                    records.add_clip(index, **_record(result, tests, index))
                    last_s = time.monotonic()
                    scored += not result.failure
                    advance(note=f"{scored / (last_s - started_s):.1f} clips/s")
            session.read_counters()
        finally:
            session.close()
            records.add_sitting(
                scored=scored,
                duration_s=round(last_s - started_s, 3),
                link=dataclasses.asdict(session.statistics),
                faults=_fault_counts(dut.faults),
            )


def _record(result: ClipResult, tests: ClipSet, index: int) -> dict[str, Any]:
    if result.scores is None:
        return {"failed": result.failure}
    expected, difference = tests.scores[index], np.zeros(1, np.int16)
    if result.features is not None:
        expected = tests.model.run(result.features[np.newaxis])[0]
        difference = np.abs(result.features.astype(np.int16) - tests.features[index])
    return {
        "scores": result.scores.tolist(),
        "scores_differing": int(np.count_nonzero(result.scores != expected)),
        "features_differing": int(np.count_nonzero(difference)),
        "features_max_difference": int(difference.max()),
        "features_ticks": result.features_ticks,
        "inference_ticks": result.inference_ticks,
    }


def _fault_counts(faults: FaultSource | None) -> dict[str, Any]:
    return {"seed": faults.faults.seed, "frames": faults.frames, **faults.counts} if faults else {}


def _write_result(dut: DUT, info: Info, tests: ClipSet, records: Records, path: Path) -> ProofResult:
    """Write result.json about the clips scored so far; return its content."""
    scored = [index for index in range(len(tests)) if records.is_scored(index)]
    rows = [records.clips[index] for index in scored]
    label_count = len(tests.spec.labels)
    scores = np.array([row["scores"] for row in rows], np.int8).reshape(-1, label_count)
    features_differing, scores_differing = (
        sum(row[name] for row in rows) for name in ("features_differing", "scores_differing")
    )
    features_max_difference = max((row["features_max_difference"] for row in rows), default=0)
    features_compared = len(scored) * tests.spec.front_end.feature_count
    failed_clips = tuple(
        FailedClip(clip=index, source=tests.sources[index], reason=records.clips[index]["failed"])
        for index in range(len(tests))
        if index in records.clips and not records.is_scored(index)
    )
    duration_s = sum(sitting["duration_s"] for sitting in records.sittings)
    result = ProofResult(
        **vars(summarize(tests.truth[scored], scores.argmax(axis=-1), tests.spec.labels)),
        board=dut.board,
        label=dut.label,
        engine=dut.engine,
        build_id=dut.build_id,
        model_sha256=tests.spec.artefacts[runfolder.TFLITE],
        front_end_sha256=tests.spec.front_end.sha256,
        corpus_sha256=tests.corpus_sha256,
        split=tests.split,
        seed=tests.seed,
        labels=tests.spec.labels,
        clips_asked=len(tests),
        complete=len(scored) + len(failed_clips) == len(tests),
        proven=scores_differing == 0
        and features_max_difference <= _LARGEST_DIFFERENCE
        and features_differing <= max(1, features_compared // _VALUES_PER_DIFFERENCE),
        features_compared=features_compared,
        features_differing=features_differing,
        features_max_difference=features_max_difference,
        scores_compared=scores.size,
        scores_differing=scores_differing,
        clips_differing=tuple(
            ClipAt(clip=index, source=tests.sources[index])
            for index, row in zip(scored, rows, strict=True)
            if row["features_differing"] or row["scores_differing"]
        ),
        int8_accuracy=float(np.mean(tests.scores[scored].argmax(axis=-1) == tests.truth[scored]))
        if scored
        else 0.0,
        failed=len(failed_clips),
        failed_clips=failed_clips,
        feed=dut.feed,
        clips_per_s=round(sum(sitting["scored"] for sitting in records.sittings) / duration_s, 2)
        if duration_s
        else 0.0,
        duration_s=round(duration_s, 3),
        link=_summed([LinkStatistics(**sitting["link"]) for sitting in records.sittings]),
        faults=tuple(sitting["faults"] for sitting in records.sittings if sitting["faults"]),
        arena_bytes=info.arena_bytes,
        ticks_per_s=info.clock_hz,
        features_ticks=_spread([row["features_ticks"] for row in rows]),
        inference_ticks=_spread([row["inference_ticks"] for row in rows]),
    )
    result.write(path)
    return result


def _summed(links: list[LinkStatistics]) -> LinkStatistics:
    names = [field.name for field in dataclasses.fields(LinkStatistics)]
    return LinkStatistics(**{name: sum(getattr(link, name) for link in links) for name in names})


def _spread(ticks: list[int]) -> Spread | None:
    """Median and extremes; None where the board counts none."""
    counted: NDArray[np.int64] = np.array(ticks, np.int64)
    if not counted.any():
        return None
    return Spread(min=int(counted.min()), median=int(np.median(counted)), max=int(counted.max()))
