"""What the commands on a corpus alone, ``explore`` and ``sample``, share: which corpus, and its seed."""

import argparse

from train.core.command_line import rare
from train.core.errors import UserError
from train.data.sources import RANDOM, SYNTHETIC, Source, resolve
from train.settings.job import Job


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
