"""Flags that say which clips: of a training, of what judges a run, and of the commands on a corpus alone."""

import argparse
from dataclasses import dataclass
from typing import Any

from train.core.command_line import more, rare
from train.core.errors import UserError
from train.data.sources import RANDOM, SYNTHETIC, Source, resolve
from train.settings.job import Job

PSEUDO_FRACTION = 0.6  # of the challenge's winner


def add_corpus_flags(parser: argparse.ArgumentParser) -> None:
    """``--data`` and ``--seed``."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="WHERE",
        help="a folder or archive of clips, or speech_commands (downloaded)",
    )
    parser.add_argument(
        "--seed", type=int, default=Job(()).seed, help=rare("of all that is drawn (%(default)s)")
    )


def find_corpus(job: Job) -> Source:
    """The corpus that ``--data`` names.

    Raises:
        UserError: there is none, or one that would have to be made of words that were not given.
    """
    if job.data in (SYNTHETIC, RANDOM) and not job.words:
        raise UserError(
            f"--data {job.data}: clips are made of words, and none are given; expected a folder or "
            "archive of clips"
        )
    return resolve(job.data, job.words, job.seed, sample_rate_hz=job.front_end.sample_rate_hz)


@dataclass(frozen=True)
class Trained:
    """Defaults of a command on a run folder: None, which stands for what the run was trained with."""

    data: None = None
    language: None = None
    validation_percentage: None = None
    testing_percentage: None = None


def _shown(default: object) -> str:
    return "as in training" if default is None else str(default)


def add_data_flags(group: Any, defaults: Job | Trained) -> None:
    training = isinstance(defaults, Job)
    otherwise = "speech_commands if downloaded, else synthetic" if training else "as in training"
    text = (
        "a folder or archive of recordings, speech_commands (downloaded) or synthetic (voices made here); "
        f"default: {otherwise}"
    )
    if training:
        others = (
            ". Or a feature bank (.npz). Once more as WHERE@SHARE: clips for training alone, that share of "
            "each batch, such as --data recordings/ --data synthetic@0.5; the first has the rest"
        )
        group.add_argument("--data", action="append", default=[], metavar="WHERE", help=more(text, others))
        group.add_argument(
            "--pseudo",
            metavar="FOLDER",
            help=rare("what pseudo-label wrote, for training alone: short for --data FOLDER@FRACTION"),
        )
        group.add_argument(
            "--pseudo-fraction",
            type=float,
            metavar="0..1",
            help=rare(f"the share of each batch that it has ({PSEUDO_FRACTION:g})"),
        )
        group.add_argument(
            "--synthetic-clips",
            type=int,
            default=defaults.synthetic_clips,
            metavar="N",
            help=rare("clips of each word that synthetic voices speak (%(default)s)"),
        )
        group.add_argument(
            "--test-data",
            metavar="WHERE",
            help=rare("test on all clips of these recordings whose speakers are not trained on"),
        )
    else:
        group.add_argument("--data", metavar="WHERE", help=text)
    group.add_argument(
        "--language",
        default=defaults.language,
        metavar="CODE",
        help=f"of synthetic voices ({_shown(defaults.language)})",
    )


def add_sampling_flags(group: Any, defaults: Job | Trained) -> None:
    """What of a corpus goes into which split."""
    otherwise = (
        "100 / words, so that every class of a test weighs the same"
        if isinstance(defaults, Job)
        else "as in training"
    )
    for name, what in (("silence", "background noise alone"), ("unknown", "other words")):
        group.add_argument(
            f"--{name}-percentage",
            type=float,
            metavar="PERCENT",
            help=rare(f"clips of {what}, in percent of the clips of wanted words (default: {otherwise})"),
        )
    for name in ("validation", "testing"):
        default = getattr(defaults, f"{name}_percentage")
        group.add_argument(
            f"--{name}-percentage",
            type=float,
            default=default,
            metavar="PERCENT",
            help=rare(
                f"share of speakers held out for {name}, where the corpus has no lists ({_shown(default)})"
            ),
        )
