"""``earshot ensemble``: the weighted average of several runs, weights chosen on validation."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from train.challenge.ensemble import ENSEMBLE, write_ensemble
from train.challenge.scorers import Committee, Scorer, convene
from train.challenge.weighting import figures, weigh
from train.commands import flags as cli
from train.commands.evaluation_flags import add_as_words_flag, add_evaluation_flags, evaluation_job
from train.core import runfolder
from train.core.console import say, warn
from train.core.errors import UserError
from train.core.layout import TESTING, VALIDATION
from train.core.native import import_tensorflow
from train.core.pretrained.models import run_of
from train.core.results.training import Metrics
from train.core.typed_json import encode
from train.data.job_data import Material, gather
from train.evaluation.label_folding import fold_truth
from train.settings.job import trained_job

_AVERAGE = "ensemble"  # the average, in tables and in the file


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of ``earshot ensemble``."""
    parser.description = (
        "Choose the weights of runs in their average (least log-loss on validation clips), tell "
        "how each run and the average do on test clips, and write what earshot submit --ensemble "
        "takes. Clips are those of the first run."
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=run_of, help="run folders, two or more")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON: members and weights")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier ensemble in that file")
    add_as_words_flag(parser)
    add_evaluation_flags(parser)


def run(flags: argparse.Namespace) -> None:
    """Write the ensemble; its path goes to stdout behind the table."""
    if len(flags.runs) < 2:
        raise UserError(f"{flags.runs[0]}: one run alone is no ensemble; expected two or more")
    ENSEMBLE.check(flags.out, flags.overwrite)
    words = cli.words_of(flags.as_words) if flags.as_words else None
    committee = convene(flags.runs, words)
    job = evaluation_job(trained_job(flags.runs[0], committee.specs[0]), flags)
    material = gather(job, (VALIDATION, TESTING))
    _warn_of_other_corpora(committee)

    import_tensorflow()
    scorer = Scorer(committee)
    validation, truth = _scores(scorer, material, VALIDATION)
    names = _names(committee)
    weighting = weigh(names, validation, truth, committee.labels, _AVERAGE)
    committee = replace(committee, weights=tuple(weighting.weights.tolist()))
    testing, truth = _scores(scorer, material, TESTING)
    results = {
        **dict(zip(names, testing, strict=True)),
        "equal weights": testing.mean(axis=0, dtype=np.float64),
        _AVERAGE: committee.mean(testing),
    }
    tested = figures(results, truth, committee.labels)
    corpus = encode(material.summary(job.front_end, committee.specs[0].labels))
    record: dict[str, Any] = {
        "labels": list(committee.labels),
        "validation_log_loss": weighting.losses,
        "corpus": {name: corpus[name] for name in ("name", "sha256", "tested_on", "clips")},
        "testing": encode(tested),
    }
    write_ensemble(flags.out, committee, record)

    from train.evaluation.tables import print_results

    print_results(tested, committee.labels)
    weighting.print()
    say(str(flags.out))


def _names(committee: Committee) -> list[str]:
    """What the runs are called in tables: their folders' names, or whole paths where those are the same."""
    names = [run.name for run in committee.runs]
    return names if len(set(names)) == len(names) else list(map(str, committee.runs))


def _scores(scorer: Scorer, material: Material, name: str) -> tuple[Any, Any]:
    """(members, clips, labels) float32 and (clips,) label indices of a split."""
    split = material.splits[name]
    committee = scorer.committee
    truth = np.array([example.label for example in split.examples], dtype=np.int64)
    labels = committee.specs[0].labels
    if committee.words is not None:
        truth = fold_truth(truth, labels, committee.words)
    return scorer.scores(material.audio_of(name).plain(split)), truth


def _warn_of_other_corpora(committee: Committee) -> None:
    """Another corpus may have been divided otherwise."""
    corpora = {}
    for run in committee.runs:
        if (run / runfolder.METRICS).is_file():
            corpora[run] = Metrics.read(run / runfolder.METRICS).corpus.sha256
    first = corpora.get(committee.runs[0])
    for run, sha256 in corpora.items():
        if sha256 != first:
            warn(
                f"{run} was trained on another corpus than {committee.runs[0]}: if it knows speakers of "
                "these validation and test clips, its weight and the figures flatter it"
            )
