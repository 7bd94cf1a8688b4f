"""Flags of the commands that score finished runs: which clips, and judged by which words."""

import argparse
from dataclasses import replace
from pathlib import Path

from train.cli import Trained, add_data_flags, add_sampling_flags
from train.corpus import ALL, SPLITS, TESTING
from train.job import Job


def evaluate_parser() -> argparse.ArgumentParser:
    """Flags of ``python -m train evaluate``."""
    parser = argparse.ArgumentParser(
        prog="python -m train evaluate",
        description="Score model.keras, model.pb and model.tflite of a run folder on a corpus.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="run folder, such as out/yes_no")
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
        help="model.keras, model.pb, model.tflite or all three (%(default)s)",
    )
    add_as_words_flag(parser)
    add_evaluation_flags(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument(
        "--scores", type=Path, metavar="FILE.npz", help="also write the scores of each clip to this file"
    )
    return parser


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """What ``evaluation_job`` reads: the clips that a finished run is scored on."""
    add_data_flags(parser, Trained())
    add_sampling_flags(parser, Trained())
    parser.add_argument("--seed", type=int, help="of the sampling (as in training)")


def add_as_words_flag(parser: argparse.ArgumentParser) -> None:
    """``--as-words``, which ``words_of`` reads."""
    parser.add_argument(
        "--as-words",
        metavar="A,B",
        help="judge by these words alone (or challenge): others that the model knows count as unknown, whose "
        "score is the largest of theirs",
    )


def evaluation_job(trained: Job, arguments: argparse.Namespace) -> Job:
    """The job a run was trained with, changed where the flags of ``evaluate`` say so."""
    names = ("data", "language", "validation_percentage", "testing_percentage", "seed")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    trained = trained.on(given.pop("data", None))
    names = ("silence_percentage", "unknown_percentage")
    sampling = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    return replace(trained, **given, sampling=replace(trained.sampling, **sampling))
