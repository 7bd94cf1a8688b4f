"""The clips of a run's corpus, with the features and int8 scores that Python computes for each."""

import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.protocol.transfers.clip import ClipToScore, FilePlace
from train.audio.frontend import model_input, wav_features
from train.audio.wav import to_float, to_int16
from train.core import runfolder
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.spec import ModelSpec
from train.data.dataset import Split
from train.data.job_data import gather
from train.settings.job import trained_job
from train.tflite.tflm import TflmModel, int8_model
from train.tflite.tflm_pool import run_model

_LARGEST_FILE_BYTES = 2**31 - 1  # offsets of semihosting have 32 bits, with a sign


@dataclass(frozen=True, eq=False)
class ClipSet:
    """Clips, always in the same order, with everything that a board must compute from them.

    Attributes:
        split: testing, validation, training or all.
        samples: (clips, clip_samples) int16.
        truth: (clips,) label indices; ``sources``: the file of each, or "background noise".
        features: (clips, frames, bins) int8, the model's input.
        model: computes the scores that a board must give; ``scores``: (clips, labels) int8, of ``features``.
    """

    spec: ModelSpec
    split: str
    corpus_sha256: str
    seed: int
    samples: NDArray[np.int16]
    truth: NDArray[np.int64]
    sources: tuple[str, ...]
    features: NDArray[np.int8]
    model: TflmModel
    scores: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.truth)

    def clips(self, indices: Iterable[int], file: Path | None = None) -> Iterator[ClipToScore]:
        """Yield clips to be sent over the line, or read from ``file``, which ``write_samples`` wrote."""
        for index in indices:
            place = FilePlace(str(file), index * self.samples.shape[1]) if file else None
            samples = self.samples[index].astype("<i2").tobytes()
            yield ClipToScore(samples, zlib.crc32(self.features[index].tobytes()), place)

    def write_samples(self, file: Path) -> None:
        """Write all samples, one clip after the other, int16 little endian.

        Raises:
            UserError: they do not fit into one file that a board can read.
        """
        if self.samples.nbytes > _LARGEST_FILE_BYTES:
            raise UserError(
                f"{len(self)} clips take {self.samples.nbytes:,} bytes, but a board reads at most "
                f"{_LARGEST_FILE_BYTES:,} from a file; add --limit N, or --feed serial"
            )
        self.samples.astype("<i2").tofile(file)


def read_clip_set(run: Path, data: str | None, split: str, limit: int | None) -> ClipSet:
    """Read the clips that ``earshot evaluate`` scores, and compute what the board must give for them.

    Silence is noise at some volume, and not on the grid of 16-bit samples: it is rounded to it, as a board
    can hear nothing else, and so its scores may differ a little from those of ``evaluate``.

    Args:
        data: where the clips are; None: where the run was trained from.
        split: testing, validation, training or all.
        limit: take the first so many; they are in random order, the same each time.
    Raises:
        UserError: no such run, corpus or word.
    """
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    job = trained_job(run, spec, data)
    material = gather(job, (split,))
    examples = material.splits[split].examples[:limit]
    if not examples:
        raise UserError(f"there is no {split} clip to score")
    samples = to_int16(material.audio_of(split).plain(Split(split, examples)))
    features = model_input(
        wav_features(to_float(samples), spec.front_end, os.cpu_count() or 1), spec.front_end
    )
    model = int8_model(read_plain(run / runfolder.TFLITE), str(run / runfolder.TFLITE))
    return ClipSet(
        spec,
        split,
        material.tested.corpus.sha256,
        job.seed,
        samples,
        np.array([example.label for example in examples], np.int64),
        tuple(example.source for example in examples),
        features,
        model,
        run_model(model, features),
    )
