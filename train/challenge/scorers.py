"""Trained runs that score the same clips: their labels by name, their front ends as they are."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train import architectures
from train.audio.excerpt import fit_clip
from train.audio.frontend import float_features
from train.audio.recording import read_recording
from train.audio.wav import WavError, fit_length, to_float
from train.challenge.submission_rules import variants
from train.challenge.weighting import average
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec, labels_for
from train.core.terminal import interrupts
from train.evaluation.label_folding import fold_scores

_BLOCK_CLIPS = 256
_READERS = 8  # reading many small files waits for the disk, not for the processor
_NO_SOUND = ("empty file", "no samples")  # kinds of WavError


@dataclass(frozen=True)
class Fault:
    """Why a file cannot be scored; ``is_empty``: there is no sound in it."""

    reason: str
    is_empty: bool = False


@dataclass(frozen=True)
class Heard:
    """What the members make of a file.

    Attributes:
        scores: (members, labels) float32.
        is_cut: whether the file is longer than a clip.
    """

    scores: NDArray[np.float32]
    is_cut: bool = False


Verdict = Heard | Fault


@dataclass(frozen=True)
class _Clip:
    """(clip_samples,) float32 of a file."""

    audio: NDArray[np.float32]
    is_cut: bool


_Fit = Callable[[NDArray[np.int16], int, int], NDArray[np.int16]]  # of samples, to a length, at a rate


@dataclass(frozen=True)
class Committee:
    """Runs and what their scores are worth in the average.

    Attributes:
        labels: of the scores, whatever the order of each run's own.
        words: judged by, see ``train.evaluation.label_folding``; None: by all that the runs know.
        weights: of the runs, not negative, with a sum of 1.
    """

    runs: tuple[Path, ...]
    specs: tuple[ModelSpec, ...]
    labels: tuple[str, ...]
    words: tuple[str, ...] | None
    weights: tuple[float, ...]

    @property
    def sample_rate_hz(self) -> int:
        """Of the clips."""
        return self.specs[0].front_end.sample_rate_hz

    @property
    def clip_samples(self) -> int:
        """What each member hears of a clip."""
        return self.specs[0].front_end.clip_samples

    @property
    def models_sha256(self) -> list[str]:
        """Of each run's model.keras."""
        return [spec.artefacts[runfolder.KERAS] for spec in self.specs]

    def settings(self) -> dict[str, Any]:
        """What the scores hang on beside the clips, as JSON has it."""
        return {
            "models_sha256": self.models_sha256,
            "weights": list(self.weights),
            "labels": list(self.labels),
        }

    def mean(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """(..., labels) float64, the weighted average of (members, ..., labels)."""
        return average(self.weights, scores)


def convene(
    runs: Sequence[Path],
    words: tuple[str, ...] | None = None,
    weights: Sequence[float] | None = None,
) -> Committee:
    """The runs as a committee; no model is loaded yet.

    Args:
        weights: None: the same for each.
    Raises:
        UserError: a run that is none, that is named twice, or that does not go with the first.
    """
    specs = [runfolder.read_spec(run, needs=[runfolder.KERAS]) for run in runs]
    digests = [spec.artefacts[runfolder.KERAS] for spec in specs]
    for number, (run, digest) in enumerate(zip(runs, digests, strict=True)):
        if digest in digests[:number]:
            raise UserError(
                f"{run}: has the model of {runs[digests.index(digest)]}; expected each model once"
            )
    labels = specs[0].labels if words is None else labels_for(words)
    for run, spec in zip(runs, specs, strict=True):
        if words is None and set(spec.labels) != set(labels):
            raise UserError(
                f"{run}: its labels are {', '.join(spec.labels)}, those of {runs[0]} "
                f"{', '.join(labels)}; expected the same, in any order (--words in training)"
            )
        first, other = specs[0].front_end, spec.front_end
        if (first.sample_rate_hz, first.clip_samples) != (other.sample_rate_hz, other.clip_samples):
            raise UserError(
                f"{run}: hears {other.clip_duration_ms} ms at {other.sample_rate_hz} Hz, {runs[0]} "
                f"{first.clip_duration_ms} ms at {first.sample_rate_hz} Hz; expected the same clips for all"
            )
        if words is not None:
            fold_scores(np.zeros((1, len(spec.labels))), spec.labels, words)  # refuses words it lacks
    shares = tuple(weights) if weights is not None else (1 / len(runs),) * len(runs)
    return Committee(tuple(runs), tuple(specs), labels, words, shares)


def _load(run: Path, spec: ModelSpec) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The model that the committee was made of."""
    now = runfolder.read_spec(run, needs=[runfolder.KERAS])
    if (now.artefacts[runfolder.KERAS], now.labels) != (spec.artefacts[runfolder.KERAS], spec.labels):
        raise UserError(f"{run}: was trained again while this ran; run it again")
    return _callable(architectures.load(run / runfolder.KERAS), spec)


class Scorer:
    """The committee's models, loaded: ``model.keras`` of each run."""

    def __init__(self, committee: Committee) -> None:
        """Raises UserError for a model that cannot be loaded, or was trained again meanwhile."""
        self.committee = committee
        with runfolder.reading(*committee.runs):
            self._models = [
                _load(run, spec) for run, spec in zip(committee.runs, committee.specs, strict=True)
            ]

    def scores(self, audio: NDArray[np.float32], with_tta: bool = False) -> NDArray[np.float32]:
        """Softmax scores by each member.

        Args:
            audio: (clips, clip_samples) float32.
            with_tta: the mean over variants of each clip (``train.challenge.submission_rules``).
        Returns:
            (members, clips, labels) float32.
        """
        heard = variants(audio, with_tta)
        return np.mean([self._of_variant(variant) for variant in heard], axis=0, dtype=np.float32)

    def _of_variant(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        specs = self.committee.specs
        features = {front_end: float_features(audio, front_end) for front_end in {s.front_end for s in specs}}
        return np.stack(
            [
                self._in_order(model(features[spec.front_end]), spec)
                for model, spec in zip(self._models, specs, strict=True)
            ]
        )

    def _in_order(self, scores: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float32]:
        """A run's scores as the committee has its labels."""
        if self.committee.words is not None:
            return fold_scores(scores, spec.labels, self.committee.words)
        return scores[:, [spec.labels.index(label) for label in self.committee.labels]]

    def judge(
        self,
        folder: Path,
        names: Sequence[str],
        with_tta: bool = False,
        start: int = 0,
        finds_word: bool = False,
    ) -> Iterator[Verdict]:
        """What the members make of each file of a folder from number ``start`` on, in their order.

        A block of files is in memory at a time, and the same files make a block wherever it starts: so
        the scores are the same to the last bit.

        Args:
            finds_word: of a file longer than a clip, take the part with the word, as training does; else its
                beginning, as model.pb does.
        """
        take = partial(self._read, fit=fit_clip if finds_word else _beginning)
        with interrupts.prompt(ThreadPoolExecutor(_READERS)) as pool:
            for first in range(start - start % _BLOCK_CLIPS, len(names), _BLOCK_CLIPS):
                block = names[first : first + _BLOCK_CLIPS]
                found = list(pool.map(take, [folder / name for name in block]))
                silence = np.zeros(self.committee.clip_samples, np.float32)
                audio = np.stack([silence if isinstance(clip, Fault) else clip.audio for clip in found])
                scores = self.scores(audio, with_tta)
                for number in range(max(start - first, 0), len(found)):
                    yield _verdict(found[number], scores[:, number])

    def _read(self, file: Path, fit: _Fit) -> _Clip | Fault:
        rate_hz, length = self.committee.sample_rate_hz, self.committee.clip_samples
        try:
            samples = read_recording(file, rate_hz).samples
        except WavError as error:
            return Fault(error.detail, error.kind in _NO_SOUND)
        return _Clip(to_float(fit(samples, length, rate_hz)), len(samples) > length)


def _beginning(samples: NDArray[np.int16], length: int, sample_rate_hz: int) -> NDArray[np.int16]:
    return fit_length(samples, length)


def _callable(model: Any, spec: ModelSpec) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """A Keras model as a function of (clips, frames, bins) features, traced once whatever the clips."""
    import tensorflow as tf

    shape = (None, spec.front_end.frames, spec.front_end.bins, 1)
    call = tf.function(
        lambda features: model(features, training=False), input_signature=[tf.TensorSpec(shape, tf.float32)]
    )
    return lambda features: np.asarray(call(features[..., np.newaxis]))


def _verdict(found: _Clip | Fault, scores: NDArray[np.float32]) -> Verdict:
    if isinstance(found, Fault):
        return found
    if not np.isfinite(scores).all():
        return Fault("the scores of it are not numbers")
    return Heard(scores, found.is_cut)
