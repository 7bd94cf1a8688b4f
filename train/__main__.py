"""``python -m train``: the composition root of the whole chain, words in, proven model and C out."""

import errno
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from train import architectures, cli, console, runfolder
from train import material as stage
from train.blend_command import run_blend
from train.cache import cache_root
from train.cluster import CHIEF, Distribution, distribution
from train.corpus import ALL, TESTING, TRAINING
from train.ensemble_command import run_ensemble
from train.errors import Interrupted, UserError
from train.evaluation_flags import evaluate_parser, evaluation_job
from train.explore_command import run_explore
from train.job import Job, read_job, trained_job
from train.native import import_tensorflow
from train.pseudo_command import run_pseudo_label
from train.sample_command import run_sample
from train.scorefile import check_score_file, write_scores
from train.spec import labels_for
from train.submit_command import run_submit
from train.version import earshot_version

if TYPE_CHECKING:
    from quantize.audit import Audit

_FLAGS_OF_RESUME = ("--resume", "--stop-training", "--distribute", "--bank-folder")


def main() -> None:
    commands: dict[str, Callable[[list[str]], None]] = {
        "blend": run_blend,
        "download": _download,
        "ensemble": run_ensemble,
        "evaluate": _evaluate,
        "explore": run_explore,
        "pseudo-label": run_pseudo_label,
        "report": _report,
        "sample": run_sample,
        "submit": run_submit,
    }
    arguments = sys.argv[1:]
    if arguments and arguments[0] in commands:
        commands[arguments[0]](arguments[1:])
    else:
        _train(arguments)


def _train(arguments: list[str]) -> None:
    parser = cli.training_parser()
    flags = parser.parse_args(arguments)
    where = distribution(flags.distribute, flags.bank_folder, os.environ)
    if flags.resume:
        run = flags.resume
        given = [flag for flag in arguments if flag.startswith("--")]
        if extra := [flag for flag in given if flag.split("=")[0] not in _FLAGS_OF_RESUME]:
            raise UserError(
                f"--resume takes its settings from {run / runfolder.JOB}; leave out {', '.join(extra)}"
            )
        if flags.stop_training and not where.is_alone:
            raise UserError(f"--stop-training trains no more; leave out --distribute {where.kind}")
        job = read_job(run)
    else:
        if flags.stop_training:
            raise UserError("--stop-training goes with --resume RUN")
        job = cli.job_of(flags)
        run = flags.out or cli.default_out(job)
        if not flags.overwrite and where.is_chief:
            runfolder.check_free(run)
    try:
        _run_chain(job, run, bool(flags.resume), flags.stop_training, flags.overwrite, where)
    except KeyboardInterrupt:
        if _can_resume(job, run):
            raise Interrupted(f"stopped; go on with: python -m train --resume {run}") from None
        raise
    except OSError as error:
        fault = _disk_fault(error, job, run)
        if fault is None:
            raise
        raise fault from error


def _run_chain(
    job: Job, run: Path, resume: bool, stop: bool, overwrite: bool, distribution: Distribution
) -> None:
    """corpus → features → model → .tflite → scores → C → report."""
    if job.architecture not in architectures.names():
        raise UserError(
            f"--architecture {job.architecture} is not known; known: {', '.join(architectures.names())}"
        )
    started = time.monotonic()
    material = stage.gather(job)
    replicas = None
    if not distribution.is_alone:
        import_tensorflow(with_gpus=True)
        from train.training import meet

        replicas = meet(job, material, distribution)
    if overwrite and distribution.is_chief:
        runfolder.clear(run)  # not before: a mistake in --data or of another worker must not cost the run
    if not resume and distribution.is_chief:
        _write_job(job, run)
    corpus_s = time.monotonic() - started

    # It takes seconds, so mistakes in the flags and the data are told before.
    import_tensorflow(with_gpus=not distribution.is_alone)
    from codegen.emit import generate
    from quantize.stage import quantize
    from train import report
    from train.training import train

    is_deployable = job.front_end.is_deployable
    if why_not := architectures.why_not_deployable(job.architecture):
        console.warn(f"--architecture {job.architecture} is not deployable: {why_not}")
    trained = train(job, material, run, resume, stop, distribution, replicas)
    if not distribution.is_chief:
        console.log(f"this worker is done; worker {CHIEF} writes the run folder, {run}, and goes on")
        return
    timings_s = {"corpus": round(corpus_s, 1)} | trained.pop("timings_s")

    audit, sources = None, None
    if is_deployable:
        with _timed(timings_s, "quantize"):
            audit = quantize(run)
    with _timed(timings_s, "evaluate"):
        from train.evaluate import evaluate, kinds_of, write_clips

        split = material.splits[TESTING]
        audio = material.audio_of(split.name).plain(split)
        evaluation = evaluate(run, split, audio, kinds_of(job.spec))
        if is_deployable:
            write_clips(run, job.spec, split, audio, evaluation)
    if is_deployable:
        with _timed(timings_s, "codegen"):
            sources = generate(run)
    network = trained.pop("network")
    runfolder.write_json(
        run / runfolder.METRICS,
        {
            "command": runfolder.read_json(run / runfolder.JOB).get("command", ""),
            "resumed": resume,
            "seed": job.seed,
            "versions": _versions(),
            "host": {"cpu": _cpu_name(), "cores": os.cpu_count(), "label": "host"},
            "corpus": material.summary(job.front_end, job.spec.labels),
            "settings": job.settings(),
            "timings_s": timings_s,
            **trained,
            **evaluation.results,
            "sizes": {
                "graphdef_bytes": (run / runfolder.GRAPHDEF).stat().st_size,
                "keras_bytes": (run / runfolder.KERAS).stat().st_size,
                **network,
                **(_int8_sizes(audit, evaluation.results["int8"]["arena_bytes"]) if audit else {}),
            },
            "ops": [
                {
                    "op": op.name,
                    "output_shape": list(op.output_shape),
                    "macs": op.macs,
                    "weight_bytes": op.weight_bytes,
                }
                for op in (audit.ops if audit else ())
            ],
        },
    )
    page = report.write_report(run)
    from train.summary import print_run

    print_run(run, sources, page, time.monotonic() - started)


def _int8_sizes(audit: "Audit", arena_bytes: int) -> dict[str, int | str]:
    return {
        "tflite_bytes": audit.file_bytes,
        "arena_bytes": arena_bytes,
        "arena_label": "host, 64-bit TFLite-Micro; a 32-bit board needs less",
    }


def _write_job(job: Job, run: Path) -> None:
    """The first file of a run: where it cannot be written, nothing else needs to be tried."""
    try:
        command = shlex.join(["python", "-m", "train", *sys.argv[1:]])
        runfolder.write_json(run / runfolder.JOB, {"command": command, **json.loads(job.to_json())})
    except OSError as error:
        raise UserError(
            f"{run}: cannot be written ({error.strerror}); choose another folder with --out FOLDER"
        ) from error


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
        again = f"go on with: python -m train --resume {run}" if _can_resume(job, run) else "run it again"
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


def _evaluate(arguments: list[str]) -> None:
    flags = evaluate_parser().parse_args(arguments)
    spec = runfolder.read_spec(flags.run)
    words = cli.words_of(flags.as_words) if flags.as_words else None
    _check_report_file(flags.json)
    check_score_file(flags.scores)
    job = evaluation_job(trained_job(flags.run, spec), flags)
    material = stage.gather(job, (flags.split,))
    _warn_of_training_clips(flags.run, flags.split, material)

    import_tensorflow()
    from train.evaluate import evaluate, kinds_of
    from train.summary import print_results

    split = material.splits[flags.split]
    kinds = kinds_of(spec) if flags.model == "all" else (flags.model,)
    evaluation = evaluate(flags.run, split, material.audio_of(split.name).plain(split), kinds, words)
    labels = spec.labels if words is None else labels_for(words)
    if flags.scores:
        write_scores(flags.scores, split, labels, evaluation)
    if flags.json:
        corpus = material.summary(spec.front_end, spec.labels)
        try:
            runfolder.write_json(flags.json, {"run": str(flags.run), "corpus": corpus, **evaluation.results})
        except OSError as error:
            raise UserError(f"--json {flags.json}: cannot be written ({error.strerror})") from error
    print_results(evaluation.results, labels)


def _check_report_file(path: Path | None) -> None:
    """Refuse to replace anything but figures of an earlier evaluation, before the work is done."""
    if path is None or not path.exists():
        return
    content = runfolder.read_json(path) if path.suffix == ".json" and path.is_file() else None
    if not isinstance(content, dict) or "run" not in content:
        raise UserError(f"--json {path}: exists and is not an earlier evaluation; choose another file")


def _warn_of_training_clips(run: Path, split: str, material: stage.Material) -> None:
    if split not in (TRAINING, ALL) or not (run / runfolder.METRICS).is_file():
        return
    if runfolder.read_json(run / runfolder.METRICS)["corpus"]["sha256"] == material.corpus_sha256:
        console.warn(
            f"the model was trained on these very clips: --split {split} says how well it remembers them; "
            "take the default, testing, or other recordings"
        )


def _download(arguments: list[str]) -> None:
    cli.download_parser().parse_args(arguments)
    from train.download import download_official

    try:
        print(download_official(cache_root()))
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on where it was") from None


def _report(arguments: list[str]) -> None:
    flags = cli.run_parser("report", "Write RUN/report.html anew from the run folder.").parse_args(arguments)
    from train.report import write_report

    print(write_report(flags.run))


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


if __name__ == "__main__":
    console.run(main)
