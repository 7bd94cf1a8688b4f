"""The clips of a run folder as tests of the C: features in, scores of the oracle out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codegen import cformat
from train.audio import frontend, wav
from train.core import runfolder
from train.core.errors import UserError
from train.core.results.training import ClipList
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
    listed = ClipList.read(path)
    if not listed.clips:
        raise UserError(
            f"{path}: lists no clips; expected at least one; make it again with: {listed.made_by(path)}"
        )
    for number, clip in enumerate(listed.clips):
        if clip.label not in spec.labels:
            raise UserError(
                f"{path}: clips[{number}] has label {clip.label!r}, expected one of "
                f"{', '.join(spec.labels)}; the clips belong to another run"
            )
    names = cformat.identifiers(Path(clip.file).stem for clip in listed.clips)
    front_end = spec.front_end
    recordings = [wav.read_wav(folder / clip.file, front_end.sample_rate_hz) for clip in listed.clips]
    samples = np.stack([wav.fit_length(recording, front_end.clip_samples) for recording in recordings])
    quantized = frontend.wav_features(wav.to_float(samples), front_end)
    features = frontend.model_input(quantized, front_end)
    scores = model.run(features)
    return [
        FeatureTest(
            name=name,
            clip=clip.file,
            source=clip.source,
            label=spec.labels.index(clip.label),
            samples=samples[number],
            features=features[number],
            scores=scores[number],
        )
        for number, (name, clip) in enumerate(zip(names, listed.clips, strict=True))
    ]


def pick_audio_test(tests: list[FeatureTest], spec: ModelSpec) -> FeatureTest:
    """The one whose audio is written down too: of the first word, else the first.

    One is enough to prove a front end, and a second of audio takes 32 kB.
    """
    is_word = [spec.labels[test.label] not in (SILENCE_LABEL, UNKNOWN_LABEL) for test in tests]
    return tests[is_word.index(True)] if any(is_word) else tests[0]
