"""The clips of a run folder as tests of the C: features in, scores of the oracle out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codegen import cformat
from train.audio import frontend, wav
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, ModelSpec
from train.tflite.tflm import TflmModel


@dataclass(frozen=True, eq=False)
class FeatureTest:
    """One clip and what the model makes of it.

    Attributes:
        name: part of C identifiers and file names, no two alike.
        clip: file name of the clip.
        source: where in the corpus it came from; may be empty.
        label: index of what is said in it.
        samples: (clip_samples,) int16.
        features: (frames, bins) int8.
        scores: (labels,) int8, as TFLite-Micro computes them.
    """

    name: str
    clip: str
    source: str
    label: int
    samples: NDArray[np.int16]
    features: NDArray[np.int8]
    scores: NDArray[np.int8]

    @property
    def origin(self) -> str:
        """The clip and, where that is known, where it came from; for comments."""
        return f"{self.clip}, from {self.source}" if self.source else self.clip


def load_tests(run: Path, spec: ModelSpec, model: TflmModel) -> list[FeatureTest]:
    """A test for each clip in the run folder's list.

    Args:
        run: the run folder; reads clips/clips.json and the wavs beside it.
    Raises:
        UserError: the list or a clip is missing or damaged, or names an unknown label.
    """
    folder = run / runfolder.CLIPS
    path = folder / runfolder.CLIPS_LIST
    entries = runfolder.read_json(path)
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{path}: lists no clips; expected at least one; run earshot train again")
    for number, entry in enumerate(entries):
        _check_entry(entry, spec, f"{path}: entry {number}")
    names = cformat.identifiers(Path(entry["file"]).stem for entry in entries)
    front_end = spec.front_end
    clips = [wav.read_wav(folder / entry["file"], front_end.sample_rate_hz) for entry in entries]
    samples = np.stack([wav.fit_length(clip, front_end.clip_samples) for clip in clips])
    quantized = frontend.wav_features(wav.to_float(samples), front_end)
    features = frontend.model_input(quantized, front_end)
    scores = model.run(features)
    return [
        FeatureTest(
            name=name,
            clip=entry["file"],
            source=entry.get("source", ""),
            label=spec.labels.index(entry["label"]),
            samples=samples[number],
            features=features[number],
            scores=scores[number],
        )
        for number, (name, entry) in enumerate(zip(names, entries, strict=True))
    ]


def pick_audio_test(tests: list[FeatureTest], spec: ModelSpec) -> FeatureTest:
    """The one whose audio is written down too: of the first word, else the first.

    One is enough to prove a front end, and a second of audio takes 32 kB.
    """
    is_word = [spec.labels[test.label] not in (SILENCE_LABEL, UNKNOWN_LABEL) for test in tests]
    return tests[is_word.index(True)] if any(is_word) else tests[0]


def _check_entry(entry: Any, spec: ModelSpec, where: str) -> None:
    found = entry if isinstance(entry, Mapping) else {}
    if not all(isinstance(found.get(key, ""), str) for key in ("file", "label", "source")):
        found = {}
    if not found.get("file") or not found.get("label"):
        raise UserError(f"{where} is {entry!r}, expected file and label; run earshot train again")
    if Path(found["file"]).name != found["file"]:
        raise UserError(f"{where} names {found['file']!r}, expected a file beside the list, without folders")
    if found["label"] not in spec.labels:
        raise UserError(
            f"{where} has label {found['label']!r}, expected one of {', '.join(spec.labels)}; "
            "the clips belong to another run"
        )
