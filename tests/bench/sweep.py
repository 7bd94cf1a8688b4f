"""Whole runs of ``earshot train`` that a benchmark compares; those that are finished are not repeated."""

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from train.commands import train
from train.commands.flags import job_of
from train.core import runfolder
from train.core.command_line import parser_of
from train.core.console import log
from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.data.corpus import Corpus, read_corpus
from train.data.sources import resolve
from train.settings.job import read_job

SHARED = Path("../shared/data")
RECORDINGS = SHARED / "speech_commands_dev.tar.xz"
SMALL = "--preset best --recipe strong --start-from nothing --training-steps 4000"
MIXING = "--mixup 0.3 --average-steps 200"  # which SMALL does without, see docs/ACCURACY.md


@dataclass(frozen=True)
class Run:
    """A run folder, and the flags of the command that fills it."""

    group: str
    folder: Path
    flags: tuple[str, ...]

    @classmethod
    def of(cls, group: str, folder: Path, flags: str, seed: int) -> "Run":
        """``folder-SEED``, of flags as a shell would take them."""
        return cls(
            group, folder.with_name(f"{folder.name}-{seed}"), (*shlex.split(flags), "--seed", str(seed))
        )

    @property
    def is_finished(self) -> bool:
        """Whether it is there whole, and was trained by the same settings: defaults may have changed."""
        if not (self.folder / runfolder.REPORT).is_file():
            return False
        try:
            asked = job_of(parser_of(train, "earshot train").parse_args(self.flags))
            return read_job(self.folder) == train.settled(asked, self.flags)
        except UserError:  # settings of an earlier version
            return False

    def finish(self) -> None:
        """Train it, unless that is done.

        Raises:
            UserError: the command failed.
        """
        if self.is_finished:
            return
        flags = [*self.flags, "--out", str(self.folder), "--overwrite"]
        command = [sys.executable, "-m", "train", *flags]
        log(shlex.join(command[1:]))
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise UserError(
                f"{self.folder} ended with {done.returncode}; the same command goes on with the sweep"
            )


def read_recordings() -> Corpus:
    """The real recordings, unpacked and checked."""
    front_end = FrontEnd()
    source = resolve(
        str(RECORDINGS), (), 0, "en", front_end.sample_rate_hz, front_end.clip_duration_ms, "--data"
    )
    return read_corpus(source.root, front_end.sample_rate_hz)


def check_recordings() -> None:
    """Raise a UserError if there is nothing to measure on."""
    if not RECORDINGS.exists():
        raise UserError(f"{RECORDINGS}: no recordings there, so there is nothing to measure on")
