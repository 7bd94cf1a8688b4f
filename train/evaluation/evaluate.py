"""How good a run's models are on clips: model.keras, model.pb and model.tflite, one yardstick."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train import architectures
from train.audio.frontend import float_features, model_input, quantize_features
from train.audio.wav import encode_wav, to_int16
from train.core import runfolder
from train.core.console import progress
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.metrics import summarize
from train.core.results.training import (
    ArtefactAccuracy,
    ClipList,
    KeptClip,
    Mistake,
    MistakeList,
    OtherInterpreter,
)
from train.core.spec import ModelSpec, labels_for
from train.data.dataset import Split
from train.evaluation.label_folding import fold_scores, fold_truth
from train.graphdef.freeze import GraphDefModel
from train.tflite.tf_interpreter import tensorflow_scores
from train.tflite.tflm import int8_model

ARTEFACTS = {"float": runfolder.KERAS, "graphdef": runfolder.GRAPHDEF, "int8": runfolder.TFLITE}
_BLOCK_CLIPS = 200
_TEST_CLIPS_PER_LABEL = 2
_MOST_MISTAKES = 200  # WAVs kept; the report shows the worst of them


@dataclass(frozen=True)
class Evaluation:
    """Scores of one split by each artefact asked for.

    ``scores`` maps float, graphdef, int8 to (clips, labels) arrays; int8 ones are raw.
    """

    truth: NDArray[np.int64]
    scores: dict[str, NDArray[Any]]
    results: dict[str, ArtefactAccuracy]


def kinds_of(spec: ModelSpec) -> tuple[str, ...]:
    """Which of ``ARTEFACTS`` a run has: all, or all but the int8 model where no board has its front end."""
    return tuple(kind for kind in ARTEFACTS if kind != "int8" or spec.front_end.is_deployable)


def evaluate(
    run: Path,
    split: Split,
    audio: NDArray[np.float32],
    kinds: tuple[str, ...] = tuple(ARTEFACTS),
    words: tuple[str, ...] | None = None,
) -> Evaluation:
    """Score a split with the artefacts of a run folder.

    Args:
        audio: (clips, clip_samples) float32, in the order of ``split.examples``.
        kinds: of ``ARTEFACTS``.
        words: judge by these alone, see ``train.evaluation.label_folding``; None: by all that the run knows.
    Raises:
        UserError: an artefact is missing or does not belong to the run's spec.json.
    """
    if not split.examples:
        raise UserError(f"there is no {split.name} clip to score")
    spec = runfolder.read_spec(run, needs=[ARTEFACTS[kind] for kind in kinds])
    features = float_features(audio, spec.front_end, os.cpu_count() or 1)
    truth = np.array([example.label for example in split.examples], dtype=np.int64)
    scores: dict[str, NDArray[Any]] = {}
    extras: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}  # fields that one artefact alone has
    if "float" in kinds:
        model = architectures.load(run / runfolder.KERAS)
        scores["float"] = model.predict(features[..., np.newaxis], batch_size=_BLOCK_CLIPS, verbose=0)
    if "graphdef" in kinds:
        graph = GraphDefModel(run / runfolder.GRAPHDEF)
        inputs = features.reshape(len(features), -1) if graph.begins_at_features else audio
        scores["graphdef"] = _in_blocks("scoring model.pb", graph.scores, inputs)
        if "float" in kinds:
            difference = np.abs(scores["graphdef"] - scores["float"]).max()
            extras["graphdef"]["max_score_difference"] = float(difference)
    if "int8" in kinds:
        scores["int8"], extras["int8"] = _int8_scores(run, features, spec)
    labels = spec.labels
    if words is not None:
        truth = fold_truth(truth, spec.labels, words)
        scores = {kind: fold_scores(found, spec.labels, words) for kind, found in scores.items()}
        labels = labels_for(words)
    results = {
        kind: ArtefactAccuracy(
            **vars(summarize(truth, scores[kind].argmax(axis=-1), labels)),
            artefact=ARTEFACTS[kind],
            sha256=spec.artefacts[ARTEFACTS[kind]],
            **extras[kind],
        )
        for kind in kinds
    }
    return Evaluation(truth, scores, results)


def _int8_scores(
    run: Path, features: NDArray[np.float32], spec: ModelSpec
) -> tuple[NDArray[np.int8], dict[str, Any]]:
    """Scores by TFLite-Micro, and how many TensorFlow's own interpreter gives otherwise."""
    tflite = read_plain(run / runfolder.TFLITE)
    model = int8_model(tflite, str(run / runfolder.TFLITE))
    inputs = model_input(quantize_features(features, spec.front_end), spec.front_end)
    scores = _in_blocks("scoring model.tflite", model.run, inputs)
    difference = np.abs(tensorflow_scores(tflite, inputs).astype(np.int16) - scores)
    return scores, {
        "arena_bytes": model.arena_bytes,
        "tensorflow_interpreter": OtherInterpreter(
            clips=len(scores),
            differing=int(difference.any(axis=-1).sum()),
            max_difference=int(difference.max()),
        ),
    }


def _in_blocks(what: str, score: Any, inputs: NDArray[Any]) -> NDArray[Any]:
    blocks = []
    with progress(what, len(inputs)) as advance:
        for start in range(0, len(inputs), _BLOCK_CLIPS):
            blocks.append(score(inputs[start : start + _BLOCK_CLIPS]))
            advance(len(blocks[-1]))
    return np.concatenate(blocks)


def write_clips(
    run: Path, spec: ModelSpec, split: Split, audio: NDArray[np.float32], evaluation: Evaluation
) -> None:
    """Keep clips in the run folder: RUN/clips for the generated feature tests, RUN/mistakes to listen to.

    Tests get two clips of each label, ones that the int8 model has right where there are any.
    """
    int8_scores = evaluation.scores["int8"]
    predicted = int8_scores.argmax(axis=-1)
    wrong = np.flatnonzero(predicted != evaluation.truth)
    chosen = []
    for label in range(len(spec.labels)):
        of_label = np.flatnonzero(evaluation.truth == label)
        right_first = sorted(of_label, key=lambda clip: predicted[clip] != evaluation.truth[clip])
        chosen += [
            (clip, f"{spec.labels[label]}_{n}") for n, clip in enumerate(right_first[:_TEST_CLIPS_PER_LABEL])
        ]

    def keep(clip: int, name: str, folder: str) -> KeptClip:
        file = f"{name}.wav"
        samples = to_int16(audio[clip])
        runfolder.write_bytes(run / folder / file, encode_wav(samples, spec.front_end.sample_rate_hz))
        example = split.examples[clip]
        return KeptClip(file=file, label=spec.labels[example.label], source=example.source)

    tests = ClipList(clips=tuple(keep(clip, name, runfolder.CLIPS) for clip, name in chosen))
    worst_first = sorted(wrong, key=lambda clip: -int8_scores[clip].max())[:_MOST_MISTAKES]
    mistakes = MistakeList(
        mistakes=tuple(
            Mistake(
                **vars(keep(clip, f"{rank:03}", runfolder.MISTAKES)),
                predicted=spec.labels[predicted[clip]],
                score=int(int8_scores[clip].max()),
            )
            for rank, clip in enumerate(worst_first, start=1)
        )
    )
    tests.write(run / runfolder.CLIPS / runfolder.CLIPS_LIST)
    mistakes.write(run / runfolder.MISTAKES / runfolder.MISTAKES_LIST)
