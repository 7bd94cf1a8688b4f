"""``earshot evaluate``: the models of a run scored on any corpus."""

import argparse
from pathlib import Path

from train.commands.evaluation_flags import add_as_words_flag, add_evaluation_flags, evaluation_job
from train.commands.flags import words_of
from train.core import runfolder
from train.core.command_line import add_run_argument, rare
from train.core.console import warn
from train.core.errors import UserError
from train.core.layout import ALL, SPLITS, TESTING, TRAINING
from train.core.native import import_tensorflow
from train.core.outputs import Output, has_key
from train.core.results.training import EvaluationReport, Metrics
from train.core.spec import labels_for
from train.data import job_data as stage
from train.evaluation.score_file import check_score_file, write_scores
from train.settings.job import trained_job

_FIGURES = Output(
    "holds figures",
    "exists and is not an earlier evaluation",
    has_key("run"),
    example="figures.json",
    overwrite=None,
)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    parser.description = "Score model.keras, model.pb and model.tflite of a run folder on a corpus."
    add_run_argument(parser)
    parser.add_argument(
        "--split",
        default=TESTING,
        choices=(*SPLITS, ALL),
        help="which clips of the corpus; all of them is right for recordings the model never saw "
        "(%(default)s)",
    )
    parser.add_argument(
        "--model",
        default="all",
        choices=("all", "float", "graphdef", "int8"),
        help=rare("model.keras, model.pb, model.tflite or all three (%(default)s)"),
    )
    add_as_words_flag(parser)
    add_evaluation_flags(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument(
        "--scores",
        type=Path,
        metavar="FILE.npz",
        help=rare("also write the scores of each clip to this file"),
    )


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Score, print, and write what was asked for."""
    spec = runfolder.read_spec(flags.run)
    words = words_of(flags.as_words) if flags.as_words else None
    if flags.json:
        _FIGURES.check(flags.json, flag="--json")
    if flags.scores:
        check_score_file(flags.scores, "--scores")
    job = evaluation_job(trained_job(flags.run, spec), flags)
    material = stage.gather(job, (flags.split,))
    _warn_of_training_clips(flags.run, flags.split, material)

    import_tensorflow()
    from train.evaluation.evaluate import evaluate, kinds_of
    from train.evaluation.tables import print_artefacts

    split = material.splits[flags.split]
    kinds = kinds_of(spec) if flags.model == "all" else (flags.model,)
    evaluation = evaluate(flags.run, split, material.audio_of(split.name).plain(split), kinds, words)
    labels = spec.labels if words is None else labels_for(words)
    report = EvaluationReport(
        **EvaluationReport.fields_of(evaluation.results),
        run=str(flags.run),
        corpus=material.summary(spec.front_end, spec.labels),
    )
    if flags.scores:
        write_scores(flags.scores, split, labels, evaluation)
    if flags.json:
        try:
            report.write(flags.json)
        except OSError as error:
            raise UserError(f"--json {flags.json}: cannot be written ({error.strerror})") from error
    print_artefacts(report, labels)


def _warn_of_training_clips(run: Path, split: str, material: stage.Material) -> None:
    if split not in (TRAINING, ALL) or not (run / runfolder.METRICS).is_file():
        return
    if Metrics.read(run / runfolder.METRICS).corpus.sha256 == material.corpus_sha256:
        warn(
            f"the model was trained on these very clips: --split {split} says how well it remembers them; "
            "take the default, testing, or other recordings"
        )
