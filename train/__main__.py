"""``python -m train``: the composition root of the whole chain, words in, proven model and C out."""

import errno
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from train import architectures, cli, console, runfolder
from train import job as stage
from train.cache import cache_root
from train.corpus import TESTING
from train.dataset import Sampling
from train.errors import Interrupted, UserError
from train.job import Job, read_job
from train.native import import_tensorflow
from train.version import earshot_version


def main() -> None:
    commands: dict[str, Callable[[list[str]], None]] = {
        "download": _download,
        "evaluate": _evaluate,
        "report": _report,
    }
    arguments = sys.argv[1:]
    if arguments and arguments[0] in commands:
        commands[arguments[0]](arguments[1:])
    else:
        _train(arguments)


def _train(arguments: list[str]) -> None:
    parser = cli.training_parser()
    flags = parser.parse_args(arguments)
    if flags.resume:
        run = flags.resume
        given = [flag for flag in arguments if flag.startswith("--")]
        if extra := [flag for flag in given if flag.split("=")[0] not in ("--resume", "--stop-training")]:
            raise UserError(
                f"--resume takes its settings from {run / runfolder.JOB}; leave out {', '.join(extra)}"
            )
        job = read_job(run)
    else:
        if flags.stop_training:
            raise UserError("--stop-training goes with --resume RUN")
        job = cli.job_of(flags)
        run = flags.out or cli.default_out(job)
        if not flags.overwrite:
            runfolder.check_free(run)
    try:
        _run_chain(job, run, bool(flags.resume), flags.stop_training, flags.overwrite)
    except KeyboardInterrupt:
        if (run / runfolder.CHECKPOINTS).is_dir():
            raise Interrupted(f"stopped; go on with: python -m train --resume {run}") from None
        raise
    except OSError as error:
        fault = _disk_fault(error, run)
        if fault is None:
            raise
        raise fault from error


def _run_chain(job: Job, run: Path, resume: bool, stop: bool, overwrite: bool) -> None:
    """corpus → features → model → .tflite → scores → C → report."""
    if job.architecture not in architectures.names():
        raise UserError(
            f"--architecture {job.architecture} is not known; known: {', '.join(architectures.names())}"
        )
    started = time.monotonic()
    material = stage.gather(job)
    if overwrite:
        runfolder.clear(run)  # not before: a mistake in --data must not cost the run that is there
    _write_job(job, run)
    corpus_s = time.monotonic() - started

    import_tensorflow()  # takes seconds, so mistakes in the flags and the data are told before
    from codegen.emit import generate
    from quantize.stage import quantize
    from train import report

    trained = stage.train(job, material, run, resume, stop)
    timings_s = {"corpus": round(corpus_s, 1)} | trained.pop("timings_s")

    with _timed(timings_s, "quantize"):
        audit = quantize(run)
    with _timed(timings_s, "evaluate"):
        from train.evaluate import evaluate, write_clips

        split = material.splits[TESTING]
        audio = material.audio.plain(split)
        evaluation = evaluate(run, split, audio)
        write_clips(run, job.spec, split, audio, evaluation)
    with _timed(timings_s, "codegen"):
        sources = generate(run)
    network = trained.pop("network")
    runfolder.write_json(
        run / runfolder.METRICS,
        {
            "command": shlex.join(["python", "-m", "train", *sys.argv[1:]]),
            "seed": job.seed,
            "versions": _versions(),
            "host": {"cpu": _cpu_name(), "cores": os.cpu_count(), "label": "host"},
            "corpus": material.summary(job.front_end, job.spec.labels),
            "settings": job.settings(),
            "timings_s": timings_s,
            **trained,
            **evaluation.results,
            "sizes": {
                "tflite_bytes": audit.file_bytes,
                "graphdef_bytes": (run / runfolder.GRAPHDEF).stat().st_size,
                "keras_bytes": (run / runfolder.KERAS).stat().st_size,
                "arena_bytes": evaluation.results["int8"]["arena_bytes"],
                "arena_label": "host, 64-bit TFLite-Micro; a 32-bit board needs less",
                **network,
            },
            "ops": [
                {
                    "op": op.name,
                    "output_shape": list(op.output_shape),
                    "macs": op.macs,
                    "weight_bytes": op.weight_bytes,
                }
                for op in audit.ops
            ],
        },
    )
    page = report.write_report(run)
    from train.summary import print_run

    print_run(run, sources, page, time.monotonic() - started)


def _write_job(job: Job, run: Path) -> None:
    """The first file of a run: where it cannot be written, nothing else needs to be tried."""
    try:
        runfolder.write_text(run / runfolder.JOB, job.to_json())
    except OSError as error:
        raise UserError(
            f"{run}: cannot be written ({error.strerror}); choose another folder with --out FOLDER"
        ) from error


def _disk_fault(error: OSError, run: Path) -> UserError | None:
    """What the user can do about a full disk or an unusable cache; None for any other trouble."""
    where, cache = str(error.filename or run), cache_root()
    # NumPy tells of a write that did not fit in words alone, without a number.
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "requested and" in str(error):
        return UserError(
            f"{where}: the disk is full ({error}); free some space there or in {cache}, then go on with: "
            f"python -m train --resume {run}"
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
    flags = cli.evaluate_parser().parse_args(arguments)
    spec = runfolder.read_spec(flags.run)
    job = Job(
        words=spec.words,
        data=flags.data,
        language=flags.language,
        front_end=spec.front_end,
        architecture=spec.architecture,
        sampling=Sampling(flags.silence_percentage, flags.unknown_percentage),
        validation_percentage=flags.validation_percentage,
        testing_percentage=flags.testing_percentage,
        seed=flags.seed,
    )
    material = stage.gather(job, (flags.split,))

    import_tensorflow()
    from train.evaluate import ARTEFACTS, evaluate
    from train.summary import print_results

    split = material.splits[flags.split]
    kinds = tuple(ARTEFACTS) if flags.model == "all" else (flags.model,)
    evaluation = evaluate(flags.run, split, material.audio.plain(split), kinds)
    if flags.json:
        corpus = material.summary(spec.front_end, spec.labels)
        try:
            runfolder.write_json(flags.json, {"run": str(flags.run), "corpus": corpus, **evaluation.results})
        except OSError as error:
            raise UserError(f"--json {flags.json}: cannot be written ({error.strerror})") from error
    print_results(evaluation.results, spec.labels)


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
