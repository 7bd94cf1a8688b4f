"""False accepts of words one sound away: ``make bench-near RUN=FOLDER``, to out/bench/near_words.json.

Synthetic voices of the test split, by the seed of a run or of a model that ships, say its words (``said``),
common words one sound away from them (``common``), and near misses: those that a synthetic corpus of these
words and this seed has (``near``), and others (``unseen``), of which short words have few or none. A clip is
*taken* for its word where that is the label of the highest score, and *heard* where the firmware's C says the
word while the clip is played to it between two seconds of quiet, at the operating point in force.

``--json FILE`` writes elsewhere. All host, int8.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.live.detector import Detector
from train.audio.frontend import model_input, wav_features
from train.audio.wav import to_float
from train.core import console, runfolder
from train.core.layout import TESTING
from train.core.metrics import wilson_interval
from train.core.pretrained.models import run_of
from train.core.spec import ModelSpec
from train.settings.job import trained_job
from train.synth import acoustics, clip_plan, espeak, generate, lexicon, timbre
from train.tflite.tflm import int8_model

_CLIPS, _CLIPS_SAID = 20, 200  # of each text; of the word itself
_NEAR_TEXTS = 20  # of each word, at most
_TRIES = 10  # voices, where one cannot say a text in a clip
_OTHER_SEED = 1_000_003  # more than the run's: draws other near misses
_QUIET_RMS = 10  # of int16


def main() -> None:
    """Speak, score, count and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=run_of, help="a run folder, or a model that ships")
    parser.add_argument("--json", type=Path, default=Path("out/bench/near_words.json"))
    flags = parser.parse_args()
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    rows = list(measure(flags.run, spec, trained_job(flags.run, spec).language))
    runfolder.write_json(flags.json, {"run": str(flags.run), "label": "host, int8", "rows": rows})
    console.log(f"wrote {flags.json}")


def measure(run: Path, spec: ModelSpec, language: str) -> Iterator[dict[str, Any]]:
    """A row of each word and kind of text: how many clips are taken for the word, and heard as it."""
    accents = espeak.accents(language)
    model = int8_model((run / runfolder.TFLITE).read_bytes(), str(run))
    rng = np.random.default_rng(7)
    with Detector.load(run) as detector:
        for word, kinds in texts(spec, accents).items():
            for kind, said in kinds.items():
                clips = list(spoken(said, _CLIPS_SAID if kind == "said" else _CLIPS, spec, accents, rng))
                if not clips:
                    continue
                features = wav_features(to_float(np.stack(clips)), spec.front_end)
                told = model.run(model_input(features, spec.front_end)).argmax(axis=-1)
                taken = int(np.sum(told == spec.labels.index(word)))
                heard = sum(_is_heard(detector, word, clip, rng) for clip in clips)
                count = f"{len(clips):>4} clips, {len(said)} texts"
                console.say(f"{word:<14}{kind:<7}{count}: taken {taken}, heard {heard}")
                yield {
                    "word": word,
                    "kind": kind,
                    "texts": said,
                    "clips": len(clips),
                    "taken": taken,
                    "taken_interval": wilson_interval(taken, len(clips)),
                    "heard": heard,
                    "heard_interval": wilson_interval(heard, len(clips)),
                }


def texts(spec: ModelSpec, accents: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Word → kind → what is said."""
    longest_s = generate.LARGEST_SHARE * spec.front_end.clip_duration_ms / 1000
    corpus, others = (
        lexicon.unknown(spec.words, accents, None, seed, longest_s)
        for seed in (spec.seed, spec.seed + _OTHER_SEED)
    )
    found = {}
    for word in spec.words:
        near, other = ([said.text for said in of.get(lexicon.near(word), ())] for of in (corpus, others))
        found[word] = {
            "said": [word],
            "common": sorted(lexicon.close_to([word], list(corpus), accents)),
            "near": near[:_NEAR_TEXTS],
            "unseen": [text for text in other if text not in near][:_NEAR_TEXTS],
        }
    return found


def spoken(
    said: Sequence[str], count: int, spec: ModelSpec, accents: Sequence[str], rng: np.random.Generator
) -> Iterator[NDArray[np.int16]]:
    """Clips of each text, each by a voice of the test split in any accent, as recorded somewhere."""
    voices = [voice for voices in clip_plan.split_speakers(spec.seed)[TESTING] for voice in voices]
    samples = spec.front_end.clip_samples
    for text in said:
        for _ in range(count):
            for _ in range(_TRIES):
                espeak.set_voice(str(rng.choice(np.array(accents))), str(rng.choice(np.array(voices))))
                speech = generate.speak_to_fit(text, int(generate.LARGEST_SHARE * samples), rng)
                if speech is not None:
                    yield acoustics.record(timbre.another_mouth(speech, rng), rng, samples)
                    break


def _is_heard(detector: Detector, word: str, clip: NDArray[np.int16], rng: np.random.Generator) -> bool:
    before, behind = rng.normal(0, _QUIET_RMS, (2, detector.sample_rate_hz)).astype(np.int16)
    detector.reset()
    return any(found.word == word for found in detector.push(np.concatenate([before, clip, behind])))


if __name__ == "__main__":
    console.run(main)
