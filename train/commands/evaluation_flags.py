"""Flags of the commands that score finished runs: which clips, and judged by which words."""

import argparse
from dataclasses import replace

from train.commands.corpus_flags import Trained, add_data_flags, add_sampling_flags
from train.core.command_line import rare
from train.settings.job import Job


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """What ``evaluation_job`` reads: the clips that a finished run is scored on."""
    add_data_flags(parser, Trained())
    add_sampling_flags(parser, Trained())
    parser.add_argument("--seed", type=int, help=rare("of the sampling (as in training)"))


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
