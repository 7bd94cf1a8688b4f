"""``earshot train``: the main job, words in, proven model and C out. It composes all stages of the chain."""

import argparse
import contextlib
import errno
import json
import os
import platform
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from train import architectures
from train.commands import flags as training_flags
from train.core import console, runfolder
from train.core.errors import Interrupted, UserError, suggestion, typed
from train.core.files.plain import read_plain
from train.core.installation import cache_root, earshot_version
from train.core.layout import TESTING
from train.core.manifest import read_manifest
from train.core.native import import_tensorflow
from train.core.operating_point import OperatingPoints
from train.core.results.belonging import check_report
from train.core.results.training import Computer, Metrics, OpCost, Sizes
from train.data import job_data as stage
from train.data import takes
from train.settings.job import Job, read_job
from train.training.cluster import CHIEF, Distribution, distribution
from train.training.start import check_start

if TYPE_CHECKING:
    pass

_ARENA_LABEL = "host, 64-bit TFLite-Micro; a 32-bit board needs less"
_FLAGS_OF_RESUME = ("--resume", "--stop-training", "--distribute", "--bank-folder")

add_flags = training_flags.add_training_flags


def run(flags: argparse.Namespace) -> None:
    """Check the flags, then run the chain or go on with it."""
    where = distribution(flags.distribute, flags.bank_folder, os.environ)
    if flags.resume:
        folder = flags.resume
        if extra := [flag for flag in flags.given if flag.split("=")[0] not in _FLAGS_OF_RESUME]:
            raise UserError(
                f"--resume takes its settings from {folder / runfolder.JOB}; leave out {', '.join(extra)}"
            )
        if flags.stop_training and not where.is_alone:
            raise UserError(f"--stop-training trains no more; leave out --distribute {where.kind}")
        job = read_job(folder)
        _check_architecture(job)
        if finished := _finished(folder, job):
            _say_finished(folder, finished)
            return
    else:
        if flags.stop_training:
            raise UserError("--stop-training goes with --resume RUN")
        job = training_flags.job_of(flags)
        _check_architecture(job)
        folder = flags.out or training_flags.default_out(job)
        if where.is_chief:
            (runfolder.check_own if flags.overwrite else runfolder.check_free)(folder)
        job = settled(job, flags.given, with_gpus=not where.is_alone)
        check_start(job)
    try:
        with (
            runfolder.reading(*map(Path, job.teachers)),
            runfolder.writing(folder, replaces=flags.overwrite)
            if where.is_chief
            else contextlib.nullcontext(),
        ):
            if where.is_chief:
                _check_again(job, folder, bool(flags.resume), flags.overwrite)
            _run_chain(
                job,
                folder,
                bool(flags.resume),
                flags.stop_training,
                flags.overwrite,
                where,
                flags.command_line,
            )
    except KeyboardInterrupt:
        if _can_resume(job, folder):
            raise Interrupted(f"stopped; go on with: earshot train --resume {typed(folder)}") from None
        raise
    except OSError as error:
        fault = _disk_fault(error, job, folder)
        if fault is None:
            raise
        raise fault from error


def _check_again(job: Job, folder: Path, resume: bool, overwrite: bool) -> None:
    """Look once more, now that nobody else writes: another training may have been there until now.

    Raises:
        UserError: it has finished, or it was another.
    """
    if not resume:
        (runfolder.check_own if overwrite else runfolder.check_free)(folder)
    elif read_job(folder) != job or _finished(folder, job):
        raise UserError(
            f"{folder}: another training was at work there until now; look at it, and run it again"
        )


def settled(job: Job, given: Iterable[str], *, with_gpus: bool = False) -> Job:
    """The job with what its recordings ask for, where none of these arguments says otherwise."""
    named = {argument.split("=")[0] for argument in given}
    found = takes.takes_of(job)
    if "--clip-duration-ms" not in named and not job.teachers:
        import_tensorflow(with_gpus=with_gpus)  # quietly; networks import Keras, which would not
        if architectures.takes_any_length(job.architecture):
            job = takes.with_whole_words(job, found)
    return job if named & {"--training-steps", "--learning-rate"} else takes.with_fitting_steps(job, found)


def _run_chain(
    job: Job,
    run: Path,
    resume: bool,
    stop: bool,
    overwrite: bool,
    distribution: Distribution,
    command: str,
) -> None:
    """corpus → features → model → .tflite → scores → C → report."""
    started = time.monotonic()
    material = stage.gather(job)
    if not resume:
        _check_apart(run, material)
    replicas = None
    if not distribution.is_alone:
        import_tensorflow(with_gpus=True)
        from train.training.stage import meet

        replicas = meet(job, material, distribution)
    if overwrite and distribution.is_chief:
        runfolder.clear(run)  # not before: a mistake in --data or of another worker must not cost the run
    if not resume and distribution.is_chief:
        _write_job(job, run, command)
    corpus_s = time.monotonic() - started

    # It takes seconds, so mistakes in the flags and the data are told before.
    import_tensorflow(with_gpus=not distribution.is_alone)
    from codegen.emit import generate
    from quantize.stage import quantize
    from train.report import run_report
    from train.training.stage import train

    is_deployable = job.front_end.is_deployable
    if why_not := architectures.why_not_deployable(job.architecture):
        console.warn(f"--architecture {job.architecture} is not deployable: {why_not}")
    trained = train(job, material, run, resume, stop, distribution, replicas)
    if trained is None:
        console.log(f"this worker is done; worker {CHIEF} writes the run folder, {run}, and goes on")
        return
    timings_s = {"corpus": round(corpus_s, 1)} | trained.timings_s

    audit, sources, points = None, None, None
    if is_deployable:
        with _timed(timings_s, "quantize"):
            audit = quantize(run)
    with _timed(timings_s, "evaluate"):
        from train.evaluation.evaluate import evaluate, kinds_of, write_clips

        split = material.splits[TESTING]
        audio = material.audio_of(split.name).plain(split)
        evaluation = evaluate(run, split, audio, kinds_of(job.spec))
        if is_deployable:
            write_clips(run, job.spec, split, audio, evaluation)
    if is_deployable:
        with _timed(timings_s, "operating point"):
            points = _choose_point(run, job, material)
        with _timed(timings_s, "codegen"):
            sources = generate(run)
    metrics = Metrics(
        **Metrics.fields_of(evaluation.results),
        command=runfolder.read_json(run / runfolder.JOB).get("command", ""),
        seed=job.seed,
        versions=_versions(),
        host=Computer(cpu=_cpu_name(), cores=os.cpu_count(), label="host"),
        corpus=material.summary(job.front_end, job.spec.labels),
        settings=job.settings(),
        timings_s=timings_s,
        training=trained.training,
        sizes=Sizes(
            graphdef_bytes=(run / runfolder.GRAPHDEF).stat().st_size,
            keras_bytes=(run / runfolder.KERAS).stat().st_size,
            parameters=trained.parameters,
            macs=trained.macs,
            tflite_bytes=audit.file_bytes if audit else None,
            arena_bytes=evaluation.results["int8"].arena_bytes if audit else None,
            arena_label=_ARENA_LABEL if audit else None,
        ),
        ops=tuple(
            OpCost(
                op=op.name,
                output_shape=tuple(op.output_shape),
                macs=op.macs,
                weight_bytes=op.weight_bytes,
            )
            for op in (audit.ops if audit else ())
        ),
    )
    metrics.write(run / runfolder.METRICS)
    page = run_report.write_report(run)
    from train.evaluation.tables import print_run

    print_run(metrics, points, run, sources, page, time.monotonic() - started)


def _check_architecture(job: Job) -> None:
    if job.architecture not in architectures.names():
        raise UserError(
            f"--architecture {job.architecture} is not known; "
            f"{suggestion(job.architecture, architectures.names())}"
        )


def _choose_point(run: Path, job: Job, material: stage.Material) -> OperatingPoints | None:
    """operating_points.json; None, and no such file, where there is nothing to choose on."""
    from codegen.native import fastest_scorer
    from train.detection.tune import Wish, tune

    spec = runfolder.read_spec(run)
    path, tflite = run / runfolder.OPERATING_POINTS, run / runfolder.TFLITE
    path.unlink(missing_ok=True)  # of a run that was finished before
    wish = Wish(
        job.false_accepts_per_hour,
        job.seed,
        settle=True,
        in_force=job.operating_point,
        stride_rows=architectures.stride_rows(job.architecture),
    )
    try:
        points = tune(spec, job, material, fastest_scorer(read_plain(tflite), str(tflite)), wish)
    except UserError as error:
        console.warn(
            f"no operating point was chosen, so the firmware decides by micro_speech's: {error}. Choose one "
            f"with: earshot tune {typed(run)} --data RECORDINGS"
        )
        return None
    points.write(path)
    return points


def _finished(run: Path, job: Job) -> Metrics | None:
    """The figures of a run of which everything is there and belongs together."""
    try:
        metrics = Metrics.read(run / runfolder.METRICS)
        artefacts = runfolder.read_spec(run).artefacts
        runfolder.read_spec(run, needs=artefacts)
        if job.front_end.is_deployable:
            sources = read_manifest(run / runfolder.C_SOURCES, "")
            if sources.model_sha256 != artefacts[runfolder.TFLITE]:
                return None
        check_report(run)
    except (UserError, KeyError):
        return None
    is_of_these = all(
        figures.sha256 == artefacts.get(figures.artefact) for figures in metrics.by_kind.values()
    )
    return metrics if is_of_these else None


def _say_finished(run: Path, metrics: Metrics) -> None:
    name, last = list(metrics.by_kind.items())[-1]
    console.say(
        f"{run} is finished ({name}: {100 * last.accuracy:.1f} % of {last.clips} clips); nothing was done",
        f"read        {run / runfolder.REPORT}",
        f"score       earshot evaluate {typed(run)} --data RECORDINGS",
        f"train anew  {metrics.command or 'earshot train --words A,B'}"
        + ("" if "--overwrite" in metrics.command else " --overwrite"),
    )


def _write_job(job: Job, run: Path, command: str) -> None:
    """The first file of a run: where it cannot be written, nothing else needs to be tried."""
    try:
        runfolder.write_json(run / runfolder.JOB, {"command": command, **json.loads(job.to_json())})
    except OSError as error:
        raise UserError(
            f"{run}: cannot be written ({error.strerror}); choose another folder with --out FOLDER"
        ) from error


def _check_apart(run: Path, material: stage.Material) -> None:
    """A run in a folder of words would be a word of the next: it holds clips."""
    for corpus in material.corpora:
        if run.resolve().is_relative_to(corpus.root.resolve()):
            raise UserError(
                f"{run}: lies in the corpus {corpus.root}, where folders are words, so the next training "
                "would take what is in it for recordings; choose another folder with --out FOLDER"
            )


def _can_resume(job: Job, run: Path) -> bool:
    """Whether the folder holds this job's checkpoints, and not those of one that was to be replaced."""
    try:
        return (run / runfolder.CHECKPOINTS).is_dir() and read_job(run) == job
    except UserError:
        return False


def _disk_fault(error: OSError, job: Job, run: Path) -> UserError | None:
    """What the user can do about a full disk or an unusable cache; None for any other trouble."""
    where, cache = str(error.filename or run), cache_root()
    # NumPy tells of a write that did not fit in words alone, without a number.
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "requested and" in str(error):
        again = (
            f"go on with: earshot train --resume {typed(run)}" if _can_resume(job, run) else "run it again"
        )
        return UserError(
            f"{where}: the disk is full ({error}); free some space there or in {cache}, then {again}"
        )
    if Path(where).is_relative_to(cache):
        return UserError(
            f"{where}: the cache cannot be used ({error.strerror}); set EARSHOT_CACHE to a folder that can "
            "be written"
        )
    return None


class _timed:
    """Notes the seconds that a block takes."""

    def __init__(self, timings_s: dict[str, float], name: str) -> None:
        self._timings_s, self._name = timings_s, name

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._timings_s[self._name] = round(time.monotonic() - self._started, 1)


def _versions() -> dict[str, str]:
    packages = ("tensorflow", "keras", "numpy", "tflite-micro")
    return {
        "earshot": earshot_version(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def _cpu_name() -> str:
    """The processor's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
